#include "master/core/greet.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/error.h"
#include "common/text.h"
#include "master/core/ahead.h"
#include "master/core/backlog.h"
#include "master/core/jobs.h"
#include "master/core/life.h"
#include "master/core/match.h"
#include "master/core/outcome.h"
#include "master/core/place.h"
#include "master/core/receipt.h"
#include "master/core/reply.h"
#include "master/core/shared/sync.h"
#include "master/core/slots.h"
#include "master/core/verbs.h"

/* After bye: time for the last answers to be fetched. */
static const tick_ns leaving_time = TICK_S;

static bool
alarm_sooner(const struct heap_node *a, const struct heap_node *b)
{
    return CONTAINER_OF_CONST(a, struct session, alarm)->alarm_at
           < CONTAINER_OF_CONST(b, struct session, alarm)->alarm_at;
}

void
greet_init(struct core *core)
{
    heap_init(&core->alarms, alarm_sooner);
}

struct session *
greet_find(const struct core *core, uint64_t conn)
{
    struct session *found;

    HASH_FIND(by_conn, core->by_conn, &conn, sizeof conn, found);
    return found;
}

static struct session *
find_by_id(const struct core *core, struct slice id)
{
    struct session *found;

    HASH_FIND(by_id, core->by_id, id.bytes, PROTO_SESSION_BYTES, found);
    return found;
}

static void
set_alarm(struct core *core, struct session *s, tick_ns at)
{
    heap_remove(&core->alarms, &s->alarm);
    s->alarm_at = at;
    heap_add(&core->alarms, &s->alarm);
}

static void
report(struct core *core, const struct session *s, enum news_kind kind)
{
    news_add(&core->news,
        &(struct news_item){
            .kind = kind, .is_worker = s->kind == 1, .count = s->leased },
        slice_of(s->name), slice_of(s->host), slice_of(s->key->name));
}

void
greet_refuse(struct core *core, uint64_t conn, int code, const char *text)
{
    core->refused += 1;
    reply_letter(core, NULL, conn,
        &(struct msg){
            .type = MSG_refused,
            .as.refused = {
                .code = code,
                .text = slice_of(text != NULL ? text : error_text(code)),
                .version = PROTO_VERSION,
            },
        });
}

/* ---- connections --------------------------------------------------------- */

static void
connect_to(struct core *core, struct session *s, uint64_t conn)
{
    greet_disconnect(core, s);
    struct session *other = greet_find(core, conn);
    if (other != NULL) greet_disconnect(core, other);
    s->conn = conn;
    HASH_ADD(by_conn, core->by_conn, conn, sizeof s->conn, s);
    /* Without memory it has no connection: its client says hello again. */
    if (!HASH_IS_IN(by_conn, s)) s->conn = 0;
}

void
greet_disconnect(struct core *core, struct session *s)
{
    if (s->conn == 0) return;
    HASH_DELETE(by_conn, core->by_conn, s);
    s->conn = 0;
}

/* ---- new sessions -------------------------------------------------------- */

bool
greet_relieve(struct core *core, tick_ns now)
{
    struct session *oldest = NULL;

    for (struct session *s = core->by_id; s != NULL; s = s->by_id.next) {
        if (s->state != SESSION_SILENT || s->leaving) continue;
        if (oldest == NULL || s->heard < oldest->heard) oldest = s;
    }
    if (oldest == NULL) return false;
    greet_forget(core, now, oldest);
    return true;
}

static bool
make_room(struct core *core, tick_ns now)
{
    return HASH_CNT(by_id, core->by_id) < core->config.sessions_max
           || greet_relieve(core, now);
}

static struct session *
new_session(struct core *core, tick_ns now, struct slice id, struct key *key)
{
    struct session *s = session_new(id.bytes, key, now);
    if (s == NULL) return NULL;

    HASH_ADD(by_id, core->by_id, id, PROTO_SESSION_BYTES, s);
    if (!HASH_IS_IN(by_id, s)) {
        session_free(s);
        return NULL;
    }
    if (!slots_take(core, s)) {
        HASH_DELETE(by_id, core->by_id, s);
        session_free(s);
        return NULL;
    }
    s->alarm_at = tick_after(now, core->config.silence);
    heap_add(&core->alarms, &s->alarm);
    key->sessions += 1;
    return s;
}

