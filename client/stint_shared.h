/**
 * stint_shared.h - dicts, lists, values and arrays that processes share.
 *
 * Named objects at the master, multiprocessing.Manager's, with what it lacks:
 * a change of one's own reading (`d[k] += 1`) is one step here, versions tell
 * whether something changed meanwhile, several operations go in one round trip,
 * all or nothing, and what is declared durable survives the master.
 *
 *     struct stint_dict *ages;
 *     struct stint_bytes age;
 *
 *     if (stint_dict_open(s, "ages", NULL, &ages) != 0
 *         || stint_dict_set(ages, "ada", 3, "36", 2) != 0
 *         || stint_dict_get(ages, "ada", 3, &age) != 0) …
 *     stint_bytes_free(&age);
 *
 * Keys and values are bytes; stint_value.h packs integers, doubles, strings and
 * arrays into them, and what adds (stint_dict_add, stint_value_add) reads and
 * writes integers and doubles packed so.  A key has up to 4 KiB, a value up to
 * the master's largest payload (16 MiB).
 *
 * Every open here returns as those of stint_sync.h, and so do deletes
 * (stint_object_delete()).  An object is deleted by name only, never because
 * nobody has it open.  Each call is one round trip and one step that others see
 * whole or not at all.  Handles may be shared by threads.  What is given in a
 * stint_bytes is the caller's: stint_bytes_free().  Each handle is freed by its
 * _close (a batch by its _free) and by nothing else, before or after
 * stint_close().
 *
 * What was declared durability "memory" is gone when its master was started anew:
 * calls then return STINT_ENOOBJECT, so that nobody goes on with an empty dict
 * without knowing; open it again to begin anew.
 */
#ifndef STINT_SHARED_H
#define STINT_SHARED_H

#include <stint_sync.h>
#include <stint_value.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- dict (and Namespace) ------------------------------------------------ */

struct stint_dict;

STINT_CHECK int stint_dict_open(struct stint *s, const char *name,
    const struct stint_object_options *options, struct stint_dict **out);
STINT_API void stint_dict_close(struct stint_dict *d);

/** d[key].  Gives *value.  Returns 0 or STINT_ENOENTRY (KeyError). */
STINT_CHECK int stint_dict_get(struct stint_dict *d, const void *key,
    size_t key_size, struct stint_bytes *value);
/** d[key] = value. */
STINT_CHECK int stint_dict_set(struct stint_dict *d, const void *key,
    size_t key_size, const void *value, size_t size);
/** del d[key].  Returns 0 or STINT_ENOENTRY. */
STINT_CHECK int stint_dict_delete(
    struct stint_dict *d, const void *key, size_t key_size);
/** Gives what is there and deletes it.  STINT_ENOENTRY. */
STINT_CHECK int stint_dict_pop(struct stint_dict *d, const void *key,
    size_t key_size, struct stint_bytes *value);
/** Gives what is there, else what it sets. */
STINT_CHECK int stint_dict_setdefault(struct stint_dict *d, const void *key,
    size_t key_size, const void *value, size_t size, struct stint_bytes *out);
/** 1 or 0, or a negative error. */
STINT_CHECK int stint_dict_contains(
    struct stint_dict *d, const void *key, size_t key_size);
STINT_CHECK int stint_dict_len(struct stint_dict *d, uint64_t *length);
STINT_CHECK int stint_dict_clear(struct stint_dict *d);

/** d[key] += by for packed integers, in one step; a key that is not there counts
 * as 0.  *sum may be NULL.  Returns 0, STINT_ETYPE (it is no integer), or
 * STINT_EOVERFLOW (not within 64 bits), and nothing changed. */
STINT_CHECK int stint_dict_add(struct stint_dict *d, const void *key,
    size_t key_size, int64_t by, int64_t *sum);

/** Read with its version: greater with each change of the dict. */
STINT_CHECK int stint_dict_get_version(struct stint_dict *d, const void *key,
    size_t key_size, struct stint_bytes *value, uint64_t *version);
/** Set it if its version still is *version (0: if it is not there), which becomes
 * the new one.  Returns 0 or STINT_ECHANGED, and *version is what it is now. */
STINT_CHECK int stint_dict_compare_and_set(struct stint_dict *d,
    const void *key, size_t key_size, const void *value, size_t size,
    uint64_t *version);

struct stint_entry {
    struct stint_bytes key, value; /* Lent for the call of `see`. */
    uint64_t version;
};
/**
 * Call `see` for each entry in the order in which they were added, until it
 * returns other than 0, which is returned.  Read in pages: entries that are
 * added or deleted meanwhile are seen or not, all others once.
 */
