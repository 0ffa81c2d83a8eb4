/**
 * page.h - many entries at once.                                [layer: core]
 */
#ifndef PAGE_H
#define PAGE_H

#include "master/core/shared/ops.h"

enum { PAGE_ENTRIES = 1000, PAGE_BYTES = 1 << 20 };

/** Of a dict: what comes behind the rank op.at.  Returns 0 or STINT_ENOMEM. */
int page_dict(struct step *step);

/** Of a list or values: places op.at to before op.to, cut to what there is. */
int page_places(struct step *step);

/** What an entry of values that was never set is, by their type. */
struct slice page_zero(const struct object *o);

#endif
