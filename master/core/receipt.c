#include "master/core/receipt.h"

#include <stdlib.h>

#include "common/base.h"
#include "master/core/reply.h"

static struct unheard_row *
row_at(struct unheard *u, uint32_t index)
{
    return &u->rows[(u->first + index) % u->capacity];
}

static bool
grow(struct unheard *u)
{
    uint32_t want = u->capacity == 0 ? 16 : u->capacity * 2;
    struct unheard_row *rows = malloc(want * sizeof *rows);

    if (rows == NULL) return false;
    for (uint32_t i = 0; i < u->count; i++)
        rows[i] = *row_at(u, i);
    free(u->rows);
    *u = (struct unheard){ .rows = rows, .count = u->count, .capacity = want };
    return true;
}

/* What was written last is in the open frame, or in one that has just been
 * sealed because it was full. */
void
receipt_until_heard(
    struct core *core, struct session *s, unsigned kind, uint64_t id)
{
    struct unheard *u = &s->unheard;
    uint64_t frame = s->stream.sent + (s->stream.open_messages > 0 ? 1 : 0);

    if (u->count == u->capacity && !grow(u)) {
        /* Then its session ends, and what is kept for it goes as well. */
        journal_drop(core, kind, id);
        reply_broken(core, s);
        return;
    }
    u->count += 1;
    *row_at(u, u->count - 1) =
        (struct unheard_row){ .frame = frame, .id = id, .kind = kind };
}

void
receipt_keep(
    struct core *core, struct session *s, const struct msg *m, bool sync)
{
    struct rec_kept_receipt row = { .request = m->as.ok.request };
    struct buf bytes;

    buf_init(&bytes);
    codec_message(&bytes, m);
    if (bytes.failed) {
        reply_broken(core, s);
    } else {
        row.answer = (struct slice){ bytes.bytes, bytes.length };
        receipt_until_heard(
            core, s, ROW_receipt, journal_receipt(core, s, &row, sync));
    }
    buf_fini(&bytes);
}

static void
drop_first(struct core *core, struct unheard *u)
{
    const struct unheard_row *row = row_at(u, 0);

    journal_drop(core, row->kind, row->id);
    u->first = (u->first + 1) % u->capacity;
    u->count -= 1;
}

void
receipt_heard(struct core *core, struct session *s)
{
    struct unheard *u = &s->unheard;

    while (u->count > 0 && row_at(u, 0)->frame <= s->stream.acked) {
        drop_first(core, u);
    }
}

/* ---- from before a restart ----------------------------------------------- */

bool
receipt_add(struct session *s, uint64_t id, const struct rec_kept_receipt *row)
{
    bool whole = row->answer.length > 0;
    struct slice bytes = whole ? row->answer : row->refused;
    struct receipt *r = malloc(sizeof *r + bytes.length);

    if (r == NULL) return false;
    list_init(&r->node);
    r->id = id;
    r->request = row->request;
    r->count = (uint32_t)row->count;
    r->task = row->task;
    r->refusals = (uint32_t)row->refusals;
    r->whole = whole;
    r->length = bytes.length;
    if (r->length > 0) memcpy(r->refused, bytes.bytes, r->length);
    list_push(&s->receipts, &r->node);
    return true;
}

/* They are asked for about in the order in which they were given. */
static struct receipt *
find(const struct session *s, uint64_t request)
{
    LIST_FOREACH (node, after, &s->receipts) {
        struct receipt *r = CONTAINER_OF(node, struct receipt, node);
        uint32_t count = r->count > 0 ? r->count : 1;
        if (request >= r->request && request - r->request < count) return r;
    }
    return NULL;
}

/* It is told again; its row stays until that is heard. */
static void
give(struct core *core, struct session *s, struct receipt *r)
{
    receipt_until_heard(core, s, ROW_receipt, r->id);
    list_remove(&r->node);
    free(r);
}

bool
receipt_answers(struct core *core, struct session *s, const struct msg *m)
{
    if (list_is_empty(&s->receipts) || m->type == MSG_put) return false;
    /* The number is the first field of every request, and these are none. */
    if (m->type == MSG_progress || m->type == MSG_shown) return false;
    struct receipt *r = find(s, m->as.bye.request);
    if (r == NULL || r->count > 0 || m->type == MSG_get_cancel) return false;
    if (r->whole) {
        reply_again(core, s, (struct slice){ r->refused, r->length });
        give(core, s, r);
        return true;
    }
    reply(core, s,
        &(struct msg){
            .type = MSG_outcome,
            .as.outcome = {
                .request = r->request,
                .refused = {
                    .bytes = { r->refused, r->length },
                    .count = r->refusals,
                },
            },
        });
    give(core, s, r);
    return true;
}

void
receipt_skip(struct core *core, struct session *s, struct msg_put *p)
{
    struct rec_payload payload;

    while (p->payloads.count > 0 && !list_is_empty(&s->receipts)) {
        struct receipt *r = find(s, p->request);
        if (r == NULL || r->count == 0) return;
        uint64_t before = p->request - r->request;
        uint32_t count = r->count - (uint32_t)before;
        if (count > p->payloads.count) count = p->payloads.count;
        reply(core, s,
            &(struct msg){
                .type = MSG_put_ok,
                .as.put_ok = {
                    .request = p->request,
                    .count = count,
                    .task = r->task + before,
                },
            });
        for (uint32_t i = 0; i < count; i++) {
            (void)codec_list_next(&p->payloads, RECORD_payload, &payload);
        }
        p->request += count;
        if (before + count == r->count) give(core, s, r);
    }
}

void
receipt_forget_loaded(struct core *core, struct session *s, uint64_t request)
{
    LIST_FOREACH (node, after, &s->receipts) {
        struct receipt *r = CONTAINER_OF(node, struct receipt, node);
        if (r->request >= request) continue;
        list_remove(node);
        journal_drop(core, ROW_receipt, r->id);
        free(r);
    }
}

void
receipt_forget(struct core *core, struct session *s)
{
    receipt_forget_loaded(core, s, UINT64_MAX);
    while (s->unheard.count > 0)
        drop_first(core, &s->unheard);
}
