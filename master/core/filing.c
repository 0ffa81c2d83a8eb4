#include "master/core/filing.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/path.h"
#include "common/stint_error.h"
#include "master/core/finish.h"
#include "master/core/jobs.h"
#include "master/core/pieces.h"
#include "master/core/reply.h"
#include "master/core/verbs.h"

enum {
    PAGE_ROWS = 1000,
    PAGE_BYTES = 48 << 10,
    ASKS_MAX = 32, /* Of a session. */
};

/* ---- put ----------------------------------------------------------------- */

static const char *
why_not(int code)
{
    switch (code) {
    case STINT_EINVAL:
        return "not a piece of a file: its name must be relative, plain, and "
               "lead out of no folder; pieces come in order, each but the last "
               "of 16 KiB at least";
    case STINT_EEXISTS:
        return "the job has tasks already: its inputs are what they were when "
               "the first was put";
    case STINT_ELIMIT:
        return "the job has as many files as it may: 4096 inputs, and 1024 of "
               "each task; put many into one archive";
    case STINT_EBUDGET:
        return "the file does not fit into what the master's memory budget "
               "leaves; one that keeps its jobs on a disk has room for it "
               "(not --memory), or raise --memory-max";
    default:
        return NULL;
    }
}

/* How much is there already? */
static bool
is_a_question(const struct msg_file_put *p)
{
    return p->bytes.length == 0 && p->size > 0 && p->from == 0;
}

static bool
is_a_piece(const struct msg_file_put *p)
{
    if (!path_is_inner(p->name)) return false;
    if (p->from > p->size || p->bytes.length > p->size - p->from) return false;
    if (p->from + p->bytes.length == p->size || is_a_question(p)) return true;
    return p->bytes.length >= FILES_PIECE_MIN;
}

/* Whose it is, and whether it may be: seq, task and attempt of `news`. */
static int
check_source(struct core *core, tick_ns now, struct session *s,
    const struct msg_file_put *p, struct file_news *news)
{
    const struct job *j = news->job;
    struct task *t;

    if (p->task == 0) {
        if (!jobs_may(s, j)) return STINT_EROLE;
        return key_may_submit(s->key) ? 0 : STINT_EROLE;
    }
    int code = finish_leased(core, now, s, p->task, p->attempt, p->nonce, &t);
    if (code != 0) return code;
    if (t->queue->job != j) return STINT_ENOTASK;
    news->seq = t->seq;
    news->task = t->id;
    news->attempt = t->attempts;
    return 0;
}

/* 0: it is to be added.  1: it is there already, with *have bytes of its file.
 * Or why neither. */
static int
check_place(
    const struct core *core, const struct file_news *news, uint64_t *have)
{
    const struct file *f = files_find(news->job, news->seq, news->name);
    bool same = f != NULL && files_is_same(f, news);

    if (same) *have = f->have;
    if (same && files_is_whole(f)) return 1;
    if (same && f->count > 0 && news->from + news->bytes.length <= f->have) {
        return 1;
    }
    if (news->seq == 0 && news->job->queue->accepted > 0) {
        return STINT_EEXISTS;
    }
    if (news->bytes.length == 0 && news->size > 0) return 1;
    if (news->from != (same ? f->have : 0)) return STINT_EINVAL;
    if (core->disk_full && journal_keeps(core, news->job->queue)) {
        return STINT_ENOSPACE;
    }
    return 0;
}

/* The names of all inputs travel in one message. */
static int
check_room(const struct core *core, const struct file_news *news)
{
    const struct file_set *set = news->job->files;
    size_t max = core->config.memory_max - core->config.memory_max / 8;

    if (core->memory + core->out + news->bytes.length + sizeof(struct file)
        > max) {
        return STINT_EBUDGET;
    }
    if (news->seq == 0 && set != NULL
        && set->inputs_bytes > core->config.payload_max / 4) {
        return STINT_ELIMIT;
    }
    return 0;
}

static int
put(struct core *core, tick_ns now, struct session *s,
    const struct msg_file_put *p, uint64_t *have)
{
    struct file_news news = {
        .job = jobs_find(core, p->job),
        .name = p->name,
        .size = p->size,
        .mode = (uint16_t)p->mode,
        .hash = p->hash.bytes,
        .from = p->from,
        .bytes = p->bytes,
    };

    if (news.job == NULL) return STINT_ENOJOB;
    if (!is_a_piece(p)) return STINT_EINVAL;
    int code = check_source(core, now, s, p, &news);
    if (code == 0) code = check_place(core, &news, have);
    if (code == 1) return 0;
    if (code == 0) code = check_room(core, &news);
    if (code == 0) code = pieces_add(core, &news);
    if (code == 0) *have = p->from + p->bytes.length;
    return code;
}

void
filing_put(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_file_put *p = &m->as.file_put;
    uint64_t have = 0;
    int code = put(core, now, s, p, &have);

    if (code == 0) {
        reply_ok(core, s, p->request, have);
    } else {
        reply_error(core, s, p->request, code, why_not(code));
    }
}

