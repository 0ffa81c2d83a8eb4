/* Handles of jobs: how they are got, and let go of.          [layer: client] */
#include <stdlib.h>

#include "client/call.h"
#include "client/inspect.h"
#include "client/job/encode.h"
#include "client/job/job.h"
#include "client/job/job_put.h"
#include "client/job/job_read.h"
#include "client/job/sentinel.h"
#include "client/pump.h"
#include "client/queue.h"
#include "common/sys/say.h"

enum { OPEN_BYTES = 2048, NEEDS_MAX = 32, LIST_JOBS = 4, OUR_OWN = 1 };
enum { LOSSES_MAX = UINT16_MAX };

static const char DEFAULT_QUEUE[] = "default";

/* ---- opening ------------------------------------------------------------- */

static size_t
length_of(const char *text)
{
    return text != NULL ? strlen(text) : 0;
}

static int
check_texts(const struct stint_job_options *o)
{
    size_t handler = length_of(o->handler);

    if (o->queue != NULL) {
        int rc = queue_check_name(o->queue);
        if (rc != 0) return rc;
    }
    if (length_of(o->name) > PROTO_NAME_MAX
        || length_of(o->key) > PROTO_NAME_MAX) {
        return say(STINT_EINVAL,
            "the name or the key of the job is longer than %d bytes",
            PROTO_NAME_MAX);
    }
    if (handler > 64 || (o->program == STINT_PROGRAM_HANDLER && handler == 0)) {
        return say(STINT_EINVAL, "the handler has a name of 1 to 64 bytes");
    }
    return 0;
}

static int
check_options(const struct stint_job_options *o)
{
    if (o->program > STINT_PROGRAM_HANDLER || o->halt > STINT_HALT_NOW
        || o->halt_count > INT64_MAX || o->halt_percent > 100
        || o->window > INT64_MAX || o->losses_plus_one > LOSSES_MAX
        || !pump_is_ms(o->timeout_ms) || !pump_is_ms(o->backoff_ms)
        || !pump_is_ms(o->keep_ms) || !pump_is_ms(o->expires_ms)) {
        return say(STINT_EINVAL,
            "an option of the job is out of its bounds: times are 0 or more, "
            "halt_percent is at most 100, losses_plus_one at most %d",
            LOSSES_MAX);
    }
    if (queue_durability(o->durability) < 0) {
        return say(STINT_EINVAL,
            "the durability of a job is synced, written or memory, not "
            "\"%.64s\"",
            o->durability);
    }
    return check_texts(o);
}

static struct slice
text_of(const char *text)
{
    return slice_of(text != NULL ? text : "");
}

static struct msg
message_of(const struct stint_job_options *o)
{
    struct msg m = { .type = MSG_job_open };

    m.as.job_open = (struct msg_job_open){
        .queue = slice_of(o->queue != NULL ? o->queue : DEFAULT_QUEUE),
        .name = text_of(o->name),
        .key = text_of(o->key),
        .program = (uint64_t)o->program,
        .timeout_ns = (uint64_t)(o->timeout_ms * TICK_MS),
        .attempts_max = o->attempts_max,
        .backoff_ns = (uint64_t)(o->backoff_ms * TICK_MS),
        .running_max = o->running_max,
        .halt = (uint64_t)o->halt,
        .halt_count = o->halt_count,
        .halt_percent = o->halt_percent,
        .priority = o->priority,
        .window = o->window,
        .keep_ns = (uint64_t)(o->keep_ms * TICK_MS),
        .durability = (uint64_t)queue_durability(o->durability),
        .expires_ns = (uint64_t)(o->expires_ms * TICK_MS),
        .losses_plus_one = o->losses_plus_one,
    };
    if (o->program == STINT_PROGRAM_HANDLER) {
        m.as.job_open.handler = slice_of(o->handler);
    }
    return m;
}

/* What is asked by a message in two buffers. */
struct opening {
    struct buf command, needs;
    struct msg m;
};

static int
prepare(struct opening *o, const struct stint_job_options *options)
{
    int rc = check_options(options);

    if (rc != 0) return rc;
    o->m = message_of(options);
    if (options->program == STINT_PROGRAM_COMMAND) {
        rc = encode_command(&o->command, &options->command);
        if (rc != 0) return rc;
        o->m.as.job_open.command =
            (struct slice){ o->command.bytes, o->command.length };
    }
    return encode_traits(
        &o->needs, &o->m.as.job_open.needs, options->needs, NEEDS_MAX);
}

static int
check_frame(const struct stint *s, size_t bytes)
{
    uint64_t most = rpc_welcome(s->rpc).frame_max;

    if (most == 0 || bytes <= most - most / 16) return 0;
    return say(STINT_ETOOLARGE,
        "the command of the job has %zu bytes with its environment, more than "
        "the master takes (%llu)",
        bytes, (unsigned long long)(most - most / 16));
}

