#include "worker/errand.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "common/error.h"
#include "common/sys/clock.h"
#include "worker/folder.h"
#include "worker/outputs.h"
#include "worker/slot.h"
#include "worker/wake.h"
#include "worker/worker.h"

enum {
    NOT_NOW_MS = 1000,
    PLAIN_ERRORS_MAX =
        65536, /* Of a plain task's standard error, to be seen. */
};
#define JOB_OUTPUT_MAX ((size_t)256 << 20) /* Whatever a job asks for. */

/* ---- what to run --------------------------------------------------------- */

static void
refuse(struct slot *slot, enum run_end how, const char *why)
{
    slot->errand.kind = ERRAND_NONE;
    slot->errand.refusal = how;
    reason_set(&slot->call.reason, "%s", why);
}

static void
choose_handler(struct slot *slot, const struct stint_task *task)
{
    const struct program *p = slot->errand.program;
    const char *name = p != NULL && p->what->program == STINT_PROGRAM_HANDLER
                           ? p->what->handler
                           : stint_task_handler(task);

    slot->errand.kind = ERRAND_HANDLER;
    if (call_load(&slot->call, task, name)) return;
    refuse(slot, RUN_NOT_NOW, "no memory for the payload");
}

static void
choose_own(struct slot *slot, const struct stint_task *task)
{
    struct stint_worker *w = slot->worker;

    if (w->exec != NULL) {
        slot->errand.kind = ERRAND_FIXED;
    } else if (w->handlers.fallback != NULL) {
        choose_handler(slot, task);
    } else {
        refuse(slot, RUN_FAILED,
            "this worker only runs the commands of jobs: a task of a queue "
            "needs one that was started with a command behind -- or with "
            "handlers");
    }
}

static void
choose_command(struct slot *slot)
{
    slot->errand.kind = ERRAND_COMMAND;
    if (slot->worker->allow_exec) return;
    refuse(slot, RUN_FAILED,
        "this worker may not run commands of jobs: start it with --allow-exec");
}

static void
choose_of_job(struct slot *slot, const struct stint_task *task)
{
    struct errand *e = &slot->errand;
    tick_ns ours = slot->worker->task_timeout;

    int code = programs_get(slot->worker->programs, e->job, &e->program);
    if (code != 0) {
        char why[256];

        (void)snprintf(why, sizeof why, "what its job runs is not known: %s",
            stint_error_message());
        refuse(slot, error_can_retry(code) ? RUN_NOT_NOW : RUN_FAILED, why);
        return;
    }
    tick_ns theirs = e->program->what->timeout_ms * TICK_MS;
    e->timeout = ours == 0 || (theirs > 0 && theirs < ours) ? theirs : ours;
    switch (e->program->what->program) {
    case STINT_PROGRAM_COMMAND:
        choose_command(slot);
        break;
    case STINT_PROGRAM_HANDLER:
        choose_handler(slot, task);
        break;
    case STINT_PROGRAM_WORKER:
    default:
        choose_own(slot, task);
        break;
    }
}

static size_t
output_max(const struct slot *slot)
{
    const struct program *p = slot->errand.program;
    size_t wanted =
        p != NULL && p->command != NULL ? command_output_max(p->command) : 0;

    if (wanted == 0) return slot->worker->output_max;
    return wanted < JOB_OUTPUT_MAX ? wanted : JOB_OUTPUT_MAX;
}

void
errand_prepare(struct slot *slot, const struct stint_task *task)
{
    struct errand *e = &slot->errand;

    *e = (struct errand){ .job = stint_task_job(task),
        .seq = stint_task_seq(task),
        .timeout = slot->worker->task_timeout };
    call_begin(&slot->call);
    if (e->job == 0) {
        choose_own(slot, task);
    } else {
        choose_of_job(slot, task);
    }
    if (e->kind == ERRAND_HANDLER) {
        capture_begin(&slot->capture, 0, 0);
    } else {
        size_t max = output_max(slot);
        capture_begin(
            &slot->capture, max, e->job == 0 ? PLAIN_ERRORS_MAX : max);
    }
}

/* ---- running ------------------------------------------------------------- */

static void
tell_more(void *arg)
{
    wake(arg);
}

static enum stint_cause
cause_of(const struct slot *slot, const struct child_end *end)
{
    switch (end->cause) {
    case CHILD_NOT_STARTED:
        return STINT_CAUSE_NOT_STARTED;
    case CHILD_TIMED_OUT:
        return STINT_CAUSE_TIMEOUT;
    case CHILD_CANCELLED:
        return STINT_CAUSE_CANCELLED;
    case CHILD_TOO_LONG:
    case CHILD_NO_MEMORY:
        return STINT_CAUSE_LIMIT;
    case CHILD_EXITED:
    case CHILD_LOST:
    default:
        break;
    }
    const struct program *p = slot->errand.program;
    bool limited = p != NULL && p->what->command.cpu_ms > 0;
    return limited && end->signal == SIGXCPU ? STINT_CAUSE_LIMIT
                                             : STINT_CAUSE_ENDED;
}