/* What people call themselves goes to terminals. */
static void
copy_name(char out[PROTO_NAME_MAX + 1], struct slice name)
{
    if (name.length > 0) memcpy(out, name.bytes, name.length);
    text_clean((uint8_t *)out, name.length);
    out[name.length] = '\0';
}

int
greet_restore(struct core *core, tick_ns now, struct key *key,
    const struct rec_kept_session *row, struct session **out)
{
    if (find_by_id(core, row->session) != NULL) return STINT_EDAMAGED;
    struct session *s = new_session(core, now, row->session, key);

    if (s == NULL) return STINT_ENOMEM;
    s->restored = true;
    s->kind = (uint8_t)row->kind;
    copy_name(s->name, row->name);
    copy_name(s->host, row->host);
    s->pid = row->pid;
    s->slots = (uint32_t)row->slots;
    /* It is heard of when it comes back, and has longer for that. */
    tick_ns grace = core->config.grace - core->config.silence;
    if (grace > 0) s->heard = tick_after(now, grace);
    set_alarm(core, s, tick_after(s->heard, core->config.silence));
    *out = s;
    return 0;
}

/* ---- hello --------------------------------------------------------------- */

static void
describe(struct session *s, const struct msg_hello *hello)
{
    enum { WINDOW_MIN = 64 << 10, WINDOW_MAX = 64 << 20 };

    ahead_slots(s, (uint8_t)hello->kind, (uint32_t)hello->slots);
    copy_name(s->name, hello->name);
    copy_name(s->host, hello->host);
    s->pid = hello->pid;
    s->window = SESSION_WINDOW;
    if (hello->window_bytes != 0) s->window = (size_t)hello->window_bytes;
    if (s->window < WINDOW_MIN) s->window = WINDOW_MIN;
    if (s->window > WINDOW_MAX) s->window = WINDOW_MAX;
}

static void
welcome(struct core *core, struct session *s, bool resumed)
{
    reply_letter(core, s, s->conn,
        &(struct msg){
            .type = MSG_welcome,
            .as.welcome = {
                .version = PROTO_VERSION,
                .resumed = resumed,
                .master = { core->config.master, PROTO_SESSION_BYTES },
                .payload_max = core->config.payload_max,
                .frame_max = core->config.frame_max,
                .silence_ns = (uint64_t)core->config.silence,
                .role = s->key->role,
                .software = slice_of(core->config.software),
                .kept = !resumed && s->serial != 0,
            },
        });
}

/* Whether the frames that the client knows are of this start of the master. */
static bool
is_of_this_start(const struct core *core, const struct msg_hello *hello)
{
    struct slice master = hello->master;

    return master.length == 0
           || (master.length == PROTO_SESSION_BYTES
               && memcmp(master.bytes, core->config.master, master.length)
                      == 0);
}

static bool
resume(const struct core *core, struct session *s,
    const struct msg_hello *hello, uint64_t seen)
{
    return s != NULL && !s->leaving && !s->restored
           && is_of_this_start(core, hello)
           && stream_resume(&s->stream, seen) == 0;
}

/* A session that was restored goes on with frames numbered from 1; so too when
 * its client did not get the welcome that said so.  Returns false if it is no
 * such one. */
static bool
begin_again(struct core *core, tick_ns now, struct session *s,
    const struct msg_hello *hello)
{
    if (s == NULL || s->leaving) return false;
    bool unheard = s->stream.seen == 0 && s->stream.acked == 0
                   && !is_of_this_start(core, hello);
    if (!s->restored && !unheard) return false;
    s->restored = false;
    set_alarm(core, s, tick_after(now, core->config.silence));
    return stream_resume(&s->stream, 0) == 0;
}

