#include "master/core/files.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "master/core/inside.h"
#include "master/core/job.h"

/* malloc's own word for each block. */
enum { BLOCK_OVERHEAD = 16 };

/* A row of job_runs, but for the name. */
enum { ROW_BYTES = 64 };

void
files_init(struct core *core)
{
    core->files = (struct files){ .rows = 0 };
    list_init(&core->files.warm);
}

/* ---- memory -------------------------------------------------------------- */

static size_t
held_memory(const struct file_bytes *held, uint32_t length)
{
    return held == NULL ? 0 : sizeof *held + length + BLOCK_OVERHEAD;
}

static size_t
file_memory(const struct file *f)
{
    size_t sum = sizeof *f + f->length + BLOCK_OVERHEAD
                 + f->capacity * sizeof f->pieces[0] + BLOCK_OVERHEAD;

    for (uint32_t i = 0; i < f->count; i++)
        sum += held_memory(f->pieces[i].held, f->pieces[i].length);
    return sum;
}

size_t
files_memory(const struct job *j)
{
    const struct file_set *set = j->files;
    size_t sum = 0;

    if (set == NULL) return 0;
    LIST_FOREACH (node, after, &set->all) {
        sum += file_memory(CONTAINER_OF(node, struct file, in_order));
    }
    return sum + sizeof *set
           + HASH_CNT(by_seq, set->tasks) * sizeof *set->tasks;
}

/* ---- finding ------------------------------------------------------------- */

enum { NAME_MAX_BYTES = 1024, KEY_MAX = 8 + NAME_MAX_BYTES };

static size_t
make_key(uint8_t key[KEY_MAX], uint64_t seq, struct slice name)
{
    if (name.length > NAME_MAX_BYTES) name.length = NAME_MAX_BYTES;
    memcpy(key, &seq, sizeof seq);
    memcpy(key + sizeof seq, name.bytes, name.length);
    return sizeof seq + name.length;
}

struct file *
files_find(const struct job *j, uint64_t seq, struct slice name)
{
    uint8_t key[KEY_MAX];
    struct file *found;

    if (j->files == NULL || name.length == 0) return NULL;
    size_t length = make_key(key, seq, name);
    HASH_FIND(by_key, j->files->by_key, key, length, found);
    return found;
}

static struct file_task *
find_task(const struct job *j, uint64_t seq)
{
    struct file_task *found;

    if (j->files == NULL) return NULL;
    HASH_FIND(by_seq, j->files->tasks, &seq, sizeof seq, found);
    return found;
}

/* An empty file has one piece, too. */
bool
files_is_whole(const struct file *f)
{
    return f->count > 0 && f->have == f->size;
}

bool
files_is_same(const struct file *f, const struct file_news *news)
{
    return f->size == news->size
           && memcmp(f->hash, news->hash, sizeof f->hash) == 0
           && (f->task == NULL || f->task->attempt == news->attempt);
}

/* ---- dropping ------------------------------------------------------------ */

static void
drop_bytes(struct file_piece *p)
{
    if (p->held == NULL) return;
    list_remove(&p->held->warm);
    free(p->held);
    p->held = NULL;
}

/* Out of everything; its memory is no more counted. */
static void
unlink_file(struct file *f)
{
    struct file_set *set = f->job->files;

    HASH_DELETE(by_key, set->by_key, f);
    list_remove(&f->node);
    list_remove(&f->in_order);
    if (f->task != NULL) {
        f->task->count -= 1;
    } else {
        set->inputs_count -= 1;
        set->inputs_bytes -= f->length + ROW_BYTES;
    }
    if (set->last == f) set->last = NULL;
}

static void
free_file(struct file *f)
{
    for (uint32_t i = 0; i < f->count; i++)
        drop_bytes(&f->pieces[i]);
    free(f->pieces);
    free(f);
}

static void
drop(struct core *core, struct file *f)
{
    core->memory -= file_memory(f);
    for (uint32_t i = 0; i < f->count; i++) {
        if (f->pieces[i].row != 0) {
            journal_drop(core, ROW_file, f->pieces[i].row);
        }
    }
    unlink_file(f);
    free_file(f);
}

static void
drop_all_of(struct core *core, struct file_task *t)
{
    LIST_FOREACH (node, after, &t->files) {
        drop(core, CONTAINER_OF(node, struct file, node));
    }
}

static void
drop_task(struct core *core, struct job *j, struct file_task *t)
{
    drop_all_of(core, t);
    HASH_DELETE(by_seq, j->files->tasks, t);
    core->memory -= sizeof *t;
    free(t);
}

void
files_done(struct core *core, struct job *j, uint64_t seq, uint32_t attempt)
{
    struct file_task *t = find_task(j, seq);

    if (t == NULL) return;
    if (t->attempt == attempt) {
        t->counts = true;
    } else {
        drop_task(core, j, t);
    }
}

