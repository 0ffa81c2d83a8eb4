/**
 * record.h - records, each by code of its own.                [layer: proto]
 *
 * Tasks, results and completions are records: this is where a master spends its
 * time.  So messages.def is expanded to a straight line of code for each.
 */
#ifndef RECORD_H
#define RECORD_H

#include "common/buf.h"
#include "proto/cursor.h"
#include "proto/proto.h"

/** Append one record; `record` is the struct rec_… of `type`. */
void record_write(struct buf *b, enum record_type type, const void *record);

/** Read one record into the struct rec_… of `type`, checking its bounds.
 * Returns 0, or an error of codec_next() with *where set. */
int record_read(
    struct cursor *c, enum record_type type, void *record, const char **where);

#endif
