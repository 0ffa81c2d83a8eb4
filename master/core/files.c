#include "master/core/files.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "master/core/inside.h"
#include "master/core/job.h"

/* malloc's own word for each block. */
enum { BLOCK_OVERHEAD = 16 };

void
files_init(struct core *core)
{
    core->files = (struct files){ .rows = 0 };
    list_init(&core->files.warm);
}

/* ---- memory -------------------------------------------------------------- */

size_t
files_held(const struct file_bytes *held, uint32_t length)
{
    return held == NULL ? 0 : sizeof *held + length + BLOCK_OVERHEAD;
}

size_t
files_memory_of(const struct file *f)
{
    size_t sum = sizeof *f + f->length + BLOCK_OVERHEAD
                 + f->capacity * sizeof f->pieces[0] + BLOCK_OVERHEAD;

    for (uint32_t i = 0; i < f->count; i++)
        sum += files_held(f->pieces[i].held, f->pieces[i].length);
    return sum;
}

size_t
files_memory(const struct job *j)
{
    const struct file_set *set = j->files;
    size_t sum = 0;

    if (set == NULL) return 0;
    for (const struct file *f = file_order_next(&set->all, 0); f != NULL;
         f = file_order_next(&set->all, f->serial)) {
        sum += files_memory_of(f);
    }
    return sum + sizeof *set + file_order_memory(&set->all)
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

struct file_task *
files_task(const struct job *j, uint64_t seq)
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

void
files_cool(struct file_piece *p)
{
    if (p->held == NULL) return;
    list_remove(&p->held->warm);
    free(p->held);
    p->held = NULL;
}

/* Out of everything; its memory is no more counted. */
static void
unlink_file(struct core *core, struct file *f)
{
    struct file_set *set = f->job->files;
    size_t before = file_order_memory(&set->all);

    HASH_DELETE(by_key, set->by_key, f);
    list_remove(&f->node);
    file_order_remove(&set->all, f->serial);
    core->memory -= before - file_order_memory(&set->all);
    if (f->task != NULL) {
        f->task->count -= 1;
    } else {
        set->inputs_count -= 1;
        set->inputs_bytes -= f->length + FILES_ROW_BYTES;
    }
}

void
files_free_file(struct file *f)
{
    for (uint32_t i = 0; i < f->count; i++)
        files_cool(&f->pieces[i]);
    free(f->pieces);
    free(f);
}

void
files_remove(struct core *core, struct file *f)
{
    core->memory -= files_memory_of(f);
    for (uint32_t i = 0; i < f->count; i++) {
        if (f->pieces[i].row != 0) {
            journal_drop(core, ROW_file, f->pieces[i].row);
        }
    }
    unlink_file(core, f);
    files_free_file(f);
}

void
files_remove_all(struct core *core, struct file_task *t)
{
    LIST_FOREACH (node, after, &t->files) {
        files_remove(core, CONTAINER_OF(node, struct file, node));
    }
}

static void
drop_task(struct core *core, struct job *j, struct file_task *t)
{
    files_remove_all(core, t);
    HASH_DELETE(by_seq, j->files->tasks, t);
    core->memory -= sizeof *t;
    free(t);
}

void
files_done(struct core *core, struct job *j, uint64_t seq, uint32_t attempt)
{
    struct file_task *t = files_task(j, seq);

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
    struct file_task *t = files_task(j, seq);

    if (t != NULL && !t->counts) drop_task(core, j, t);
}

void
files_drop(struct core *core, struct job *j, uint64_t seq)
{
    struct file_task *t = files_task(j, seq);

    if (t != NULL) drop_task(core, j, t);
}

void
files_forget(struct core *core, struct job *j)
{
    struct file_set *set = j->files;

    if (set == NULL) return;
    while (set->tasks != NULL)
        drop_task(core, j, set->tasks);
    LIST_FOREACH (node, after, &set->inputs) {
        files_remove(core, CONTAINER_OF(node, struct file, node));
    }
    core->memory -= sizeof *set + file_order_memory(&set->all);
    file_order_fini(&set->all);
    free(set);
    j->files = NULL;
}

void
files_free(struct job *j)
{
    struct file_set *set = j->files;

    if (set == NULL) return;
    HASH_CLEAR(by_key, set->by_key);
    for (size_t i = 0; i < set->all.count; i++) {
        if (set->all.slots[i].file != NULL) {
            files_free_file(set->all.slots[i].file);
        }
    }
    file_order_fini(&set->all);
    while (set->tasks != NULL) {
        struct file_task *t = set->tasks;
        HASH_DELETE(by_seq, set->tasks, t);
        free(t);
    }
    free(set);
    j->files = NULL;
}

/* ---- lists --------------------------------------------------------------- */

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

static const struct file *
first_in_order(const struct file_set *set, uint64_t after)
{
    const struct file *f = file_order_next(&set->all, after);

    while (f != NULL && !files_is_listed(f))
        f = file_order_next(&set->all, f->serial);
    return f;
}

/* The first one from `node` on that is listed and came behind `after`. */
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
    if (seq == 0) return first_in_order(j->files, after);
    const struct file_task *t = files_task(j, seq);
    if (t == NULL) return NULL;
    return first_in_list(t->files.next, &t->files, after);
}

const struct file *
files_next(const struct file *f, uint64_t seq)
{
    if (seq == 0) return first_in_order(f->job->files, f->serial);
    return first_in_list(f->node.next, &f->task->files, 0);
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
