/* Looking at a master: its status and its lists.            [layer: client] */
#include "client/inspect.h"

#include <string.h>

#include "client/call.h"
#include "client/job/decode.h"
#include "client/pump.h"
#include "client/queue.h"
#include "common/sys/say.h"

enum { LIST_BYTES = 512, PAGE_MAX = 1000 };
enum list_what { LIST_QUEUES, LIST_PEERS, LIST_TASKS, LIST_KEYS };

const char *
inspect_text(char *out, size_t size, struct slice text)
{
    size_t length = text.length < size - 1 ? text.length : size - 1;

    if (length > 0) memcpy(out, text.bytes, length);
    out[length] = '\0';
    return out;
}

static void
fill_status(struct stint_status *out, const struct msg_master_row *row)
{
    *out = (struct stint_status){ .uptime_ns = (int64_t)row->uptime_ns,
        .memory = row->memory,
        .memory_max = row->memory_max,
        .queues = row->queues,
        .clients = row->clients,
        .workers = row->workers,
        .slots = row->slots,
        .ready = row->ready,
        .delayed = row->delayed,
        .leased = row->leased,
        .accepted = row->accepted,
        .done = row->done,
        .dead = row->dead,
        .cancelled = row->cancelled,
        .expired = row->expired,
        .disk_full = row->disk_full != 0,
        .running = row->running };
    (void)inspect_text(out->software, sizeof(out->software), row->software);
    (void)inspect_text(
        out->durability, sizeof(out->durability), row->durability);
}

int
stint_status(struct stint *s, struct stint_status *out, int64_t timeout_ms)
{
    struct msg m = { .type = MSG_status };
    struct call call;

    int rc = pump_check_timeout(timeout_ms);
    if (rc != 0) return rc;
    pump_enter(s);
    rc = call_begin(&call, s, 1, LIST_BYTES);
    if (rc == 0) rc = call_send(&call, &m, pump_deadline(timeout_ms));
    if (rc == 0 && call.m.type != MSG_master_row) {
        call_end(&call);
        rc = say(STINT_EPROTO, "the master did not answer with its status");
    }
    if (rc == 0) {
        fill_status(out, &call.m.as.master_row);
        call_end(&call);
    }
    pump_leave(s);
    return rc;
}

/* ---- lists, page by page ------------------------------------------------- */

struct queues_view {
    int (*see)(void *arg, const struct stint_queue_row *row);
    void *arg;
};
struct peers_view {
    int (*see)(void *arg, const struct stint_peer_row *row);
    void *arg;
};
struct tasks_view {
    int (*see)(void *arg, const struct stint_task_row *row);
    void *arg;
};
struct keys_view {
    int (*see)(void *arg, const struct stint_key_row *row);
    void *arg;
};

static struct stint_queue_jobs
jobs_of(const struct rec_queue_row *r)
{
    return (struct stint_queue_jobs){
        .accepted = r->jobs_accepted,
        .ready = r->jobs_ready,
        .delayed = r->jobs_delayed,
        .leased = r->jobs_leased,
        .running = r->jobs_running,
        .done = r->jobs_done,
        .dead = r->jobs_dead,
        .cancelled = r->jobs_cancelled,
        .expired = r->jobs_expired,
        .failures = r->jobs_failures,
        .lost = r->jobs_lost,
        .timeouts = r->jobs_timeouts,
        .released = r->jobs_released,
    };
}

static int
show_queue(const void *arg, const void *record)
{
    const struct queues_view *view = arg;
    static const char *const durabilities[] = { "synced", "written", "memory" };
    const struct rec_queue_row *r = record;
    char name[PROTO_NAME_MAX + 1];
    struct stint_queue_row row = {
        .name = inspect_text(name, sizeof(name), r->queue),
        .kind = (enum stint_queue_kind)r->kind,
        .shut = r->shut != 0,
        .attempts_max = (unsigned)r->attempts_max,
        .max_tasks = r->max_tasks,
        .max_bytes = r->max_bytes,
        .ready = r->ready,
        .delayed = r->delayed,
        .leased = r->leased,
        .bytes = r->bytes,
        .accepted = r->accepted,
        .done = r->done,
        .dead = r->dead,
        .cancelled = r->cancelled,
        .expired = r->expired,
        .failures = r->failures,
        .lost = r->lost,
        .timeouts = r->timeouts,
        .released = r->released,
        .getters = r->getters,
        .putters = r->putters,
        .lease_ns = (int64_t)r->lease_ns,
        .durability = durabilities[r->durability],
        .workers = r->workers,
        .paused = r->paused != 0,
        .running = r->running,
        .jobs = jobs_of(r),
    };

    return view->see(view->arg, &row);
}