/* As a shell tells of what it could not start. */
static int
code_of(const struct child_end *end)
{
    if (end->cause == CHILD_LOST) return -1;
    if (end->cause != CHILD_NOT_STARTED) return end->code;
    return end->error == ENOENT ? 127 : 126;
}

static void
note_child(struct slot *slot, const struct child_end *end)
{
    struct stint_attempt *how = &slot->errand.how;

    how->cause = cause_of(slot, end);
    how->code = code_of(end);
    how->signal = end->signal;
    how->out_cut = slot->capture.cut[CAPTURE_OUT];
    how->err_cut = slot->capture.cut[CAPTURE_ERR];
    how->began_ns = end->began;
    how->wall_ns = end->wall;
    how->user_ns = end->user;
    how->system_ns = end->system;
    how->memory = end->memory;
}

static struct run_task
task_for(struct slot *slot, const struct stint_task *task)
{
    struct stint_bytes payload = stint_task_payload(task);

    return (struct run_task){
        .payload = { payload.data, payload.size },
        .id = stint_task_id(task),
        .fence = stint_task_fence(task),
        .job = slot->errand.job,
        .seq = slot->errand.seq,
        .attempt = stint_task_attempt(task),
        .queue = stint_task_queue(task),
        .timeout = slot->errand.timeout,
        .cancel_fd = slot->cancel_fd,
        .capture = &slot->capture,
        .progress = &slot->call.progress,
        .more = tell_more,
        .more_arg = slot->worker,
    };
}

static enum run_end
run_fixed(struct slot *slot, const struct stint_task *task)
{
    const struct run_task run = task_for(slot, task);
    struct child_end end;

    enum run_end how =
        exec_run(slot->worker->exec, &run, &end, &slot->call.reason);
    note_child(slot, &end);
    return how;
}

/* A folder of its own. */
static enum run_end
make_folder(
    struct slot *slot, const struct stint_task *task, struct folder *folder)
{
    struct stint_worker *w = slot->worker;
    struct reason *why = &slot->call.reason;
    const char *space = workspace_path(&w->space, why);

    if (space == NULL
        || !folder_make(folder, space, stint_task_id(task), why)) {
        return RUN_FAILED;
    }
    return RUN_DONE;
}

static enum run_end
bring_inputs(struct slot *slot, const struct folder *folder)
{
    const struct stint_job_program *what = slot->errand.program->what;

    return inputs_bring(&slot->worker->inputs, slot->errand.job, what->files,
        what->files_count, folder, slot->cancel_fd, &slot->call.reason);
}

/* In a folder of its own, or in none. */
static enum run_end
run_there(struct slot *slot, const struct stint_task *task,
    const struct folder *folder, struct child_end *end)
{
    const struct program *program = slot->errand.program;
    const struct run_task run = task_for(slot, task);
    bool has_inputs = program->what->files_count > 0;
    enum run_end how = has_inputs ? bring_inputs(slot, folder) : RUN_DONE;

    if (how != RUN_DONE) return how;
    how = command_run(program->command, &run, folder, end, &slot->call.reason);
    if (how == RUN_DONE && program->what->command.outputs != NULL) {
        how = outputs_send(task, program->what->command.outputs, folder,
            slot->cancel_fd, &slot->call.reason);
    }
    if (has_inputs) inputs_leave(&slot->worker->inputs, slot->errand.job);
    return how;
}

static enum run_end
run_command(struct slot *slot, const struct stint_task *task)
{
    const struct program *program = slot->errand.program;
    struct child_end end = { .cause = CHILD_NOT_STARTED };
    enum run_end how = RUN_DONE;
    struct folder folder;

    folder_init(&folder);
    if (command_has_folder(program->command) || program->what->files_count > 0
        || program->what->command.outputs != NULL) {
        how = make_folder(slot, task, &folder);
    }
    if (how == RUN_DONE) how = run_there(slot, task, &folder, &end);
    worker_remove_folder(slot->worker, &folder);
    note_child(slot, &end);
    return how;
}

static tick_ns
time_of(struct timeval t)
{
    return t.tv_sec * TICK_S + t.tv_usec * TICK_US;
}

/* A handler that left early because it was asked to has not failed. */
static enum run_end
run_handler(struct slot *slot)
{
    struct stint_attempt *how = &slot->errand.how;
    struct rusage before = { 0 }, after = { 0 };
    bool counts = slot->errand.job != 0;

    if (counts) (void)getrusage(RUSAGE_THREAD, &before);
    enum run_end end = call_run(&slot->call, &slot->worker->handlers);
    if (counts) {
        (void)getrusage(RUSAGE_THREAD, &after);
        how->wall_ns = clock_now() - slot->started;
        how->began_ns = clock_wall() - how->wall_ns;
        how->user_ns = time_of(after.ru_utime) - time_of(before.ru_utime);
        how->system_ns = time_of(after.ru_stime) - time_of(before.ru_stime);
    }
    if (end == RUN_FAILED && atomic_load(&slot->call.cancelled)) {
        return RUN_GIVEN_BACK;
    }
    return end;
}

