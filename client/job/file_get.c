/* Files from the master: lists of them, and their bytes.     [layer: client] */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/job/flight.h"
#include "client/job/job.h"
#include "client/pump.h"
#include "common/path.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "common/sys/whole.h"

enum { HASH_BYTES = 32, MESSAGE_BYTES = 1400 };

/* ---- lists --------------------------------------------------------------- */

static int
see_rows(struct proto_list rows,
    int (*see)(void *arg, const struct stint_file_row *row), void *arg)
{
    struct rec_file_row r;
    char name[PATH_INNER_MAX + 1];
    int rc = 0;

    while (rc == 0 && codec_list_next(&rows, RECORD_file_row, &r)) {
        struct stint_file_row row = {
            .seq = r.seq, .name = name, .size = r.size, .mode = (unsigned)r.mode
        };
        memcpy(name, r.name.bytes, r.name.length);
        name[r.name.length] = '\0';
        memcpy(row.hash, r.hash.bytes, sizeof row.hash);
        rc = see(arg, &row);
    }
    return rc;
}

int
stint_job_list_files(struct stint_job *job, uint64_t seq,
    int (*see)(void *arg, const struct stint_file_row *row), void *arg,
    int64_t timeout_ms)
{
    tick_ns deadline = pump_deadline(timeout_ms);
    struct msg m = { .type = MSG_file_list };
    const struct msg *answer = NULL;
    struct flight flight;

    int rc = pump_check_timeout(timeout_ms);
    if (rc != 0) return rc;
    m.as.file_list.job = job->number;
    m.as.file_list.seq = seq;
    flight_begin(&flight, job->s, -1);
    do {
        rc = flight_ask(&flight, &m, MESSAGE_BYTES);
        if (rc == 0) rc = flight_next(&flight, deadline, &answer);
        if (rc == 0 && answer->type != MSG_file_rows) {
            rc = say(STINT_EPROTO, "the master did not answer with files");
        }
        if (rc != 0) break;
        m.as.file_list.after = answer->as.file_rows.next;
        rc = see_rows(answer->as.file_rows.rows, see, arg);
    } while (rc == 0 && m.as.file_list.after != 0);
    flight_end(&flight);
    return rc;
}

/* ---- writing ------------------------------------------------------------- */

/* A new file beside the one that it becomes. */
struct sink {
    const char *path;
    char *beside; /* Owned. */
    int fd;
    crypto_generichash_state hash;
    uint64_t have;
};

static int
cannot(const char *what, const char *path)
{
    return say(STINT_ESYSTEM, "cannot %s \"%.512s\": %s", what, path,
        strerrordesc_np(errno));
}

static int
open_sink(struct sink *to, const char *path)
{
    size_t folder = strlen(path) - path_last(slice_of(path)).length;

    *to = (struct sink){ .path = path, .fd = -1 };
    if (asprintf(&to->beside, "%.*s.stint-XXXXXX", (int)folder, path) < 0) {
        to->beside = NULL;
        return say(STINT_ENOMEM, "no memory for a file");
    }
    to->fd = mkostemp(to->beside, O_CLOEXEC);
    if (to->fd < 0) {
        free(to->beside);
        to->beside = NULL;
        return cannot("write beside", path);
    }
    (void)crypto_generichash_init(&to->hash, NULL, 0, HASH_BYTES);
    return 0;
}

static int
write_bytes(struct sink *to, struct slice bytes)
{
    (void)crypto_generichash_update(&to->hash, bytes.bytes, bytes.length);
    to->have += bytes.length;
    int error = whole_write(to->fd, bytes.bytes, bytes.length);
    if (error == 0) return 0;
    errno = error;
    return cannot("write", to->path);
}

/* Others may not write to it, whatever its sender says. */
static int
finish_sink(struct sink *to, const struct stint_file_row *file)
{
    mode_t mode = (mode_t)((file->mode & 0755) | S_IRUSR);
    uint8_t hash[HASH_BYTES];

    (void)crypto_generichash_final(&to->hash, hash, sizeof hash);
    if (memcmp(hash, file->hash, sizeof hash) != 0) {
        return say(STINT_EDAMAGED,
            "the bytes of \"%.256s\" are not those that were sent (their "
            "hashes differ): nothing was written",
            file->name);
    }
    if (fchmod(to->fd, mode) != 0) return cannot("set the mode of", to->path);
    int fd = to->fd;
    to->fd = -1;
    if (close(fd) != 0) return cannot("write", to->path);
    if (rename(to->beside, to->path) != 0) return cannot("make", to->path);
    free(to->beside);
    to->beside = NULL;
    return 0;
}

/* What is not finished is gone. */
static void
close_sink(struct sink *to)
{
    if (to->fd >= 0) (void)close(to->fd);
    if (to->beside != NULL) (void)unlink(to->beside);
    free(to->beside);
}

/* ---- getting ------------------------------------------------------------- */

