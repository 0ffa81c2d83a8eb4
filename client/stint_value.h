/**
 * stint_value.h - integers, doubles, texts and arrays as bytes, and back.
 *
 * Payloads, arguments, results, keys and values are bytes to the master.  Here is
 * one way to make them: msgpack, which every language reads.  What Python has:
 *
 *     None, True, 7, 2.5, "text", b"bytes", [ … ], { … }
 *
 * One value is packed and unpacked by one call:
 *
 *     struct stint_bytes seven;
 *     int64_t n;
 *
 *     if (stint_pack_int(&seven, 7) != 0) …
 *     if (stint_unpack_int(&seven, &n) != 0) …
 *     stint_bytes_free(&seven);
 *
 * Several are gathered, and asked for their error once, at the end:
 *
 *     struct stint_pack p = { 0 };
 *
 *     stint_pack_add_array(&p, 2);
 *     stint_pack_add_string(&p, "ada");
 *     stint_pack_add_int(&p, 36);
 *     rc = stint_pack_end(&p, &bytes);
 *
 * and read one after the other, by a cursor that allocates nothing and lends what
 * it reads from the bytes:
 *
 *     struct stint_unpack u;
 *     struct stint_bytes name;
 *     size_t count;
 *
 *     stint_unpack_begin(&u, &bytes);
 *     rc = stint_unpack_next_array(&u, &count);
 *     if (rc == 0) rc = stint_unpack_next_string(&u, &name);
 *     if (rc == 0) rc = stint_unpack_next_int(&u, &age);
 *     if (rc == 0) rc = stint_unpack_end(&u);
 *
 * Any bytes whatever are safe to unpack.  Nothing here speaks to a master.  A
 * struct is used by one thread at a time.
 */
#ifndef STINT_VALUE_H
#define STINT_VALUE_H

#include <stint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Free what a call gave, and set it to nothing.  NULL is fine. */
STINT_API void stint_bytes_free(struct stint_bytes *bytes);

/* ---- one value ----------------------------------------------------------- */

/* Each gives *out, stint_bytes_free(); 0 or STINT_ENOMEM (or STINT_ETOOLARGE, of 4
 * GiB and more), and then *out is nothing. */
STINT_CHECK int stint_pack_nil(struct stint_bytes *out);
STINT_CHECK int stint_pack_bool(struct stint_bytes *out, bool value);
STINT_CHECK int stint_pack_int(struct stint_bytes *out, int64_t value);
STINT_CHECK int stint_pack_double(struct stint_bytes *out, double value);
/** Of a NUL-terminated UTF-8 text. */
STINT_CHECK int stint_pack_string(struct stint_bytes *out, const char *text);
STINT_CHECK int stint_pack_bytes(
    struct stint_bytes *out, const void *bytes, size_t size);
STINT_CHECK int stint_pack_ints(
    struct stint_bytes *out, const int64_t *values, size_t count);
STINT_CHECK int stint_pack_doubles(
    struct stint_bytes *out, const double *values, size_t count);

/* Each returns 0, or STINT_ETYPE (it is of another type), STINT_EOVERFLOW (it does
 * not fit), or STINT_EMALFORMED (it is not exactly one value), and the target is
 * as it was.  Texts and bytes are lent from `packed`; a text has no NUL. */
STINT_CHECK int stint_unpack_bool(const struct stint_bytes *packed, bool *out);
STINT_CHECK int stint_unpack_int(
    const struct stint_bytes *packed, int64_t *out);
/** An integer will do, too, if a double holds it exactly. */
STINT_CHECK int stint_unpack_double(
    const struct stint_bytes *packed, double *out);
STINT_CHECK int stint_unpack_string(
    const struct stint_bytes *packed, struct stint_bytes *out);
STINT_CHECK int stint_unpack_bytes(
    const struct stint_bytes *packed, struct stint_bytes *out);
/** An array of at most `max` integers; *count is how many there are, also when it
 * is STINT_EOVERFLOW that they are more. */
STINT_CHECK int stint_unpack_ints(const struct stint_bytes *packed,
    int64_t *values, size_t max, size_t *count);
