/**
 * keytable.h - the file `keys`: who may come in, as text.    [layer: server]
 *
 *     role public-key state name      e.g.
 *     work 0123…ef in gpu%20workers
 *
 * A line for each key; state is "in" or "revoked"; in a name, bytes that would
 * end a word, and '%', are "%" and two hex digits.
 */
#ifndef KEYTABLE_H
#define KEYTABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/slice.h"
#include "master/core/core.h"

struct keytable {
    struct core_key *rows; /* Owned. */
    size_t count, room;
};

/** Free the rows. */
void keytable_fini(struct keytable *t);

/** The row of this name, or NULL.  Lends until the table changes. */
struct core_key *keytable_find(const struct keytable *t, const char *name);

/** Put `key` in the place of the row of its name, or at the end.  Returns 0 or
 * STINT_ENOMEM. */
int keytable_put(struct keytable *t, const struct core_key *key);

/** Append all as text. */
void keytable_format(const struct keytable *t, struct buf *out);

/** Read a file into the empty table.  Returns 0, STINT_ENOMEM, or STINT_EACCESS
 * with the *line (from 1) that is wrong. */
int keytable_parse(struct keytable *t, struct slice text, unsigned *line);

#endif
