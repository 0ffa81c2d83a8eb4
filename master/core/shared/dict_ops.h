/**
 * dict_ops.h - what can be done with a dict.                    [layer: core]
 */
#ifndef DICT_OPS_H
#define DICT_OPS_H

#include "master/core/shared/ops.h"

/** Do an operation.  Returns 0, STINT_ENOENTRY, STINT_ETYPE, STINT_EOVERFLOW,
 * STINT_ECHANGED or STINT_ENOMEM, nothing changed. */
int dict_ops(struct step *step);

#endif
