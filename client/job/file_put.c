/* Files to the master: inputs of jobs, and what tasks leave. [layer: client] */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/job/flight.h"
#include "client/job/job.h"
#include "client/pump.h"
#include "client/task.h"
#include "common/path.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "common/sys/whole.h"

enum { HASH_BYTES = 32, MESSAGE_BYTES = 1400 };

/* What may end the reading of a file, which can take hours. */
struct patience {
    int cancel_fd; /* -1: nobody cancels. */
    tick_ns deadline;
    const struct stint_task *task; /* Whose lease must stand; or NULL. */
};

/* Who wants to know how far it is; or NULL. */
struct watcher {
    void (*see)(void *arg, uint64_t done, uint64_t all);
    void *arg;
};

/* A file that is read twice: for its hash, then to be sent. */
struct source {
    const char *path;
    int fd;
    struct patience patience;
    struct watcher watcher;
    uint64_t done;    /* Bytes that were read, in both ways. */
    struct stat info; /* As it was found. */
    uint64_t size;    /* As it was read. */
    uint8_t hash[HASH_BYTES];
    uint8_t *piece; /* Owned; room for one. */
    size_t piece_max;
};

/* ---- reading ------------------------------------------------------------- */

static int
cannot(const char *what, const char *path)
{
    return say(STINT_ESYSTEM, "cannot %s \"%.512s\": %s", what, path,
        strerrordesc_np(errno));
}

static int
open_source(struct source *f)
{
    f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (f->fd < 0 || fstat(f->fd, &f->info) != 0) {
        return cannot("read", f->path);
    }
    if (!S_ISREG(f->info.st_mode)) {
        return say(STINT_EINVAL,
            "\"%.512s\" is no regular file: only such travel; put a folder "
            "into an archive",
            f->path);
    }
    if (f->info.st_size > STINT_FILE_MAX) {
        return say(STINT_ETOOLARGE,
            "\"%.512s\" has %lld bytes: a file of a job has at most %lld",
            f->path, (long long)f->info.st_size, (long long)STINT_FILE_MAX);
    }
    return 0;
}

static int
check_patience(const struct source *f)
{
    const struct patience *p = &f->patience;
    struct pollfd cancel = { .fd = p->cancel_fd, .events = POLLIN };

    if (p->cancel_fd >= 0 && poll(&cancel, 1, 0) > 0) {
        return say(STINT_ECANCELLED, "it was cancelled");
    }
    if (clock_now() >= p->deadline) {
        return say(STINT_ETIMEOUT,
            "\"%.512s\" could not be sent in the time there was", f->path);
    }
    if (p->task != NULL && stint_task_remaining_ms(p->task) < 0) {
        return say(STINT_ESTALE,
            "the lease was over before \"%.512s\" was sent", f->path);
    }
    return 0;
}

/* A whole piece, unless the file ends in it.  Returns its length or an error.
 */
static ssize_t
read_piece(struct source *f)
{
    int rc = check_patience(f);

    if (rc != 0) return rc;
    ssize_t have = whole_read(f->fd, f->piece, f->piece_max);
    if (have < 0) return cannot("read", f->path);
    f->done += (size_t)have;
    if (f->watcher.see != NULL) {
        f->watcher.see(f->watcher.arg, f->done, 2 * (uint64_t)f->info.st_size);
    }
    return have;
}

static int
say_changed(const struct source *f)
{
    return say(STINT_EBUSY,
        "\"%.512s\" changed while it was sent: send it again when nobody "
        "writes to it",
        f->path);
}

/* Its size and hash; `piece` is its last one, which for a short file is all: as
 * it was in that moment, whatever its size was (in /proc it is 0).  A longer
 * one must have the size that it had; a file that grows has no end. */
static int
measure(struct source *f)
{
    uint64_t seen = (uint64_t)f->info.st_size;
    crypto_generichash_state state;
    ssize_t n;

    (void)crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
    f->size = 0;
    do {
        n = read_piece(f);
        if (n < 0) return (int)n;
        (void)crypto_generichash_update(&state, f->piece, (size_t)n);
        f->size += (size_t)n;
        if (f->size >= f->piece_max && f->size > seen) return say_changed(f);
    } while ((size_t)n == f->piece_max);
    if (f->size >= f->piece_max && f->size < seen) return say_changed(f);
    (void)crypto_generichash_final(&state, f->hash, sizeof f->hash);
    return 0;
}

/* ---- sending ------------------------------------------------------------- */

struct sending {
    struct source file;
    struct msg m; /* file_put, all but the piece. */
    struct flight flight;
    tick_ns timeout, deadline; /* Of an answer; of all. */
};

static int
take_answer(struct sending *to, uint64_t *have)
{
    const struct msg *answer = NULL;
    tick_ns until = tick_after(clock_now(), to->timeout);
    int rc = flight_next(&to->flight, tick_min(until, to->deadline), &answer);

    if (rc == 0 && have != NULL) *have = answer->as.ok.value;
    return rc;
}

static int
send_piece(struct sending *to, uint64_t from, struct slice bytes)
{
    struct msg m = to->m;
    int rc = 0;

    if (flight_is_full(&to->flight)) rc = take_answer(to, NULL);
    m.as.file_put.from = from;
    m.as.file_put.bytes = bytes;
    if (rc != 0) return rc;
    return flight_ask(&to->flight, &m, MESSAGE_BYTES + bytes.length);
}

