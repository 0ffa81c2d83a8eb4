/**
 * inspect.h - lists of the master, page by page.              [layer: client]
 */
#ifndef INSPECT_H
#define INSPECT_H

#include "client/inside.h"

/* Who sees the rows of a list: `record` is the struct rec_… of `type`. */
struct inspect_view {
    enum record_type type;
    int (*show)(const void *arg, const void *record);
    const void *arg;
};

/** Ask `m`, a list, page after page and show each row without the lock, up to
 * `limit` rows (0: all), until `show` returns other than 0, which is returned.
 */
int inspect_list(struct stint *s, struct msg *m,
    const struct inspect_view *view, uint64_t limit, int64_t timeout_ms);

/** Copy a name of the wire as a C string; what does not fit is cut. */
const char *inspect_text(char *out, size_t size, struct slice text);

#endif
