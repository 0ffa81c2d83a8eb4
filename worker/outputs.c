#include "worker/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/path.h"
#include "common/stint_error.h"
#include "common/sys/clock.h"
#include "common/template.h"

enum { PATH_BYTES = FOLDER_PATH + PATH_INNER_MAX + 2 };

/* How long the sending may take: two minutes, in which a master may be started
 * again, and what 256 KiB/s take. */
enum { SEND_LEAST_MS = 120000, BYTES_PER_MS = 256, PAUSE_MS = 500 };

static enum run_end
judge(int code, const char *name, struct reason *why)
{
    reason_set(why, "output \"%.256s\": %s", name, stint_error_message());
    return code == STINT_EINVAL || code == STINT_ETOOLARGE ? RUN_REFUSED
                                                           : RUN_FAILED;
}

struct sending {
    const struct stint_task *task;
    const char *path, *name;
    int64_t size;
};

/* That the master is full passes: others read what they wait for. */
static bool
is_full(int code)
{
    return code == STINT_EBUDGET || code == STINT_ENOSPACE;
}

static enum run_end
deliver(const struct sending *f, int cancel_fd, struct reason *why)
{
    int64_t most = SEND_LEAST_MS + f->size / BYTES_PER_MS;
    tick_ns until = tick_after(clock_now(), SEND_LEAST_MS * TICK_MS);

    for (;;) {
        struct pollfd cancel = { .fd = cancel_fd, .events = POLLIN };
        int code =
            stint_task_put_output(f->task, f->path, f->name, cancel_fd, most);

        if (code == 0) return RUN_DONE;
        if (code == STINT_ECANCELLED) break;
        if (!is_full(code) || clock_now() >= until) {
            return judge(code, f->name, why);
        }
        if (poll(&cancel, 1, PAUSE_MS) > 0) break;
    }
    reason_set(why, "stopped before the master had its output");
    return RUN_GIVEN_BACK;
}

static enum run_end
send_file(const struct stint_task *task, const char *name,
    const struct folder *from, int cancel_fd, struct reason *why)
{
    char path[PATH_BYTES];
    struct stat info;

    if (fstatat(from->fd, name, &info, 0) != 0) {
        reason_set(why, "it left no file \"%.256s\" (--get): %s", name,
            strerrordesc_np(errno));
        return RUN_FAILED;
    }
    if (!S_ISREG(info.st_mode)) {
        reason_set(why,
            "what it left as \"%.256s\" is no regular file; put a folder into "
            "an archive",
            name);
        return RUN_FAILED;
    }
    (void)snprintf(path, sizeof path, "%s/%s", from->path, name);
    const struct sending f = { task, path, name, info.st_size };
    return deliver(&f, cancel_fd, why);
}

/* The name that a template makes, tidied, with a NUL; NULL: there is none. */
static char *
make_name(struct buf *room, const char *output,
    const struct template_values *values, struct reason *why)
{
    buf_clear(room);
    template_fill(room, slice_of(output), values, false);
    buf_append(room, "", 1);
    if (room->failed) {
        reason_set(why, "no memory for the name of an output");
        return NULL;
    }
    char *name = (char *)room->bytes;
    size_t length = path_tidy(name, room->length - 1);
    name[length] = '\0';
    if (path_is_inner((struct slice){ room->bytes, length })) return name;
    reason_set(why,
        "the output \"%.256s\" would be \"%.256s\", which is no name in the "
        "task's folder: it must be relative, without \"..\"",
        output, name);
    return NULL;
}

enum run_end
outputs_send(const struct stint_task *task, const char *const *outputs,
    const struct folder *from, int cancel_fd, struct reason *why)
{
    struct stint_bytes payload = stint_task_payload(task);
    struct slice *split = malloc(TEMPLATE_VALUES_MAX * sizeof *split);
    enum run_end how = RUN_DONE;
    struct buf room;

    if (split == NULL) {
        reason_set(why, "no memory for the names of outputs");
        return RUN_NOT_NOW;
    }
    buf_init(&room);
    size_t count = template_split((struct slice){ payload.data, payload.size },
        split, TEMPLATE_VALUES_MAX);
    const struct template_values values = { .values = split,
        .count = count < TEMPLATE_VALUES_MAX ? count : TEMPLATE_VALUES_MAX,
        .seq = stint_task_seq(task) };
    for (; how == RUN_DONE && *outputs != NULL; outputs++) {
        const char *name = make_name(&room, *outputs, &values, why);
        how = name == NULL ? RUN_REFUSED
                           : send_file(task, name, from, cancel_fd, why);
    }
    buf_fini(&room);
    free(split);
    return how;
}