void
files_left(struct core *core, struct job *j, uint64_t seq)
{
    struct file_task *t = find_task(j, seq);

    if (t != NULL && !t->counts) drop_task(core, j, t);
}

void
files_drop(struct core *core, struct job *j, uint64_t seq)
{
    struct file_task *t = find_task(j, seq);

    if (t != NULL) drop_task(core, j, t);
}

void
files_forget(struct core *core, struct job *j)
{
    struct file_set *set = j->files;
    struct file_task *t, *next;

    if (set == NULL) return;
    HASH_ITER(by_seq, set->tasks, t, next)
    {
        drop_task(core, j, t);
    }
    LIST_FOREACH (node, after, &set->inputs) {
        drop(core, CONTAINER_OF(node, struct file, node));
    }
    core->memory -= sizeof *set;
    free(set);
    j->files = NULL;
}

void
files_free(struct job *j)
{
    struct file_set *set = j->files;
    struct file_task *t, *next;

    if (set == NULL) return;
    HASH_CLEAR(by_key, set->by_key);
    LIST_FOREACH (node, after, &set->all) {
        free_file(CONTAINER_OF(node, struct file, in_order));
    }
    HASH_ITER(by_seq, set->tasks, t, next)
    {
        HASH_DELETE(by_seq, set->tasks, t);
        free(t);
    }
    free(set);
    j->files = NULL;
}

/* ---- making -------------------------------------------------------------- */

static struct file_set *
make_set(struct core *core, struct job *j)
{
    if (j->files != NULL) return j->files;

    struct file_set *set = calloc(1, sizeof *set);
    if (set == NULL) return NULL;
    list_init(&set->inputs);
    list_init(&set->all);
    core->memory += sizeof *set;
    j->files = set;
    return set;
}

static struct file_task *
make_task(struct core *core, struct job *j, const struct file_news *news)
{
    struct file_task *t = find_task(j, news->seq);

    if (t != NULL) return t;
    t = calloc(1, sizeof *t);
    if (t == NULL) return NULL;
    t->seq = news->seq;
    t->task = news->task;
    t->attempt = news->attempt;
    list_init(&t->files);
    HASH_ADD(by_seq, j->files->tasks, seq, sizeof t->seq, t);
    if (!HASH_IS_IN(by_seq, t)) {
        free(t);
        return NULL;
    }
    core->memory += sizeof *t;
    return t;
}

/* One that is nowhere yet. */
static struct file *
new_file(const struct file_news *news)
{
    struct file *f = calloc(1, sizeof *f + news->name.length);

    if (f == NULL) return NULL;
    list_init(&f->node);
    list_init(&f->in_order);
    f->job = news->job;
    f->size = news->size;
    memcpy(f->hash, news->hash, sizeof f->hash);
    f->mode = news->mode;
    f->seq = news->seq;
    memcpy(f->name, news->name.bytes, news->name.length);
    f->length = (uint16_t)news->name.length;
    return f;
}

static bool
grow(struct file *f)
{
    if (f->count < f->capacity) return true;

    uint32_t want = f->capacity == 0 ? 1 : f->capacity * 2;
    struct file_piece *grown = realloc(f->pieces, want * sizeof *grown);
    if (grown == NULL) return false;
    f->pieces = grown;
    f->capacity = want;
    return true;
}

/* Into the set, in the place of `old` and of what other attempts left.  False:
 * no memory, and nothing has changed but that `f` is free. */
static bool
link_file(struct core *core, struct file *f, struct file_task *t,
    struct file *old, const struct file_news *news)
{
    struct file_set *set = news->job->files;

    /* The name stands right behind the place. */
    HASH_ADD_KEYPTR(by_key, set->by_key, &f->seq, sizeof f->seq + f->length, f);
    if (!HASH_IS_IN(by_key, f)) {
        free_file(f);
        return false;
    }
    if (t != NULL && t->attempt != news->attempt) {
        drop_all_of(core, t);
        t->attempt = news->attempt;
        t->counts = false;
    } else if (old != NULL) {
        drop(core, old);
    }
    f->task = t;
    f->serial = ++core->files.serials;
    list_push(&set->all, &f->in_order);
    if (t != NULL) {
        list_push(&t->files, &f->node);
        t->count += 1;
    } else {
        list_push(&set->inputs, &f->node);
        set->inputs_count += 1;
        set->inputs_bytes += f->length + ROW_BYTES;
    }
    core->memory += file_memory(f);
    return true;
}

/* ---- pieces -------------------------------------------------------------- */

static bool
may_chill(const struct core *core, const struct job *j, size_t length)
{
    return length > FILES_INLINE && core->config.fetch != NULL
           && journal_keeps(core, j->queue);
}

