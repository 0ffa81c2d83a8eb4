/**
 * list_ops.h - what can be done with a list or with values.     [layer: core]
 */
#ifndef LIST_OPS_H
#define LIST_OPS_H

#include "master/core/shared/ops.h"

/** Do an operation.  Returns 0, STINT_ENOENTRY, STINT_ETYPE, STINT_EOVERFLOW,
 * STINT_ECHANGED or STINT_ENOMEM, nothing changed. */
int list_ops(struct step *step);

#endif