enum run_end
errand_run(struct slot *slot, const struct stint_task *task)
{
    switch (slot->errand.kind) {
    case ERRAND_FIXED:
        return run_fixed(slot, task);
    case ERRAND_COMMAND:
        return run_command(slot, task);
    case ERRAND_HANDLER:
        return run_handler(slot);
    case ERRAND_NONE:
    default:
        slot->errand.how.cause = STINT_CAUSE_NOT_STARTED;
        slot->errand.how.code = 126;
        return slot->errand.refusal;
    }
}

/* ---- telling the master -------------------------------------------------- */

static struct stint_bytes
bytes_of(const struct buf *b)
{
    return (struct stint_bytes){ b->bytes, b->length };
}

static int
fail_too_large(struct slot *slot, struct stint_task *task, size_t size)
{
    worker_count_late_failure(slot->worker);
    reason_set(&slot->call.reason,
        "a result of %zu bytes is larger than the master takes", size);
    return stint_task_post_fail(task, slot->call.reason.text, STINT_FOREVER);
}

static int
report_done(struct slot *slot, struct stint_task *task)
{
    struct stint_bytes result = bytes_of(
        slot->errand.kind == ERRAND_HANDLER ? &slot->call.result
                                            : &slot->capture.kept[CAPTURE_OUT]);
    int code = stint_task_post_done(task, result.data, result.size);

    return code == STINT_ETOOLARGE ? fail_too_large(slot, task, result.size)
                                   : code;
}

static int
report_plain(struct slot *slot, struct stint_task *task, enum run_end how)
{
    const char *why = slot->call.reason.text;

    if (how == RUN_DONE) return report_done(slot, task);
    return stint_task_post_fail(
        task, why, how == RUN_REFUSED ? STINT_FOREVER : 0);
}

static int
post_with(struct slot *slot, struct stint_task *task, enum run_end how,
    struct stint_bytes out, struct stint_bytes err)
{
    const struct stint_attempt *note = &slot->errand.how;

    if (how == RUN_DONE) {
        return stint_task_post_done_with(task, note, out, err);
    }
    return stint_task_post_fail_with(task, slot->call.reason.text,
        how == RUN_REFUSED ? STINT_FOREVER : 0, note, out, err);
}

/* What is too long is made shorter by such a part of it, until it fits. */
enum { CUT_PART = 32 };

/* What a command wrote is cut to what the master takes; half a result of a
 * handler is none. */
static int
report_with(struct slot *slot, struct stint_task *task, enum run_end how)
{
    struct stint_attempt *note = &slot->errand.how;
    struct stint_bytes out = { NULL, 0 }, err = { NULL, 0 };
    bool is_handler = slot->errand.kind == ERRAND_HANDLER;

    note->attempt = stint_task_attempt(task);
    note->reason = how == RUN_DONE ? NULL : slot->call.reason.text;
    if (is_handler) {
        if (how == RUN_DONE) out = bytes_of(&slot->call.result);
    } else {
        out = bytes_of(&slot->capture.kept[CAPTURE_OUT]);
        err = bytes_of(&slot->capture.kept[CAPTURE_ERR]);
    }
    for (;;) {
        int code = post_with(slot, task, how, out, err);

        if (code != STINT_ETOOLARGE) return code;
        if (is_handler || out.size + err.size == 0) {
            return fail_too_large(slot, task, out.size + err.size);
        }
        bool cut_out = out.size >= err.size;
        size_t *size = cut_out ? &out.size : &err.size;
        *(cut_out ? &note->out_cut : &note->err_cut) = true;
        *size -= *size / CUT_PART > 0 ? *size / CUT_PART : *size;
    }
}

int
errand_report(struct slot *slot, struct stint_task *task, enum run_end how)
{
    switch (how) {
    case RUN_NOT_NOW:
        return stint_task_post_release(task, NOT_NOW_MS);
    case RUN_GIVEN_BACK:
        return slot->errand.how.cause == STINT_CAUSE_NOT_STARTED
                   ? stint_task_post_release(task, 0)
                   : stint_task_post_unfinished(task, 0);
    case RUN_DONE:
    case RUN_FAILED:
    case RUN_REFUSED:
    default:
        return slot->errand.job == 0 ? report_plain(slot, task, how)
                                     : report_with(slot, task, how);
    }
}

void
errand_finish(struct slot *slot)
{
    if (slot->errand.program != NULL) {
        programs_drop(slot->worker->programs, slot->errand.program);
    }
    slot->errand.program = NULL;
    call_unload(&slot->call);
}