static struct file_bytes *
hold(struct slice bytes)
{
    struct file_bytes *held = malloc(sizeof *held + bytes.length);

    if (held == NULL) return NULL;
    *held = (struct file_bytes){ .index = 0 };
    list_init(&held->warm);
    if (bytes.length > 0) memcpy(held->bytes, bytes.bytes, bytes.length);
    return held;
}

/* There is room for it; takes `held`, which is NULL when only the store has
 * the bytes. */
static void
add_piece(struct core *core, struct file *f, uint64_t row, uint32_t length,
    struct file_bytes *held)
{
    if (held != NULL) {
        held->file = f;
        held->index = f->count;
    }
    f->pieces[f->count++] = (struct file_piece){
        .row = row, .from = f->have, .length = length, .held = held
    };
    f->have += length;
    core->memory += held_memory(held, length);
}

static uint64_t
write_row(struct core *core, const struct file_news *news)
{
    if (!journal_keeps(core, news->job->queue)) return 0;
    journal_file(core, news->job->queue, ++core->files.rows,
        &(struct rec_kept_file){
            .job = news->job->number,
            .seq = news->seq,
            .attempt = news->attempt,
            .name = news->name,
            .size = news->size,
            .mode = news->mode,
            .hash = { news->hash, FILES_HASH_BYTES },
            .from = news->from,
            .bytes = news->bytes,
            .task = news->task,
        });
    return core->files.rows;
}

/* The file that a piece belongs to, with room for it; NULL without memory. */
static struct file *
file_for(struct core *core, const struct file_news *news)
{
    struct file *old = files_find(news->job, news->seq, news->name);

    if (old != NULL && files_is_same(old, news) && news->from == old->have) {
        size_t before = old->capacity * sizeof old->pieces[0];
        if (!grow(old)) return NULL;
        core->memory += old->capacity * sizeof old->pieces[0] - before;
        return old;
    }
    struct file_task *t = NULL;
    if (news->seq != 0) {
        t = make_task(core, news->job, news);
        if (t == NULL) return NULL;
    }
    struct file *f = new_file(news);
    if (f == NULL || !grow(f)) {
        free(f);
        return NULL;
    }
    return link_file(core, f, t, old, news) ? f : NULL;
}

static bool
are_too_many(const struct file_news *news)
{
    const struct file_set *set = news->job->files;

    if (set == NULL || files_find(news->job, news->seq, news->name) != NULL) {
        return false;
    }
    if (news->seq == 0) return set->inputs_count >= FILES_INPUTS_MAX;
    const struct file_task *t = find_task(news->job, news->seq);
    return t != NULL && t->attempt == news->attempt
           && t->count >= FILES_OUTPUTS_MAX;
}

int
files_add(struct core *core, const struct file_news *news)
{
    uint32_t length = (uint32_t)news->bytes.length;

    if (are_too_many(news)) return STINT_ELIMIT;
    struct file_bytes *held = hold(news->bytes);
    if (held == NULL || make_set(core, news->job) == NULL) {
        free(held);
        return STINT_ENOMEM;
    }
    struct file *f = file_for(core, news);
    if (f == NULL) {
        free(held);
        return STINT_ENOMEM;
    }
    uint64_t row = write_row(core, news);
    add_piece(core, f, row, length, held);
    if (row != 0 && may_chill(core, news->job, length)) {
        held->batch = core->journal.filling;
        list_push(&core->files.warm, &held->warm);
    }
    return 0;
}

void
files_committed(struct core *core, uint64_t number)
{
    for (;;) {
        struct list *node = list_first(&core->files.warm);
        if (node == NULL) return;
        struct file_bytes *held = CONTAINER_OF(node, struct file_bytes, warm);
        if (held->batch > number) return;
        struct file_piece *p = &held->file->pieces[held->index];
        CHECK(p->held == held);
        core->memory -= held_memory(held, p->length);
        drop_bytes(p);
    }
}

/* ---- reading ------------------------------------------------------------- */

bool
files_read(
    struct core *core, const struct file *f, uint64_t from, struct slice *out)
{
    uint32_t low = 0, high = f->count;

    CHECK(f->count > 0);
    /* The last piece that begins at `from` or before. */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (f->pieces[middle].from <= from) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const struct file_piece *p = &f->pieces[low];
    if (p->held != NULL) {
        *out = (struct slice){ p->held->bytes, p->length };
    } else if (!journal_fetch(core, ROW_file, p->row, out)
               || out->length != p->length) {
        return false;
    }
    size_t skip = (size_t)(from - p->from);
    if (skip > out->length) skip = out->length;
    if (skip > 0) out->bytes += skip;
    out->length -= skip;
    return true;
}

