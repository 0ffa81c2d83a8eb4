/**
 * reader.h - messages, checked by the table.                  [layer: proto]
 *
 * Errors and `where` are those of codec_next().  On an error the cursor is
 * anywhere and the struct holds nothing to be used.
 */
#ifndef READER_H
#define READER_H

#include "proto/cursor.h"
#include "proto/proto.h"

/** Read one message [type, {field: value}], its list checked to the end.
 * Returns 0, or an error of codec_next(). */
int reader_message(struct cursor *c, struct msg *m, const char **where);

#endif
