/**
 * codec.h - messages to bytes and back.                       [layer: proto]
 *
 * A frame of the wire is one msgpack array
 *     [number, ack, message, message, …]      message = [type, {field: value}]
 * and a list field is an array of records, each an array of its items.
 * Bytes are written as msgpack-c's packer writes them (in the shortest form,
 * but for the header of a frame and the count of a list, which are patched),
 * into room that was sized once; they are read by a cursor that allocates
 * nothing, so that a declared size costs nothing.  Both directions are driven
 * by the table made from messages.def.
 */
#ifndef CODEC_H
#define CODEC_H

#include <stdbool.h>

#include "common/buf.h"
#include "proto/proto.h"

/* Bytes before the first message of a frame: array16, two uint64. */
enum { FRAME_HEADER_BYTES = 21, FRAME_MESSAGES_MAX = 65000 };

/* ---- writing ------------------------------------------------------------ */

/** Append a whole message that has no list, or whose list is `m`'s own bytes
 * (already encoded records, e.g. from a decoded message). */
void codec_message(struct buf *b, const struct msg *m);

/** A list that is being written: made by codec_list_begin(). */
struct codec_list {
    size_t count_at; /* Where in the buf the count is to be patched. */
    uint32_t count;
};

/** Append a message up to its list, whose count is still open.  The list
 * member of `m` is ignored. */
struct codec_list codec_list_begin(struct buf *b, const struct msg *m);

/** Append one record to the open list; `record` is the struct rec_… of `type`.
 * Nothing else may have been appended to `b` since the list began. */
void codec_list_add(struct buf *b, struct codec_list *list,
    enum record_type type, const void *record);

/** Patch the count in.  Records may still be added, then end again. */
void codec_list_end(struct buf *b, const struct codec_list *list);

/** Append one record alone (for lists that are gathered elsewhere). */
void codec_record(struct buf *b, enum record_type type, const void *record);

/** Write the header of a frame of `messages` messages into its first
 * FRAME_HEADER_BYTES. */
void codec_header(
    uint8_t *header, uint64_t number, uint64_t ack, uint32_t messages);

/* ---- reading ------------------------------------------------------------ */

/** A frame that is being read. */
struct codec_frame {
    uint64_t number; /* 0: not numbered. */
    uint64_t ack;    /* The peer has seen our frames up to here. */
    uint32_t left;   /* Messages not yet read. */
    struct slice rest;
};

/**
 * Read the header of a frame.  `f` borrows from `wire`.
 *
 * Returns 0, or STINT_EMALFORMED.  Any bytes whatever are safe to pass, here
 * and below.
 */
int codec_open(struct slice wire, struct codec_frame *f);

/**
 * Read the next message; every list in it is checked to its end, so that
 * codec_list_next() cannot fail on it.  Unknown fields and trailing items of a
 * record are skipped, down to a bounded depth; trailing items that are not
 * there read as zero where zero is within their bounds; of a field that comes
 * twice the last one counts.  STR is not checked for being UTF-8.
 *
 * Returns 1 with `m` set, 0 at the end of the frame (which must be the end of
 * its bytes), or a negative error, after which nothing more can be read:
 *   STINT_EMALFORMED  not msgpack, not a message, a wrong type, too deep,
 *                     too long for its bytes
 *   STINT_EINVAL      a value, length or count out of its bounds, a field that
 *                     must be there is not
 *   STINT_EPROTO      no such message type
 * On error `*where` (lends for ever) names the message and field ("put.queue"),
 * where they are known, else "frame".
 */
int codec_next(struct codec_frame *f, struct msg *m, const char **where);

/** Read the next record of a checked list into the struct rec_… of `type`.
 * Returns false at its end. */
bool codec_list_next(
    struct proto_list *list, enum record_type type, void *record);

/** "put" for MSG_put; NULL for what is no message. */
const char *codec_message_name(uint64_t type);

/** Roles that may send `type` as bits of enum proto_role (ANY: all bits);
 * 0 for the master's own messages. */
unsigned codec_roles(enum msg_type type);

#endif
