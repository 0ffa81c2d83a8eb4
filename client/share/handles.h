/**
 * handles.h - what stands behind the handles of stint_shared.h.
 *                                                             [layer: client]
 */
#ifndef HANDLES_H
#define HANDLES_H

#include "client/share/shared.h"
#include "proto/pack.h"
#include "proto/record.h"

struct stint_dict {
    struct named n;
};

struct stint_list {
    struct named n;
};

struct stint_value {
    struct named n;
    uint64_t length; /* 1: a Value. */
};

#endif
