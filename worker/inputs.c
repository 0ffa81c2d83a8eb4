#include "worker/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/hash.h"
#include "common/path.h"
#include "common/stint_error.h"
#include "common/sys/clock.h"
#include "common/sys/whole.h"

enum { HASH_BYTES = 32, COPY_BYTES = 1 << 20, PATH_BYTES = 4200, TRIES = 3 };

#define KEEP_FOR (600 * TICK_S)
#define LOOK (100 * TICK_MS)

/* How long a fetch may take: a minute, and what 256 KiB/s take. */
enum { FETCH_LEAST_MS = 60000, BYTES_PER_MS = 256 };

enum input_state { INPUT_ABSENT, INPUT_COMING, INPUT_THERE };

struct input {
    uint8_t hash[HASH_BYTES];
    uint64_t number; /* Of its file. */
    enum input_state state;
    struct stat as; /* Of its file, when it was fetched. */
    UT_hash_handle by_hash;
};

struct input_job {
    uint64_t job;
    unsigned users;
    tick_ns unused; /* Since when, if `users` is 0. */
    struct input *files;
    UT_hash_handle by_number;
};

void
inputs_init(struct inputs *in, struct stint *s, struct workspace *space)
{
    pthread_condattr_t attributes;

    *in = (struct inputs){ .s = s, .space = space };
    (void)pthread_mutex_init(&in->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&in->fetched, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

/* ---- the book of them, under the lock ------------------------------------ */

static bool
path_of(const struct inputs *in, const struct input *file, char out[PATH_BYTES])
{
    int n = snprintf(out, PATH_BYTES, "%s/input-%" PRIu64,
        in->space->folder.path, file->number);

    return n > 0 && n < PATH_BYTES;
}

static void
drop_job(struct inputs *in, struct input_job *j)
{
    char path[PATH_BYTES];

    while (j->files != NULL) {
        struct input *file = j->files;
        if (file->state == INPUT_THERE && path_of(in, file, path)) {
            (void)unlink(path);
        }
        HASH_DELETE(by_hash, j->files, file);
        free(file);
    }
    HASH_DELETE(by_number, in->jobs, j);
    free(j);
}

void
inputs_fini(struct inputs *in)
{
    while (in->jobs != NULL)
        drop_job(in, in->jobs);
    (void)pthread_cond_destroy(&in->fetched);
    (void)pthread_mutex_destroy(&in->lock);
}

static struct input_job *
find_job(const struct inputs *in, uint64_t job)
{
    struct input_job *found;

    HASH_FIND(by_number, in->jobs, &job, sizeof job, found);
    return found;
}

/* One more user; NULL without memory. */
static struct input_job *
enter(struct inputs *in, uint64_t job)
{
    struct input_job *j = find_job(in, job);

    if (j == NULL) {
        j = calloc(1, sizeof *j);
        if (j == NULL) return NULL;
        j->job = job;
        HASH_ADD(by_number, in->jobs, job, sizeof j->job, j);
        if (!HASH_IS_IN(by_number, j)) {
            free(j);
            return NULL;
        }
    }
    j->users += 1;
    return j;
}

void
inputs_leave(struct inputs *in, uint64_t job)
{
    (void)pthread_mutex_lock(&in->lock);
    struct input_job *j = find_job(in, job);
    if (j != NULL && --j->users == 0) j->unused = clock_now();
    (void)pthread_mutex_unlock(&in->lock);
}

tick_ns
inputs_tick(struct inputs *in, tick_ns now)
{
    tick_ns next = TICK_NEVER;

    (void)pthread_mutex_lock(&in->lock);
    for (struct input_job *j = in->jobs, *more; j != NULL; j = more) {
        more = j->by_number.next;
        if (j->users > 0) continue;
        tick_ns end = tick_after(j->unused, KEEP_FOR);
        if (end <= now) {
            drop_job(in, j);
        } else {
            next = tick_min(next, end);
        }
    }
    (void)pthread_mutex_unlock(&in->lock);
    return next;
}

static struct input *
find_input(struct inputs *in, struct input_job *j, const uint8_t *hash)
{
    struct input *file;

    HASH_FIND(by_hash, j->files, hash, HASH_BYTES, file);
    if (file != NULL) return file;
    file = calloc(1, sizeof *file);
    if (file == NULL) return NULL;
    memcpy(file->hash, hash, HASH_BYTES);
    file->number = ++in->last;
    HASH_ADD(by_hash, j->files, hash, HASH_BYTES, file);
    if (HASH_IS_IN(by_hash, file)) return file;
    free(file);
    return NULL;
}

/* ---- fetching ------------------------------------------------------------ */

static void
tell(const struct inputs *in, uint64_t job, const struct stint_file_row *row,
    tick_ns took)
{
    char line[512], length[REASON_LENGTH];

    if (in->log == NULL) return;
    reason_duration(length, took);
    (void)snprintf(line, sizeof line,
        "job %" PRIu64 ": fetched input \"%.256s\", %" PRIu64 " bytes, in %s",
        job, row->name, row->size, length);
    in->log(in->log_arg, 0, line);
}

static enum run_end
judge(int code, const struct stint_file_row *row, struct reason *why)
{
    reason_set(why, "input \"%.256s\": %s", row->name, stint_error_message());
    switch (code) {
    case STINT_EDAMAGED:
    case STINT_ENOFILE:
    case STINT_ENOJOB:
    case STINT_EROLE:
        return RUN_REFUSED;
    case STINT_ESYSTEM:
    case STINT_EINVAL:
        return RUN_FAILED;
    case STINT_ECANCELLED:
        return RUN_GIVEN_BACK;
    default:
        return RUN_NOT_NOW;
    }
}

static enum run_end
fetch(struct inputs *in, uint64_t job, const struct stint_file_row *row,
    const char *path, int cancel_fd, struct reason *why)
{
    tick_ns began = clock_now();
    int64_t most = FETCH_LEAST_MS + (int64_t)(row->size / BYTES_PER_MS);
    int code = stint_task_get_input(in->s, job, row, path, cancel_fd, most);

    if (code != 0) return judge(code, row, why);
    tell(in, job, row, clock_now() - began);
    return RUN_DONE;
}

static bool
is_cancelled(int cancel_fd)
{
    struct pollfd cancel = { .fd = cancel_fd, .events = POLLIN };

    return cancel_fd >= 0 && poll(&cancel, 1, 0) > 0;
}

/* For a fetch to end, or to look whether we are cancelled. */
static void
wait_a_little(struct inputs *in)
{
    tick_ns until = tick_after(clock_now(), LOOK);
    const struct timespec at = { .tv_sec = until / TICK_S,
        .tv_nsec = until % TICK_S };

    (void)pthread_cond_timedwait(&in->fetched, &in->lock, &at);
}

/* Tasks run as we do, and cleaners of temporary folders, too: what one of them
 * took away or wrote to is fetched again. */
static bool
is_as_it_was(const struct input *file, const char *path)
{
    const struct stat *then = &file->as;
    struct stat now;

    return lstat(path, &now) == 0 && now.st_ino == then->st_ino
           && now.st_dev == then->st_dev && now.st_size == then->st_size
           && now.st_ctim.tv_sec == then->st_ctim.tv_sec
           && now.st_ctim.tv_nsec == then->st_ctim.tv_nsec;
}

/* Have one there, and its path.  Who comes first fetches it; under the lock,
 * which is let go of meanwhile. */
static enum run_end
have(struct inputs *in, struct input_job *j, const struct stint_file_row *row,
    char path[PATH_BYTES], int cancel_fd, struct reason *why)
{
    struct input *file = find_input(in, j, row->hash);

    if (file == NULL || !path_of(in, file, path)) {
        reason_set(why, "no memory for the inputs of the job");
        return RUN_NOT_NOW;
    }
    while (file->state == INPUT_COMING) {
        if (is_cancelled(cancel_fd)) return RUN_GIVEN_BACK;
        wait_a_little(in);
    }
    if (file->state == INPUT_THERE && is_as_it_was(file, path)) {
        return RUN_DONE;
    }

    file->state = INPUT_COMING;
    (void)pthread_mutex_unlock(&in->lock);
    enum run_end how = fetch(in, j->job, row, path, cancel_fd, why);
    (void)pthread_mutex_lock(&in->lock);
    if (how == RUN_DONE && lstat(path, &file->as) != 0) {
        file->as = (struct stat){ .st_ino = 0 }; /* Like nothing that is. */
    }
    file->state = how == RUN_DONE ? INPUT_THERE : INPUT_ABSENT;
    (void)pthread_cond_broadcast(&in->fetched);
    return how;
}

/* ---- copies -------------------------------------------------------------- */

/* The folders that lead to `name`; 0 or an errno. */
static int
make_parents(int folder, const char *name)
{
    char part[PATH_INNER_MAX + 1];

    for (const char *slash = strchr(name, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        size_t length = (size_t)(slash - name);
        memcpy(part, name, length);
        part[length] = '\0';
        if (mkdirat(folder, part, S_IRWXU) != 0 && errno != EEXIST) {
            return errno;
        }
    }
    return 0;
}

static int
copy_plainly(int from, int to)
{
    uint8_t *bytes = malloc(COPY_BYTES);
    int error = bytes == NULL ? ENOMEM : 0;

    while (error == 0) {
        ssize_t n = whole_read(from, bytes, COPY_BYTES);
        if (n == 0) break;
        error = n < 0 ? errno : whole_write(to, bytes, (size_t)n);
    }
    free(bytes);
    return error;
}

/* Shared blocks, else within the kernel, else by us. */
static int
copy_bytes(int from, int to)
{
    ssize_t n;

    if (ioctl(to, FICLONE, from) == 0) return 0;
    do {
        n = copy_file_range(from, NULL, to, NULL, COPY_BYTES, 0);
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n == 0) return 0;
    if (errno == ENOSPC || errno == EDQUOT || errno == EIO) return errno;
    if (lseek(from, 0, SEEK_SET) != 0 || ftruncate(to, 0) != 0
        || lseek(to, 0, SEEK_SET) != 0) {
        return errno;
    }
    return copy_plainly(from, to);
}

static int
copy(const char *path, const struct folder *folder,
    const struct stint_file_row *row)
{
    mode_t mode = (mode_t)((row->mode & 0755) | S_IRUSR | S_IWUSR);
    int error = make_parents(folder->fd, row->name);

    if (error != 0) return error;
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0) return errno;
    int to = openat(folder->fd, row->name,
        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRWXU);
    error = to < 0 ? errno : copy_bytes(from, to);
    if (error == 0 && fchmod(to, mode) != 0) error = errno;
    if (to >= 0 && close(to) != 0 && error == 0) error = errno;
    (void)close(from);
    return error;
}

static enum run_end
bring_one(struct inputs *in, struct input_job *j,
    const struct stint_file_row *row, const struct folder *to, int cancel_fd,
    struct reason *why)
{
    char path[PATH_BYTES];
    int error = 0;

    if (!path_is_inner(slice_of(row->name))) {
        reason_set(why, "an input has a name that leads out of the folder");
        return RUN_REFUSED;
    }
    for (int i = 0; i < TRIES; i++) {
        (void)pthread_mutex_lock(&in->lock);
        enum run_end how = have(in, j, row, path, cancel_fd, why);
        (void)pthread_mutex_unlock(&in->lock);
        if (how != RUN_DONE) return how;
        error = copy(path, to, row);
        if (error == 0) return RUN_DONE;
        if (error != ENOENT) break; /* Else it was taken away just now. */
    }
    reason_set(why, "cannot make the input \"%.256s\" in the task's folder: %s",
        row->name, strerrordesc_np(error));
    return error == EEXIST || error == ENOTDIR ? RUN_REFUSED : RUN_FAILED;
}

enum run_end
inputs_bring(struct inputs *in, uint64_t job,
    const struct stint_file_row *files, size_t count, const struct folder *to,
    int cancel_fd, struct reason *why)
{
    enum run_end how = RUN_DONE;

    (void)pthread_mutex_lock(&in->lock);
    struct input_job *j = enter(in, job);
    (void)pthread_mutex_unlock(&in->lock);
    if (j == NULL) {
        reason_set(why, "no memory for the inputs of the job");
        return RUN_NOT_NOW;
    }
    for (size_t i = 0; i < count && how == RUN_DONE; i++)
        how = bring_one(in, j, &files[i], to, cancel_fd, why);
    if (how != RUN_DONE) inputs_leave(in, job);
    return how;
}
