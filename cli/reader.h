/**
 * reader.h - lines of a file or a pipe, as they come.          [layer: cli]
 *
 * Waits in poll(), so that another thread can end the waiting through a
 * descriptor.  Holds no more than the longest line and what one read brought.
 */
#ifndef CLI_READER_H
#define CLI_READER_H

#include <stdbool.h>
#include <stddef.h>

#include <stint.h>

struct reader {
    const char *name; /* For messages; borrowed. */
    int fd, wake_fd;
    char delimiter;
    bool is_end;
    char *data; /* Bytes [at, used) are read and not yet given. */
    size_t at, seen, used, room; /* None of [at, seen) is a delimiter. */
};

/** A longer line is not read. */
#define READER_LINE_MAX ((size_t)64 << 20)

/** Open `path`; "-" is stdin.  Borrows it.  Returns the exit status, having
 * said why it cannot be opened. */
int reader_open(struct reader *r, const char *path, bool nul, int wake_fd);

/** The next line without its end; the last one of all needs none.
 * Returns: 1, and *line is lent until the next call; 0 at the end, or when
 *          woken; -1 when it cannot be read on, which was said. */
int reader_next(struct reader *r, struct stint_bytes *line);

/** Fine on { 0 }. */
void reader_close(struct reader *r);

#endif