struct rec_file_row
files_row(const struct file *f)
{
    return (struct rec_file_row){
        .seq = f->seq,
        .name = { (const uint8_t *)f->name, f->length },
        .size = f->size,
        .mode = f->mode,
        .hash = { f->hash, sizeof f->hash },
    };
}

bool
files_is_listed(const struct file *f)
{
    return files_is_whole(f) && (f->task == NULL || f->task->counts);
}

/* The first one from `node` on that is listed and came behind `after`. */
static const struct file *
first_in_order(const struct list *node, const struct list *end, uint64_t after)
{
    for (; node != end; node = node->next) {
        const struct file *f = CONTAINER_OF_CONST(node, struct file, in_order);
        if (f->serial > after && files_is_listed(f)) return f;
    }
    return NULL;
}

static const struct file *
first_in_list(const struct list *node, const struct list *end, uint64_t after)
{
    for (; node != end; node = node->next) {
        const struct file *f = CONTAINER_OF_CONST(node, struct file, node);
        if (f->serial > after && files_is_listed(f)) return f;
    }
    return NULL;
}

const struct file *
files_next_input(const struct job *j, const struct file *after)
{
    if (j->files == NULL) return NULL;
    const struct list *end = &j->files->inputs;
    return first_in_list(after != NULL ? after->node.next : end->next, end, 0);
}

const struct file *
files_behind(const struct job *j, uint64_t seq, uint64_t after)
{
    if (j->files == NULL) return NULL;
    if (seq != 0) {
        const struct file_task *t = find_task(j, seq);
        if (t == NULL) return NULL;
        return first_in_list(t->files.next, &t->files, after);
    }

    const struct list *end = &j->files->all;
    const struct file *last = j->files->last;
    if (last != NULL && last->serial == after) {
        return first_in_order(last->in_order.next, end, after);
    }
    return first_in_order(end->next, end, after);
}

const struct file *
files_next(const struct file *f, uint64_t seq)
{
    const struct list *all = &f->job->files->all;

    if (seq == 0) return first_in_order(f->in_order.next, all, 0);
    return first_in_list(f->node.next, &f->task->files, 0);
}

void
files_page_ends(const struct file *f)
{
    f->job->files->last = f;
}

/* ---- loading ------------------------------------------------------------- */

/* What a task left that has ended counts: else it was dropped with its end.
 * Of one that goes on only what its holder leaves is kept. */
static bool
is_wanted(
    const struct core *core, const struct rec_kept_file *row, bool *counts)
{
    const struct task *t = task_table_find(&core->tasks, row->task);

    *counts = t == NULL;
    return t == NULL
           || (t->state == TASK_LEASED && t->attempts == row->attempt);
}

static int
load_piece(struct core *core, const struct file_news *news, uint64_t id)
{
    bool cold = may_chill(core, news->job, news->bytes.length);
    struct file_bytes *held = cold ? NULL : hold(news->bytes);

    if (!cold && held == NULL) return STINT_ENOMEM;
    struct file *f =
        make_set(core, news->job) == NULL ? NULL : file_for(core, news);
    if (f == NULL) {
        free(held);
        return STINT_ENOMEM;
    }
    add_piece(core, f, id, (uint32_t)news->bytes.length, held);
    return 0;
}

int
files_load(struct core *core, struct job *j, uint64_t id,
    const struct rec_kept_file *row, const char **why)
{
    const struct file_news news = { .job = j,
        .seq = row->seq,
        .task = row->task,
        .attempt = (uint32_t)row->attempt,
        .name = row->name,
        .size = row->size,
        .mode = (uint16_t)row->mode,
        .hash = row->hash.bytes,
        .from = row->from,
        .bytes = row->bytes };
    const struct file *old = files_find(j, row->seq, row->name);
    bool counts = false;

    core->files.rows = id;
    *why = "a piece of a file does not follow the one before";
    if (row->from > row->size || row->bytes.length > row->size - row->from
        || row->from != (old != NULL ? old->have : 0)
        || (old != NULL && !files_is_same(old, &news))) {
        return STINT_EDAMAGED;
    }
    if (row->seq != 0 && !is_wanted(core, row, &counts)) {
        journal_drop(core, ROW_file, id);
        return 0;
    }
    int rc = load_piece(core, &news, id);
    if (rc == 0 && counts) find_task(j, row->seq)->counts = true;
    return rc;
}

/* ---- who waits ----------------------------------------------------------- */

size_t
files_ask_memory(const struct file_ask *a)
{
    return sizeof *a + a->length;
}

void
files_drop_asks(struct core *core, struct session *s)
{
    for (;;) {
        struct list *node = list_pop(&s->asks);
        if (node == NULL) break;
        struct file_ask *a = CONTAINER_OF(node, struct file_ask, node);
        core->memory -= files_ask_memory(a);
        free(a);
    }
    s->asks_count = 0;
}
