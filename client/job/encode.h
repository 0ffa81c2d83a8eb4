/**
 * encode.h - what a job runs and needs, as records.           [layer: client]
 *
 * Errors are said.  A buf that found no memory is told by its `failed`.
 */
#ifndef ENCODE_H
#define ENCODE_H

#include "client/stint_job.h"
#include "proto/codec.h"

/** Append a record `command`.  0, STINT_EINVAL, STINT_ETOOLARGE, STINT_ENOMEM.
 */
int encode_command(struct buf *out, const struct stint_command *command);

/**
 * Append records `trait`, up to the one without a name; NULL: none.
 * `list` borrows from `out`.  0, STINT_EINVAL (a name, a value, or more than
 * `max` of them), STINT_ENOMEM.
 */
int encode_traits(struct buf *out, struct proto_list *list,
    const struct stint_trait *traits, uint32_t max);

/** Append a record `attempt` of attempt number `attempt`, of whose output
 * `out_bytes` are standard output.  What is too long is cut. */
void encode_note(struct buf *out, const struct stint_attempt *how,
    uint64_t attempt, size_t out_bytes);

#endif
