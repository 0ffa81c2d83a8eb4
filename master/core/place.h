/**
 * place.h - which worker may have which task.                   [layer: core]
 *
 * A worker has traits (hello.traits), a job has needs.  A label is there or
 * not; of a resource a worker has so many, and every task that it holds of a
 * job that needs some takes its part: never more is handed out than there is.
 */
#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"

struct core;
struct job;
struct queue;
struct session;
struct task;

struct place_trait {
    char *name;     /* Owned, with `value` behind it. */
    char *value;    /* "" : any, or none. */
    uint64_t count; /* 0: a label. */
    uint64_t used;  /* Of a worker's resource. */
};

/* What a worker has or a job needs. */
struct needs {
    struct place_trait *traits; /* Owned; resources of one name once. */
    uint32_t count;
};

#endif
