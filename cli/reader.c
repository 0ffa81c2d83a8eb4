#include "cli/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/exit.h"
#include "cli/mem.h"

enum { READ_BYTES = 1 << 16 };

int
reader_open(struct reader *r, const char *path, bool nul, int wake_fd)
{
    bool is_stdin = strcmp(path, "-") == 0;

    *r = (struct reader){ .name = is_stdin ? "stdin" : path,
        .fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC),
        .wake_fd = wake_fd,
        .delimiter = nul ? '\0' : '\n' };
    if (r->fd >= 0) return EXIT_FINE;
    return exit_say(EXIT_USAGE,
        "%s cannot be opened: %s; name a file with a value a line", path,
        strerror(errno));
}

static void
make_room(struct reader *r)
{
    if (r->at > 0 && r->used > r->at)
        memmove(r->data, r->data + r->at, r->used - r->at);
    r->used -= r->at;
    r->seen -= r->at;
    r->at = 0;
    if (r->room - r->used >= READ_BYTES) return;
    r->room = r->room * 2 + READ_BYTES;
    r->data = mem_grow(r->data, r->room, 1);
}

/* Returns false when woken. */
static bool
wait_for_more(const struct reader *r)
{
    struct pollfd fds[2] = { { .fd = r->fd, .events = POLLIN },
        { .fd = r->wake_fd, .events = POLLIN } };

    while (poll(fds, 2, -1) < 0 && errno == EINTR)
        continue;
    return fds[1].revents == 0;
}

/* One read.  Returns as reader_next(). */
static int
read_more(struct reader *r)
{
    ssize_t n;

    if (r->used - r->at > READER_LINE_MAX) {
        exit_say(EXIT_FAILED,
            "%s: a line is longer than %zu MiB; are its ends NULs (-0)?",
            r->name, READER_LINE_MAX >> 20);
        return -1;
    }
    make_room(r);
    if (!wait_for_more(r)) return 0;
    do
        n = read(r->fd, r->data + r->used, r->room - r->used);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        exit_say(EXIT_FAILED, "%s cannot be read: %s; check what it comes from",
            r->name, strerror(errno));
        return -1;
    }
    r->used += (size_t)n;
    r->is_end = n == 0;
    return 1;
}

static int
give(struct reader *r, size_t length, struct stint_bytes *line)
{
    *line = (struct stint_bytes){ r->data + r->at, length };
    r->at += length;
    if (r->at < r->used) r->at++; /* Its end. */
    r->seen = r->at;
    return 1;
}

int
reader_next(struct reader *r, struct stint_bytes *line)
{
    for (;;) {
        const char *end = NULL;
        int code;

        if (r->used > r->seen)
            end = memchr(r->data + r->seen, r->delimiter, r->used - r->seen);
        if (end != NULL)
            return give(r, (size_t)(end - (r->data + r->at)), line);
        r->seen = r->used;
        if (r->is_end)
            return r->used > r->at ? give(r, r->used - r->at, line) : 0;
        code = read_more(r);
        if (code != 1) return code;
    }
}

void
reader_close(struct reader *r)
{
    if (r->fd > STDIN_FILENO) close(r->fd);
    free(r->data);
    *r = (struct reader){ 0 };
}
