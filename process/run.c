/* What stint_process.h says of running a program to its end. */
#include <stdlib.h>
#include <string.h>

#include "common/sys/say.h"
#include "process/child.h"
#include "process/program.h"

/* The capture's memory becomes the caller's. */
static struct stint_bytes
take(struct capture *c, enum capture_stream stream)
{
    struct buf *b = &c->kept[stream];
    struct stint_bytes bytes = { b->bytes, b->length };

    buf_init(b);
    return bytes;
}

static void
complete(
    struct stint_completed *out, struct capture *c, const struct child_end *end)
{
    *out = (struct stint_completed){
        .returncode = end->signal != 0 ? -end->signal : end->code,
        .timed_out = end->cause == CHILD_TIMED_OUT,
        .out_cut = c->cut[CAPTURE_OUT],
        .err_cut = c->cut[CAPTURE_ERR],
        .out = take(c, CAPTURE_OUT),
        .err = take(c, CAPTURE_ERR),
        .usage = { .wall_ns = end->wall,
            .user_ns = end->user,
            .system_ns = end->system,
            .memory = end->memory },
    };
}

static int
judge(const struct stint_run_options *o, const struct launch *l,
    const struct child_end *end)
{
    const char *program = l->start.argv[0];

    switch (end->cause) {
    case CHILD_NOT_STARTED:
        return launch_error(l, end->error);
    case CHILD_TIMED_OUT:
        return say(STINT_ETIMEOUT, "\"%s\" was ended after %lld ms", program,
            (long long)o->timeout_ms);
    case CHILD_NO_MEMORY:
        return say(STINT_ENOMEM, "no memory for the output of \"%s\"", program);
    case CHILD_LOST:
        return say(STINT_ESYSTEM,
            "how \"%s\" ended was not told: this program ignores SIGCHLD, or "
            "waits for children that are not its own",
            program);
    case CHILD_EXITED:
    case CHILD_CANCELLED:
    case CHILD_TOO_LONG:
    default:
        return 0;
    }
}

static tick_ns
timeout_of(const struct stint_run_options *o)
{
    int64_t ms = o->timeout_ms;

    if (ms <= 0) return 0;
    return ms > TICK_NEVER / TICK_MS ? TICK_NEVER : ms * TICK_MS;
}

int
stint_run(const struct stint_run_options *options, struct stint_completed *out)
{
    struct launch l;
    struct capture capture;
    struct child_end end;

    memset(out, 0, sizeof *out);
    int rc = program_prepare(&l, options);
    if (rc != 0) return rc;
    l.start.no_input = options->input == NULL;
    capture_init(&capture);
    capture_begin(
        &capture, program_output_max(options), program_output_max(options));
    const struct child_config config = { .start = l.start,
        .input = { options->input,
            options->input != NULL ? options->input_size : 0 },
        .capture = &capture,
        .timeout = timeout_of(options),
        .grace = l.start.grace,
        .cancel_fd = -1 };
    child_run(&config, &end);
    rc = judge(options, &l, &end);
    complete(out, &capture, &end);
    capture_fini(&capture);
    launch_release(&l);
    return rc;
}

void
stint_completed_free(struct stint_completed *c)
{
    if (c == NULL) return;
    free((void *)(uintptr_t)c->out.data);
    free((void *)(uintptr_t)c->err.data);
    memset(c, 0, sizeof *c);
}