static int
show_peer(const void *arg, const void *record)
{
    const struct peers_view *view = arg;
    const struct rec_peer_row *r = record;
    char name[PROTO_NAME_MAX + 1];
    char host[PROTO_NAME_MAX + 1];
    char key[PROTO_NAME_MAX + 1];
    char traits[1024 + 1];
    struct stint_peer_row row = {
        .traits = inspect_text(traits, sizeof(traits), r->traits),
        .name = inspect_text(name, sizeof(name), r->name),
        .host = inspect_text(host, sizeof(host), r->host),
        .key = inspect_text(key, sizeof(key), r->key),
        .pid = (int64_t)r->pid,
        .kind = (enum stint_peer_kind)r->kind,
        .alive = r->alive != 0,
        .slots = (unsigned)r->slots,
        .leased = r->leased,
        .done = r->done,
        .failed = r->failed,
        .silent_ns = (int64_t)r->silent_ns,
        .age_ns = (int64_t)r->age_ns,
        .draining = r->draining != 0,
        .running = r->running,
    };

    return view->see(view->arg, &row);
}

static int
show_task(const void *arg, const void *record)
{
    const struct tasks_view *view = arg;
    const struct rec_task_row *r = record;
    char queue[PROTO_NAME_MAX + 1];
    char worker[PROTO_NAME_MAX + 1];
    char handler[PROTO_NAME_MAX + 1];
    char reason[PROTO_REASON_MAX + 1];
    char progress[PROTO_NAME_MAX + 1];
    struct stint_task_row row = {
        .task = r->task,
        .queue = inspect_text(queue, sizeof(queue), r->queue),
        .worker = inspect_text(worker, sizeof(worker), r->worker),
        .reason = inspect_text(reason, sizeof(reason), r->reason),
        .handler = inspect_text(handler, sizeof(handler), r->handler),
        .state = (enum stint_task_state)r->state,
        .priority = (int)r->priority,
        .attempts = (unsigned)r->attempts,
        .failures = (unsigned)r->failures,
        .lost = (unsigned)r->lost,
        .timeouts = (unsigned)r->timeouts,
        .released = (unsigned)r->released,
        .age_ns = (int64_t)r->age_ns,
        .wait_ns = (int64_t)r->wait_ns,
        .ended_ns = (int64_t)r->ended_ns,
        .bytes = r->bytes,
        .head = { r->head.bytes, r->head.length },
        .job = r->job,
        .seq = r->seq,
        .progress_done = r->progress_done,
        .progress_total = r->progress_total,
        .progress_text =
            inspect_text(progress, sizeof(progress), r->progress_text),
        .held_ns = (int64_t)r->held_ns,
        .running = r->running != 0,
    };
    struct buf room;

    buf_init(&room);
    struct decode_attempts tries = decode_attempts(&room, r->notes);
    row.tries = tries.tries;
    row.tries_count = tries.count;
    int rc = view->see(view->arg, &row);
    buf_fini(&room);
    return rc;
}

static int
show_key(const void *arg, const void *record)
{
    const struct keys_view *view = arg;
    const struct rec_key_row *r = record;
    char name[PROTO_NAME_MAX + 1];
    struct stint_key_row row = {
        .name = inspect_text(name, sizeof(name), r->name),
        .role = (unsigned)r->role,
        .revoked = r->revoked != 0,
        .peers = r->peers,
    };

    memcpy(row.public_key, r->public_key.bytes, sizeof(row.public_key));
    return view->see(view->arg, &row);
}

/* Every list's answer has the same members; they differ in their record. */
static bool
is_page(const struct msg *m, enum record_type type)
{
    switch ((unsigned)m->type) {
    case MSG_queue_rows:
        return type == RECORD_queue_row;
    case MSG_peer_rows:
        return type == RECORD_peer_row;
    case MSG_task_rows:
        return type == RECORD_task_row;
    case MSG_key_rows:
        return type == RECORD_key_row;
    case MSG_job_rows:
        return type == RECORD_job_row;
    case MSG_schedule_rows:
        return type == RECORD_schedule_row;
    case MSG_object_rows:
        return type == RECORD_object_row;
    case MSG_object_users:
        return type == RECORD_object_user;
    default:
        return false;
    }
}

union any_row {
    struct rec_queue_row queue;
    struct rec_peer_row peer;
    struct rec_task_row task;
    struct rec_key_row key;
    struct rec_job_row job;
    struct rec_schedule_row schedule;
    struct rec_object_row object;
    struct rec_object_user user;
};