void
greet_hello(struct core *core, tick_ns now, uint64_t conn, struct key *key,
    const struct msg_hello *hello, uint64_t seen)
{
    if (hello->version != PROTO_VERSION) {
        greet_refuse(core, conn, STINT_EPROTO,
            "this master speaks version 1 of the protocol: use a client of "
            "the same version");
        return;
    }
    struct session *s = find_by_id(core, hello->session);
    if (s != NULL && s->key != key) {
        greet_refuse(
            core, conn, STINT_EROLE, "this session belongs to another key");
        return;
    }
    struct needs traits;
    const char *why = NULL;
    int code = needs_read(hello->traits, &traits, &why);
    if (code != 0) {
        greet_refuse(core, conn, code, why);
        return;
    }
    size_t before = s != NULL ? session_out_bytes(s) : 0;
    bool resumed = resume(core, s, hello, seen);
    if (resumed) {
        core->out -= before - session_out_bytes(s);
        receipt_heard(core, s);
    } else if (!begin_again(core, now, s, hello)) {
        if (s != NULL) greet_forget(core, now, s);
        s = NULL;
        if (make_room(core, now)) {
            s = new_session(core, now, hello->session, key);
        }
        if (s == NULL) {
            needs_fini(&traits);
            greet_refuse(core, conn, STINT_ELIMIT,
                "the master holds as many sessions as it may: try again later "
                "or raise its limit");
            return;
        }
    }
    describe(s, hello);
    place_greet(s, &traits);
    if (!resumed) report(core, s, NEWS_JOINED);
    connect_to(core, s, conn);
    greet_heard(core, now, s);
    welcome(core, s, resumed);
    reply_sending(core, s);
    /* What was held back while there was no connection. */
    if (list_is_empty(&s->starved)) list_push(&core->starved, &s->starved);
}

/* ---- silence ------------------------------------------------------------- */

void
greet_heard(struct core *core, tick_ns now, struct session *s)
{
    s->heard = now;
    if (s->state == SESSION_SILENT && !s->leaving) {
        s->state = SESSION_LIVE;
        report(core, s, NEWS_BACK);
        set_alarm(core, s, tick_after(now, core->config.silence));
        /* What was held back for it; it need not say hello for that. */
        if (list_is_empty(&s->starved)) list_push(&core->starved, &s->starved);
        if (!list_is_empty(&s->backlog)) list_push(&core->behind, &s->behind);
    }
}

/* A task whose frame was never acknowledged did not reach it, and what it had
 * taken ahead it had not begun: that costs the task no attempt.  If it was seen
 * to die (or NULL) it is known what it ran. */
static enum life_cause
cause_of(
    const struct lease *l, enum life_cause cause, const struct core_death *seen)
{
    if (seen != NULL)
        return l->task->id == seen->task ? cause : LIFE_UNDELIVERED;
    if (life_is_undelivered(l)) return LIFE_UNDELIVERED;
    /* It is handed out to be begun at once: place.h. */
    if (!l->ahead || job_is_once(l->task)) return cause;
    return cause == LIFE_RELEASED ? LIFE_UNTRIED : LIFE_UNDELIVERED;
}

/* I13: what it held goes back, what it waited for ends. */
static void
give_back(struct core *core, tick_ns now, struct session *s,
    enum life_cause cause, const struct core_death *seen)
{
    const struct life_words how = {
        .reason = seen != NULL ? seen->how : (struct slice){ NULL, 0 }
    };

    ahead_freeze(s);
    for (;;) {
        struct list *node = list_first(&s->leases);
        if (node == NULL) break;
        const struct lease *l = CONTAINER_OF(node, struct lease, of_session);
        if (seen != NULL && seen->late && l->task->id == seen->task) {
            life_bury(core, now, l->task, LIFE_FAILED, &how);
        } else {
            life_return(core, now, l->task, cause_of(l, cause, seen), 0, &how);
        }
    }
    for (;;) {
        struct list *node = list_first(&s->waits);
        if (node == NULL) break;
        match_give_up(
            core, CONTAINER_OF(node, struct wait, of_session), STINT_ELOST);
    }
    sync_give_back(core, now, s);
}