/*
 * The file is asked for in blocks as long as its first piece, several at a
 * time.  Pieces are as its sender cut them: a block of which less came is asked
 * for again from there on, before the next one is used.
 */
struct getting {
    const struct stint_file_row *file;
    struct msg m; /* file_get, all but where to begin. */
    struct flight flight;
    struct sink to;
    uint64_t block, asked; /* Length; up to here all is asked for. */
    tick_ns deadline;
};

static int
ask(struct getting *g, struct flight *flight, uint64_t from)
{
    struct msg m = g->m;

    m.as.file_get.from = from;
    return flight_ask(flight, &m, MESSAGE_BYTES);
}

/* One answer; its bytes are lent. */
static int
take(struct getting *g, struct flight *flight, struct slice *bytes)
{
    const struct msg *answer = NULL;
    int rc = flight_next(flight, g->deadline, &answer);

    if (rc != 0) return rc;
    const struct msg_file_piece *p = &answer->as.file_piece;
    if (answer->type != MSG_file_piece) {
        return say(STINT_EPROTO, "the master did not answer with a piece");
    }
    if (p->size != g->file->size
        || memcmp(p->hash.bytes, g->file->hash, HASH_BYTES) != 0) {
        return say(STINT_EBUSY, "\"%.256s\" is another file by now: ask again",
            g->file->name);
    }
    if (p->bytes.length == 0 && g->file->size > 0) {
        return say(
            STINT_EDAMAGED, "a piece of \"%.256s\" is empty", g->file->name);
    }
    *bytes = p->bytes;
    return 0;
}

/* Write what came of the block that ends at `end`. */
static int
keep(struct getting *g, struct slice bytes, uint64_t end)
{
    if (bytes.length > end - g->to.have) {
        bytes.length = (size_t)(end - g->to.have);
    }
    return write_bytes(&g->to, bytes);
}

static int
get_rest_of_block(struct getting *g, uint64_t end)
{
    struct flight alone;
    struct slice bytes = { NULL, 0 };
    int rc = 0;

    flight_begin(&alone, g->flight.s, g->flight.cancel_fd);
    while (rc == 0 && g->to.have < end) {
        rc = ask(g, &alone, g->to.have);
        if (rc == 0) rc = take(g, &alone, &bytes);
        if (rc == 0) rc = keep(g, bytes, end);
    }
    flight_end(&alone);
    return rc;
}

static int
get_block(struct getting *g)
{
    uint64_t end = g->to.have + g->block;
    struct slice bytes = { NULL, 0 };
    int rc = take(g, &g->flight, &bytes);

    if (end > g->file->size) end = g->file->size;
    if (rc == 0) rc = keep(g, bytes, end);
    if (rc == 0 && g->to.have < end) rc = get_rest_of_block(g, end);
    return rc;
}

static int
get_first(struct getting *g)
{
    struct slice bytes = { NULL, 0 };
    int rc = ask(g, &g->flight, 0);

    if (rc == 0) rc = take(g, &g->flight, &bytes);
    if (rc != 0) return rc;
    g->block = bytes.length;
    rc = keep(g, bytes, g->file->size);
    g->asked = g->to.have;
    return rc;
}

static int
get_all(struct getting *g)
{
    int rc = get_first(g);

    while (rc == 0 && g->to.have < g->file->size) {
        while (rc == 0 && !flight_is_full(&g->flight)
               && g->asked < g->file->size) {
            rc = ask(g, &g->flight, g->asked);
            g->asked += g->block;
        }
        if (rc == 0) rc = get_block(g);
    }
    return rc;
}

static int
get_file(struct stint *s, uint64_t job, const struct stint_file_row *file,
    const char *path, int cancel_fd, int64_t timeout_ms)
{
    struct getting g = { .file = file,
        .m = { .type = MSG_file_get },
        .deadline = pump_deadline(timeout_ms) };

    int rc = pump_check_timeout(timeout_ms);
    if (rc != 0) return rc;
    if (sodium_init() < 0) return say(STINT_ESYSTEM, "libsodium did not start");
    g.m.as.file_get.job = job;
    g.m.as.file_get.seq = file->seq;
    g.m.as.file_get.name = slice_of(file->name);
    rc = open_sink(&g.to, path);
    flight_begin(&g.flight, s, cancel_fd);
    if (rc == 0) rc = get_all(&g);
    if (rc == 0) rc = finish_sink(&g.to, file);
    flight_end(&g.flight);
    close_sink(&g.to);
    return rc;
}

int
stint_job_get_file(struct stint_job *job, const struct stint_file_row *file,
    const char *path, int64_t timeout_ms)
{
    return get_file(job->s, job->number, file, path, -1, timeout_ms);
}

int
stint_task_get_input(struct stint *s, uint64_t job,
    const struct stint_file_row *file, const char *path, int cancel_fd,
    int64_t timeout_ms)
{
    return get_file(s, job, file, path, cancel_fd, timeout_ms);
}