/* Show a page; the rows lie in the answer, so the lock is not needed. */
static int
show_page(const struct call *call, const struct inspect_view *view,
    uint64_t *left, uint64_t *next)
{
    union any_row row;

    if (!is_page(&call->m, view->type)) {
        return say(STINT_EPROTO, "the master did not answer with a list");
    }
    struct proto_list rows = call->m.as.queue_rows.rows;
    *next = call->m.as.queue_rows.next;
    while (*left > 0 && codec_list_next(&rows, view->type, &row)) {
        int rc = view->show(view->arg, &row);
        if (rc != 0) return rc;
        (*left)--;
    }
    return 0;
}

static int
fetch_page(struct stint *s, struct call *call, struct msg *m, tick_ns deadline)
{
    pump_enter(s);
    int rc = call_begin(call, s, 1, LIST_BYTES);
    if (rc == 0) rc = call_send(call, m, deadline);
    pump_leave(s);
    return rc;
}

int
inspect_list(struct stint *s, struct msg *m, const struct inspect_view *view,
    uint64_t limit, int64_t timeout_ms)
{
    uint64_t left = limit != 0 ? limit : UINT64_MAX;
    uint64_t next = 0;
    struct call call;

    int rc = pump_check_timeout(timeout_ms);
    tick_ns deadline = pump_deadline(timeout_ms);
    while (rc == 0) {
        m->as.list.after = next;
        m->as.list.limit = left < PAGE_MAX ? left : PAGE_MAX;
        rc = fetch_page(s, &call, m, deadline);
        if (rc != 0) return rc;
        rc = show_page(&call, view, &left, &next);
        call_end(&call);
        if (next == 0 || left == 0) return rc;
    }
    return rc;
}

int
stint_list_queues(struct stint *s, const char *only,
    int (*see)(void *arg, const struct stint_queue_row *row), void *arg,
    int64_t timeout_ms)
{
    const struct queues_view seen = { see, arg };
    const struct inspect_view view = { RECORD_queue_row, show_queue, &seen };
    struct msg m = { .type = MSG_list };

    m.as.list.what = LIST_QUEUES;
    if (only != NULL) {
        int rc = queue_check_name(only);
        if (rc != 0) return rc;
        m.as.list.queue = slice_of(only);
    }
    return inspect_list(s, &m, &view, 0, timeout_ms);
}

int
stint_list_peers(struct stint *s,
    int (*see)(void *arg, const struct stint_peer_row *row), void *arg,
    int64_t timeout_ms)
{
    const struct peers_view seen = { see, arg };
    const struct inspect_view view = { RECORD_peer_row, show_peer, &seen };
    struct msg m = { .type = MSG_list };

    m.as.list.what = LIST_PEERS;
    return inspect_list(s, &m, &view, 0, timeout_ms);
}

int
stint_list_tasks(struct stint *s, const struct stint_task_filter *filter,
    int (*see)(void *arg, const struct stint_task_row *row), void *arg,
    int64_t timeout_ms)
{
    static const struct stint_task_filter none;
    const struct stint_task_filter *f = filter != NULL ? filter : &none;
    const struct tasks_view seen = { see, arg };
    const struct inspect_view view = { RECORD_task_row, show_task, &seen };
    struct msg m = { .type = MSG_list };

    m.as.list.what = LIST_TASKS;
    if (f->queue != NULL) {
        int rc = queue_check_name(f->queue);
        if (rc != 0) return rc;
        m.as.list.queue = slice_of(f->queue);
    }
    if (f->state_plus_one < 0 || f->state_plus_one > STINT_EXPIRED + 1) {
        return say(STINT_EINVAL, "%d is no state of a task plus one",
            f->state_plus_one);
    }
    m.as.list.state = (uint64_t)f->state_plus_one;
    m.as.list.task = f->task;
    m.as.list.job = f->job;
    if (f->running) m.as.list.running = 1;
    if (f->ahead) m.as.list.running = 2;
    return inspect_list(s, &m, &view, f->limit, timeout_ms);
}

int
stint_list_keys(struct stint *s,
    int (*see)(void *arg, const struct stint_key_row *row), void *arg,
    int64_t timeout_ms)
{
    const struct keys_view seen = { see, arg };
    const struct inspect_view view = { RECORD_key_row, show_key, &seen };
    struct msg m = { .type = MSG_list };

    m.as.list.what = LIST_KEYS;
    return inspect_list(s, &m, &view, 0, timeout_ms);
}