/* One stream alone may be so long; both together are cut to it. */
static int
check_output(const struct stint *s, uint64_t wanted)
{
    uint64_t most = rpc_welcome(s->rpc).payload_max;

    if (most == 0 || wanted <= most) return 0;
    return say(STINT_ETOOLARGE,
        "%llu bytes of output of a task are more than the %llu that the master "
        "keeps (stint master --payload-max); large output is better a file "
        "that comes back",
        (unsigned long long)wanted, (unsigned long long)most);
}

static int
send_open(struct stint *s, struct msg *m, struct stint_job **out)
{
    const struct msg_job_open asked = m->as.job_open;
    size_t bytes = OPEN_BYTES + asked.command.length + asked.needs.bytes.length;
    struct call call;

    int rc = pump_obstacle(s);
    if (rc == 0) rc = check_frame(s, bytes);
    if (rc == 0) rc = call_begin(&call, s, 1, bytes);
    if (rc == 0) rc = call_send(&call, m, call_deadline(s));
    if (rc != 0) return rc;
    const struct msg_job_is *is = &call.m.as.job_is;
    if (call.m.type != MSG_job_is) {
        rc = say(STINT_EPROTO, "the master did not answer with a job");
    } else {
        *out = job_new(s, asked.queue, is->job, asked.window);
        rc = *out != NULL ? 0 : STINT_ENOMEM;
    }
    if (rc == 0) {
        (*out)->existed = is->existed != 0;
        (*out)->existed_tasks = is->tasks;
        (*out)->puts.closed = is->closed != 0;
    }
    call_end(&call);
    return rc;
}

int
stint_job_open(struct stint *s, const struct stint_job_options *options,
    struct stint_job **out)
{
    static const struct stint_job_options none;
    struct opening opening = { .m.type = MSG_job_open };

    *out = NULL;
    buf_init(&opening.command);
    buf_init(&opening.needs);
    int rc = prepare(&opening, options != NULL ? options : &none);
    if (rc == 0) {
        pump_enter(s);
        rc = pump_obstacle(s);
        if (rc == 0 && options != NULL
            && options->program == STINT_PROGRAM_COMMAND) {
            rc = check_output(s, options->command.output_max);
        }
        if (rc == 0) rc = send_open(s, &opening.m, out);
        pump_leave(s);
    }
    buf_fini(&opening.command);
    buf_fini(&opening.needs);
    return rc;
}

/* ---- finding ------------------------------------------------------------- */

struct found {
    uint64_t number; /* 0: none. */
    char queue[PROTO_NAME_MAX + 1];
};

static int
keep_job(const void *arg, const void *record)
{
    struct found *found = *(struct found *const *)arg;
    const struct rec_job_row *row = record;

    found->number = row->job;
    (void)inspect_text(found->queue, sizeof(found->queue), row->queue);
    return 0;
}

/* The last row that is listed. */
static int
find(struct stint *s, uint64_t number, struct found *found)
{
    struct found *at = found;
    const struct inspect_view view = { RECORD_job_row, keep_job, &at };
    struct msg m = { .type = MSG_list };
    int64_t ms =
        s->timeout == TICK_NEVER ? STINT_FOREVER : s->timeout / TICK_MS;

    m.as.list.what = LIST_JOBS;
    m.as.list.job = number;
    m.as.list.state = number == 0 ? OUR_OWN : 0;
    int rc = inspect_list(s, &m, &view, 0, ms);
    if (rc == STINT_ENOJOB || (rc == 0 && found->number == 0 && number != 0)) {
        return say(STINT_ENOJOB,
            "there is no job %llu; `stint jobs` lists them",
            (unsigned long long)number);
    }
    if (rc != 0 || found->number != 0) return rc;
    return say(STINT_ENOJOB, "no job was submitted with this key");
}

int
stint_job_find(struct stint *s, uint64_t number, struct stint_job **out)
{
    struct found found = { .number = 0 };

    *out = NULL;
    int rc = find(s, number, &found);
    if (rc != 0) return rc;
    pump_enter(s);
    *out = job_new(s, slice_of(found.queue), found.number, 0);
    pump_leave(s);
    return *out != NULL ? 0 : STINT_ENOMEM;
}

/* ---- the rest ------------------------------------------------------------ */

uint64_t
stint_job_number(const struct stint_job *job)
{
    return job->number;
}

bool
stint_job_existed(const struct stint_job *job, uint64_t *tasks)
{
    if (tasks != NULL) *tasks = job->existed_tasks;
    return job->existed;
}

void
stint_job_free(struct stint_job *job)
{
    if (job == NULL) return;

    struct stint *s = job->s;
    pump_enter(s);
    job_read_fini(job);
    sentinel_fini(job);
    job->freed = true;
    bool goes_on = !job_put_is_idle(job);
    if (!goes_on) job_free(job);
    if (s->closed) {
        inside_drop(s);
        return;
    }
    if (!goes_on) s->refs--;
    pump_leave(s);
}