STINT_CHECK int stint_dict_each(struct stint_dict *d,
    int (*see)(void *arg, const struct stint_entry *entry), void *arg);

/** Wait until the dict, or only `key` (NULL: any), has changed since *version (0:
 * as it is now; then it waits for the next change), which becomes the new one.
 * Of a key that is not there the end of another one may be told, too: look.
 * Returns 0 or STINT_ETIMEOUT. */
STINT_CHECK int stint_dict_watch(struct stint_dict *d, const void *key,
    size_t key_size, uint64_t *version, int64_t timeout_ms);

/* Namespace: a dict whose keys are names.  Source: Manager().Namespace(); names
 * that begin with '_' are shared like all others. */
STINT_CHECK int stint_namespace_set(
    struct stint_dict *d, const char *name, const void *value, size_t size);
STINT_CHECK int stint_namespace_get(
    struct stint_dict *d, const char *name, struct stint_bytes *value);
STINT_CHECK int stint_namespace_delete(struct stint_dict *d, const char *name);

/* ---- list ---------------------------------------------------------------- */

struct stint_list;

/* Places count from 0, negative ones from the end: -1 is the last.  A place that
 * is not there is STINT_ENOENTRY (IndexError). */

STINT_CHECK int stint_list_open(struct stint *s, const char *name,
    const struct stint_object_options *options, struct stint_list **out);
STINT_API void stint_list_close(struct stint_list *l);
STINT_CHECK int stint_list_append(
    struct stint_list *l, const void *value, size_t size);
/** In one step up to 4,096 values of 1 MiB in all; more in several, one after
 * the other. */
STINT_CHECK int stint_list_extend(
    struct stint_list *l, const struct stint_bytes *values, size_t count);
/** Before place `at`, which is cut to what there is, as Python's insert. */
STINT_CHECK int stint_list_insert(
    struct stint_list *l, int64_t at, const void *value, size_t size);
STINT_CHECK int stint_list_get(
    struct stint_list *l, int64_t at, struct stint_bytes *value);
STINT_CHECK int stint_list_set(
    struct stint_list *l, int64_t at, const void *value, size_t size);
STINT_CHECK int stint_list_delete(struct stint_list *l, int64_t at);
STINT_CHECK int stint_list_pop(
    struct stint_list *l, int64_t at, struct stint_bytes *value);
/** Delete the first that is equal.  STINT_ENOENTRY (ValueError).  This, index, count
 * and reverse go through a million entries at most: of a longer list it is
 * STINT_ELIMIT unless what is looked for comes before that; read slices of it. */
STINT_CHECK int stint_list_remove(
    struct stint_list *l, const void *value, size_t size);
/** Place of the first that is equal.  STINT_ENOENTRY (ValueError). */
STINT_CHECK int stint_list_index(
    struct stint_list *l, const void *value, size_t size, uint64_t *at);
STINT_CHECK int stint_list_count(
    struct stint_list *l, const void *value, size_t size, uint64_t *count);
STINT_CHECK int stint_list_len(struct stint_list *l, uint64_t *length);
STINT_CHECK int stint_list_reverse(struct stint_list *l);
STINT_CHECK int stint_list_clear(struct stint_list *l);
/** l[first:last], cut to what there is as Python does: `see` is called for each,
 * until it returns other than 0.  INT64_MAX: to the end.  Read in pages. */
STINT_CHECK int stint_list_slice(struct stint_list *l, int64_t first,
    int64_t last,
    int (*see)(void *arg, uint64_t at, const struct stint_bytes *value),
    void *arg);
STINT_CHECK int stint_list_watch(
    struct stint_list *l, uint64_t *version, int64_t timeout_ms);

/* ---- Value, Array, counter ----------------------------------------------- */

struct stint_value;

enum stint_value_type {
    STINT_INT64 = 1, /* 'q' */
    STINT_DOUBLE = 2, /* 'd' */
    STINT_BYTES = 3 /* c_char_p */
};

struct stint_value_options {
    bool only_open;
    const char *durability;
    enum stint_value_type type; /* 0: STINT_INT64. */
    uint64_t length;            /* 0: a Value; else an Array of so many, zeroed. */
};

