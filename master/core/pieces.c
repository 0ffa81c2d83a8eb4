#include "master/core/pieces.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"

/* ---- making -------------------------------------------------------------- */

static struct file_set *
make_set(struct core *core, struct job *j)
{
    if (j->files != NULL) return j->files;

    struct file_set *set = calloc(1, sizeof *set);
    if (set == NULL) return NULL;
    list_init(&set->inputs);
    core->memory += sizeof *set;
    j->files = set;
    return set;
}

static struct file_task *
make_task(struct core *core, struct job *j, const struct file_news *news)
{
    struct file_task *t = files_task(j, news->seq);

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

static bool
make_place(struct core *core, struct file_set *set)
{
    size_t before = file_order_memory(&set->all);
    bool done = file_order_reserve(&set->all);

    core->memory += file_order_memory(&set->all) - before;
    return done;
}

/* Into the set, in the place of `old` and of what other attempts left.  False:
 * no memory, and nothing has changed but that `f` is free. */
static bool
link_file(struct core *core, struct file *f, struct file_task *t,
    struct file *old, const struct file_news *news)
{
    struct file_set *set = news->job->files;

    if (!make_place(core, set)) goto refuse;
    /* The name stands right behind the place. */
    HASH_ADD_KEYPTR(by_key, set->by_key, &f->seq, sizeof f->seq + f->length, f);
    if (!HASH_IS_IN(by_key, f)) goto refuse;
    if (t != NULL && t->attempt != news->attempt) {
        files_remove_all(core, t);
        t->attempt = news->attempt;
        t->counts = false;
    } else if (old != NULL) {
        files_remove(core, old);
    }
    f->task = t;
    f->serial = ++core->files.serials;
    file_order_add(&set->all, f->serial, f);
    if (t != NULL) {
        list_push(&t->files, &f->node);
        t->count += 1;
    } else {
        list_push(&set->inputs, &f->node);
        set->inputs_count += 1;
        set->inputs_bytes += f->length + FILES_ROW_BYTES;
    }
    core->memory += files_memory_of(f);
    return true;

refuse:
    files_free_file(f);
    return false;
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
    core->memory += files_held(held, length);
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
    const struct file_task *t = files_task(news->job, news->seq);
    return t != NULL && t->attempt == news->attempt
           && t->count >= FILES_OUTPUTS_MAX;
}

int
pieces_add(struct core *core, const struct file_news *news)
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
pieces_committed(struct core *core, uint64_t number)
{
    for (;;) {
        struct list *node = list_first(&core->files.warm);
        if (node == NULL) return;
        struct file_bytes *held = CONTAINER_OF(node, struct file_bytes, warm);
        if (held->batch > number) return;
        struct file_piece *p = &held->file->pieces[held->index];
        CHECK(p->held == held);
        core->memory -= files_held(held, p->length);
        files_cool(p);
    }
}

bool
pieces_read(
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
pieces_load(struct core *core, struct job *j, uint64_t id,
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
    if (rc == 0 && counts) files_task(j, row->seq)->counts = true;
    return rc;
}