static void
forget(struct core *core, tick_ns now, struct session *s,
    const struct core_death *seen)
{
    CHECK(s->state != SESSION_GHOST);
    give_back(core, now, s, LIFE_LOST, seen);
    backlog_drop(core, s);
    outcome_drop_all(core, s);
    jobs_orphan(core, s);
    files_drop_asks(core, s);
    receipt_forget(core, s);
    journal_session_gone(core, s);
    greet_disconnect(core, s);
    HASH_DELETE(by_id, core->by_id, s);
    heap_remove(&core->alarms, &s->alarm);
    list_remove(&s->sending);
    list_remove(&s->lazy);
    list_remove(&s->starved);
    s->key->sessions -= 1;
    core->out -= session_out_bytes(s);
    stream_fini(&s->stream);
    stream_init(&s->stream);
    slots_leave(core, s);
}

void
greet_forget(struct core *core, tick_ns now, struct session *s)
{
    forget(core, now, s, NULL);
}

void
greet_died(struct core *core, tick_ns now, struct session *s,
    const struct core_death *death)
{
    if (s->state == SESSION_LIVE) report(core, s, NEWS_LOST);
    forget(core, now, s, death);
}

void
greet_cut(struct core *core, tick_ns now, const struct key *key)
{
    struct session *next;

    for (struct session *s = core->by_id; s != NULL; s = next) {
        next = s->by_id.next;
        if (s->key != key) continue;
        if (s->conn != 0) {
            greet_refuse(core, s->conn, STINT_EAUTH,
                "this key was revoked: ask for a new one");
        }
        greet_forget(core, now, s);
    }
}

static void
fall_silent(struct core *core, tick_ns now, struct session *s)
{
    report(core, s, NEWS_LOST);
    give_back(core, now, s, LIFE_LOST, NULL);
    s->state = SESSION_SILENT;
    /* What it asked for it may not hear: it waits until it is back. */
    list_remove(&s->behind);
    set_alarm(core, s, tick_after(now, core->config.session_ttl));
}

void
greet_tick(struct core *core, tick_ns now)
{
    for (;;) {
        struct list *node = list_first(&core->broken);
        if (node == NULL) break;
        greet_forget(core, now, CONTAINER_OF(node, struct session, sending));
    }
    for (;;) {
        struct heap_node *node = heap_peek(&core->alarms);
        if (node == NULL) return;
        struct session *s = CONTAINER_OF(node, struct session, alarm);
        if (s->alarm_at > now) return;
        if (s->state == SESSION_SILENT) {
            greet_forget(core, now, s);
        } else if (tick_after(s->heard, core->config.silence) > now) {
            set_alarm(core, s, tick_after(s->heard, core->config.silence));
        } else {
            fall_silent(core, now, s);
        }
    }
}

tick_ns
greet_next_deadline(const struct core *core)
{
    const struct heap_node *node = heap_peek(&core->alarms);

    if (node == NULL) return TICK_NEVER;
    return CONTAINER_OF_CONST(node, struct session, alarm)->alarm_at;
}

void
greet_fini(struct core *core)
{
    for (uint32_t i = 0; i < core->slots_count; i++) {
        struct session *s = core->slots[i];
        if (s == NULL || s->state == SESSION_GHOST) continue;
        greet_forget(core, core->born, s);
    }
    slots_fini(core);
}

/* ---- ping, bye ----------------------------------------------------------- */

void
greet_ping(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    (void)now;
    reply_letter(core, s, s->conn,
        &(struct msg){
            .type = MSG_pong,
            .as.pong.echo = m->as.ping.echo,
        });
}

void
greet_bye(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    report(core, s, NEWS_LEFT);
    give_back(core, now, s, LIFE_RELEASED, NULL);
    outcome_drop_all(core, s);
    jobs_leave(core, s);
    files_drop_asks(core, s);
    /* Its answers stay until it has heard them, or its time is over. */
    s->leaving = true;
    s->state = SESSION_SILENT;
    set_alarm(core, s, tick_after(now, leaving_time));
    reply_ok(core, s, m->as.bye.request, 0);
}