/** A Value (one element, place 0) or an Array; NULL for the options opens what
 * there is of this name, else makes a Value of STINT_INT64.  A counter is a Value of
 * STINT_INT64.  Source: Manager().Value, whose typecode is ignored, and Array;
 * another type than it has is STINT_ETYPE here, and what does not fit is
 * STINT_EOVERFLOW and never wraps. */
STINT_CHECK int stint_value_open(struct stint *s, const char *name,
    const struct stint_value_options *options, struct stint_value **out);
STINT_API void stint_value_close(struct stint_value *v);
STINT_CHECK int stint_value_get_int(
    struct stint_value *v, int64_t at, int64_t *out);
STINT_CHECK int stint_value_set_int(
    struct stint_value *v, int64_t at, int64_t number);
STINT_CHECK int stint_value_get_double(
    struct stint_value *v, int64_t at, double *out);
STINT_CHECK int stint_value_set_double(
    struct stint_value *v, int64_t at, double number);
STINT_CHECK int stint_value_get_bytes(
    struct stint_value *v, int64_t at, struct stint_bytes *out);
STINT_CHECK int stint_value_set_bytes(
    struct stint_value *v, int64_t at, const void *value, size_t size);
/** += in one step; *sum may be NULL. */
STINT_CHECK int stint_value_add(
    struct stint_value *v, int64_t at, int64_t by, int64_t *sum);
STINT_CHECK int stint_value_add_double(
    struct stint_value *v, int64_t at, double by, double *sum);
/** Set it if it is `expected`.  STINT_ECHANGED, with what it is in *now. */
STINT_CHECK int stint_value_compare_and_set(struct stint_value *v, int64_t at,
    int64_t expected, int64_t number, int64_t *now);
STINT_CHECK int stint_value_watch(
    struct stint_value *v, uint64_t *version, int64_t timeout_ms);
/** How many there are; of a Value 1. */
STINT_API uint64_t stint_value_length(const struct stint_value *v);

/* ---- several operations, all or nothing ---------------------------------- */

struct stint_batch;

/**
 * Gather operations on any number of dicts, lists and values of one connection
 * (at most 4096), then do them in one round trip and one step.  What does not fit
 * (STINT_ENOENTRY, STINT_ETYPE, STINT_ECHANGED, …) leaves all of them undone.
 *
 *     struct stint_batch *b = stint_batch_new(s);
 *     stint_batch_dict_add(b, accounts, "ada", 3, -10);
 *     stint_batch_dict_add(b, accounts, "bob", 3, 10);
 *     rc = stint_batch_run(b, &which);
 *     stint_batch_free(b);
 *
 * The functions that gather copy; an error (STINT_ENOMEM, STINT_EINVAL) is told
 * by the run.  A batch may be run again.  What is set in one, and what is read by
 * one, is together no longer than the master's largest payload: else
 * STINT_ETOOLARGE.
 */
STINT_API struct stint_batch *stint_batch_new(struct stint *s);
STINT_API void stint_batch_dict_set(struct stint_batch *b, struct stint_dict *d,
    const void *key, size_t key_size, const void *value, size_t size);
STINT_API void stint_batch_dict_get(struct stint_batch *b, struct stint_dict *d,
    const void *key, size_t key_size);
STINT_API void stint_batch_dict_delete(struct stint_batch *b,
    struct stint_dict *d, const void *key, size_t key_size);
STINT_API void stint_batch_dict_add(struct stint_batch *b, struct stint_dict *d,
    const void *key, size_t key_size, int64_t by);
/** Fails with STINT_ECHANGED unless the entry has this version (0: is not there). */
STINT_API void stint_batch_dict_check(struct stint_batch *b,
    struct stint_dict *d, const void *key, size_t key_size, uint64_t version);
STINT_API void stint_batch_list_append(struct stint_batch *b,
    struct stint_list *l, const void *value, size_t size);
STINT_API void stint_batch_list_pop(
    struct stint_batch *b, struct stint_list *l, int64_t at);
STINT_API void stint_batch_value_add(
    struct stint_batch *b, struct stint_value *v, int64_t at, int64_t by);
/** Returns 0, or the error of the operation *which (from 0; may be NULL). */
STINT_CHECK int stint_batch_run(struct stint_batch *b, size_t *which);
/** What operation `which` of the last run gave: bytes (lent until the next run or
 * the free), or of an add the packed sum; the version after it. */
STINT_CHECK int stint_batch_result(const struct stint_batch *b, size_t which,
    struct stint_bytes *value, uint64_t *version);
STINT_API void stint_batch_free(struct stint_batch *b);

#ifdef __cplusplus
}
#endif

#endif