/* ---- get ----------------------------------------------------------------- */

/* I14: inputs are for all who may run the job's tasks. */
static bool
may_read(const struct session *s, const struct job *j, uint64_t seq)
{
    if (seq == 0 && (s->key->role & ROLE_WORK) != 0) return true;
    return jobs_may(s, j);
}

static int
find_piece(struct core *core, const struct session *s,
    const struct msg_file_get *g, const struct file **out, struct slice *bytes)
{
    const struct job *j = jobs_find(core, g->job);

    if (j == NULL) return STINT_ENOJOB;
    if (!may_read(s, j, g->seq)) return STINT_EROLE;
    const struct file *f = files_find(j, g->seq, g->name);
    if (f == NULL || !files_is_listed(f)) return STINT_ENOFILE;
    if (g->from > f->size || (g->from == f->size && f->size > 0)) {
        return STINT_EINVAL;
    }
    *out = f;
    return pieces_read(core, f, g->from, bytes) ? 0 : STINT_EDISK;
}

static void
answer_get(struct core *core, struct session *s, const struct msg_file_get *g)
{
    const struct file *f;
    struct slice bytes;
    int code = find_piece(core, s, g, &f, &bytes);

    if (code != 0) {
        reply_error(core, s, g->request, code, NULL);
        return;
    }
    reply(core, s,
        &(struct msg){
            .type = MSG_file_piece,
            .as.file_piece = {
                .request = g->request,
                .size = f->size,
                .mode = f->mode,
                .hash = { f->hash, FILES_HASH_BYTES },
                .bytes = bytes,
            },
        });
}

static int
park(struct core *core, struct session *s, const struct msg_file_get *g)
{
    if (s->asks_count >= ASKS_MAX) return STINT_ELIMIT;
    struct file_ask *a = malloc(sizeof *a + g->name.length);
    if (a == NULL) return STINT_ENOMEM;
    *a = (struct file_ask){
        .request = g->request,
        .job = g->job,
        .seq = g->seq,
        .from = g->from,
        .length = g->name.length,
    };
    memcpy(a->name, g->name.bytes, g->name.length);
    list_init(&a->node);
    list_push(&s->asks, &a->node);
    s->asks_count += 1;
    core->memory += files_ask_memory(a);
    return 0;
}

/* Whether a piece may go to `s` now; if not it is remembered. */
static bool
has_room(struct core *core, struct session *s)
{
    if (!reply_has_window(core, s)) return false;
    if (core->out <= core->config.memory_max) return true;
    if (list_is_empty(&s->starved)) list_push(&core->starved, &s->starved);
    return false;
}

void
filing_get(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_file_get *g = &m->as.file_get;

    (void)now;
    if (list_is_empty(&s->asks) && has_room(core, s)) {
        answer_get(core, s, g);
        return;
    }
    int code = park(core, s, g);
    if (code != 0) reply_error(core, s, g->request, code, NULL);
}

void
filing_feed(struct core *core, struct session *s)
{
    for (;;) {
        struct list *node = list_first(&s->asks);
        if (node == NULL || !has_room(core, s)) return;
        struct file_ask *a = CONTAINER_OF(node, struct file_ask, node);
        list_remove(node);
        s->asks_count -= 1;
        core->memory -= files_ask_memory(a);
        answer_get(core, s,
            &(struct msg_file_get){
                .request = a->request,
                .job = a->job,
                .seq = a->seq,
                .name = { (const uint8_t *)a->name, a->length },
                .from = a->from,
            });
        free(a);
    }
}

/* ---- list ---------------------------------------------------------------- */

/* As many rows as a page holds; returns where to go on. */
static uint64_t
write_rows(struct buf *rows, uint32_t *count, const struct job *j,
    const struct msg_file_list *l)
{
    const struct file *f = files_behind(j, l->seq, l->after);

    while (f != NULL) {
        struct rec_file_row row = files_row(f);
        codec_record(rows, RECORD_file_row, &row);
        *count += 1;
        const struct file *next = files_next(f, l->seq);
        if (next != NULL
            && (*count >= PAGE_ROWS || rows->length > PAGE_BYTES)) {
            return f->serial;
        }
        f = next;
    }
    return 0;
}

void
filing_list(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_file_list *l = &m->as.file_list;
    const struct job *j = jobs_of_request(core, s, l->job, l->request);
    struct buf rows;
    uint32_t count = 0;

    (void)now;
    if (j == NULL) return;
    buf_init(&rows);
    uint64_t next = write_rows(&rows, &count, j, l);
    if (rows.failed) {
        reply_broken(core, s);
    } else {
        reply(core, s,
            &(struct msg){
                .type = MSG_file_rows,
                .as.file_rows = {
                    .request = l->request,
                    .next = next,
                    .rows = { .bytes = { rows.bytes, rows.length },
                        .count = count },
                },
            });
    }
    buf_fini(&rows);
}