STINT_CHECK int stint_unpack_doubles(const struct stint_bytes *packed,
    double *values, size_t max, size_t *count);

/* ---- several ------------------------------------------------------------- */

/** Bytes that grow; { 0 } is an empty one. */
struct stint_pack {
    unsigned char *data; /* What is packed so far; its own. */
    size_t size, room;
    int error; /* The first one; from then on nothing is added. */
};

STINT_API void stint_pack_add_nil(struct stint_pack *p);
STINT_API void stint_pack_add_bool(struct stint_pack *p, bool value);
STINT_API void stint_pack_add_int(struct stint_pack *p, int64_t value);
STINT_API void stint_pack_add_double(struct stint_pack *p, double value);
STINT_API void stint_pack_add_string(struct stint_pack *p, const char *text);
STINT_API void stint_pack_add_bytes(
    struct stint_pack *p, const void *bytes, size_t size);
/** The next `count` values are its elements. */
STINT_API void stint_pack_add_array(struct stint_pack *p, size_t count);
/** The next `count` pairs of values are its keys and values. */
STINT_API void stint_pack_add_map(struct stint_pack *p, size_t count);
/** What was packed elsewhere, as it is. */
STINT_API void stint_pack_add_packed(
    struct stint_pack *p, const struct stint_bytes *packed);

/** Gives all of it in *out, and `p` is empty again.  Returns 0, STINT_ENOMEM or
 * STINT_ETOOLARGE, and then *out is nothing. */
STINT_CHECK int stint_pack_end(struct stint_pack *p, struct stint_bytes *out);

/** Throw away what was packed.  After an end there is nothing. */
STINT_API void stint_pack_free(struct stint_pack *p);

/* ---- one after the other ------------------------------------------------- */

/** A place in bytes that are the caller's, and stay. */
struct stint_unpack {
    const unsigned char *at, *end;
};

enum stint_packed {
    STINT_PACKED_END, /* Nothing more. */
    STINT_PACKED_NIL,
    STINT_PACKED_BOOL,
    STINT_PACKED_INT,
    STINT_PACKED_DOUBLE,
    STINT_PACKED_STRING,
    STINT_PACKED_BYTES,
    STINT_PACKED_ARRAY,
    STINT_PACKED_MAP,
    STINT_PACKED_OTHER, /* An extension of msgpack, or no msgpack at all. */
};

STINT_API void stint_unpack_begin(
    struct stint_unpack *u, const struct stint_bytes *packed);

/** What comes next; nothing is read. */
STINT_API enum stint_packed stint_unpack_peek(const struct stint_unpack *u);

/* Each reads the next value and goes on behind it, or returns STINT_ETYPE,
 * STINT_EOVERFLOW or STINT_EMALFORMED (there is nothing more; it is cut off), and
 * stays where it is. */
STINT_CHECK int stint_unpack_next_nil(struct stint_unpack *u);
STINT_CHECK int stint_unpack_next_bool(struct stint_unpack *u, bool *out);
STINT_CHECK int stint_unpack_next_int(struct stint_unpack *u, int64_t *out);
STINT_CHECK int stint_unpack_next_double(struct stint_unpack *u, double *out);
STINT_CHECK int stint_unpack_next_string(
    struct stint_unpack *u, struct stint_bytes *out);
STINT_CHECK int stint_unpack_next_bytes(
    struct stint_unpack *u, struct stint_bytes *out);
/** Its elements are the next values; as many bytes are there at least. */
STINT_CHECK int stint_unpack_next_array(
    struct stint_unpack *u, size_t *count);
STINT_CHECK int stint_unpack_next_map(struct stint_unpack *u, size_t *count);
/** Read over a value with all that is in it, at most 8 deep. */
STINT_CHECK int stint_unpack_skip(struct stint_unpack *u);

/** Returns 0, or STINT_EMALFORMED when there is more. */
STINT_CHECK int stint_unpack_end(const struct stint_unpack *u);

#ifdef __cplusplus
}
#endif

#endif