static int
send_short(struct sending *to)
{
    const struct source *f = &to->file;
    int rc = send_piece(to, 0, (struct slice){ f->piece, (size_t)f->size });

    return rc != 0 ? rc : take_answer(to, NULL);
}

/* What the master has of it already. */
static int
ask_how_much(struct sending *to, uint64_t *have)
{
    int rc = send_piece(to, 0, (struct slice){ NULL, 0 });

    return rc != 0 ? rc : take_answer(to, have);
}

/* The rest, behind `have`; the last piece not before all was found to be as it
 * was. */
static int
send_rest(struct sending *to, uint64_t have)
{
    struct source *f = &to->file;
    crypto_generichash_state state;
    uint8_t hash[HASH_BYTES];
    uint64_t at = 0;
    int rc = 0;

    if (lseek(f->fd, 0, SEEK_SET) != 0) return cannot("read", f->path);
    (void)crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
    while (rc == 0 && at < f->size) {
        ssize_t n = read_piece(f);
        if (n < 0) return (int)n;
        (void)crypto_generichash_update(&state, f->piece, (size_t)n);
        uint64_t end = at + (size_t)n;
        if (n == 0 || end > f->size) return say_changed(f);
        if (end == f->size) {
            (void)crypto_generichash_final(&state, hash, sizeof hash);
            if (memcmp(hash, f->hash, sizeof hash) != 0) return say_changed(f);
        }
        if (end > have) {
            size_t skip = have > at ? (size_t)(have - at) : 0;
            rc = send_piece(to, at + skip,
                (struct slice){ f->piece + skip, (size_t)n - skip });
        }
        at = end;
    }
    while (rc == 0 && flight_left(&to->flight) > 0)
        rc = take_answer(to, NULL);
    return rc;
}

static int
send_file(struct sending *to)
{
    uint64_t have = 0;
    int rc = measure(&to->file);

    if (rc != 0) return rc;
    to->m.as.file_put.size = to->file.size;
    to->m.as.file_put.mode = to->file.info.st_mode & 0777;
    to->m.as.file_put.hash = (struct slice){ to->file.hash, HASH_BYTES };
    if (to->file.size < to->file.piece_max) return send_short(to);
    rc = ask_how_much(to, &have);
    return rc == 0 && have < to->file.size ? send_rest(to, have) : rc;
}

/* `m` says whose it is; `task`, too, if it is a task's. */
static int
put_file(struct stint *s, struct msg m, const struct stint_task *task,
    const char *path, const char *name, struct watcher watcher, int cancel_fd,
    int64_t timeout_ms)
{
    struct slice inner =
        name != NULL ? slice_of(name) : path_last(slice_of(path));
    struct sending to = {
        .file = { .path = path, .fd = -1, .watcher = watcher },
        .m = m,
        .timeout = timeout_ms == STINT_FOREVER ? s->timeout : TICK_NEVER,
        .deadline = pump_deadline(timeout_ms)
    };

    if (!path_is_inner(inner)) {
        return say(STINT_EINVAL,
            "a file cannot have the name \"%.256s\" in a task's folder: it "
            "must be relative, without \"..\" and control characters",
            name != NULL ? name : path);
    }
    if (sodium_init() < 0) return say(STINT_ESYSTEM, "libsodium did not start");
    to.m.as.file_put.name = inner;
    to.file.piece_max = flight_piece(s);
    to.file.piece = malloc(to.file.piece_max);
    if (to.file.piece == NULL) return say(STINT_ENOMEM, "no memory for a file");
    to.file.patience = (struct patience){ cancel_fd, to.deadline, task };
    flight_begin(&to.flight, s, cancel_fd);
    int rc = open_source(&to.file);
    if (rc == 0) rc = send_file(&to);
    flight_end(&to.flight);
    if (to.file.fd >= 0) (void)close(to.file.fd);
    free(to.file.piece);
    return rc;
}

int
stint_job_put_file_with(struct stint_job *job, const char *path,
    const char *name, void (*see)(void *arg, uint64_t done, uint64_t all),
    void *arg)
{
    struct msg m = { .type = MSG_file_put };
    const struct watcher watcher = { see, arg };

    m.as.file_put.job = job->number;
    return put_file(job->s, m, NULL, path, name, watcher, -1, STINT_FOREVER);
}

int
stint_job_put_file(struct stint_job *job, const char *path, const char *name)
{
    return stint_job_put_file_with(job, path, name, NULL, NULL);
}

int
stint_task_put_output(const struct stint_task *t, const char *path,
    const char *name, int cancel_fd, int64_t timeout_ms)
{
    static const struct watcher nobody = { NULL, NULL };
    struct msg m = { .type = MSG_file_put };
    int rc = pump_check_timeout(timeout_ms);

    if (rc != 0) return rc;
    m.as.file_put.job = stint_task_job(t);
    m.as.file_put.task = t->hold.task;
    m.as.file_put.attempt = t->hold.attempt;
    m.as.file_put.nonce = t->hold.nonce;
    if (m.as.file_put.job == 0) {
        return say(STINT_EINVAL, "a task that is of no job leaves no files");
    }
    return put_file(t->s, m, t, path, name, nobody, cancel_fd, timeout_ms);
}
