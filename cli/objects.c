#include "cli/objects.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/value.h"

static const struct column columns[] = {
    { .name = "object", .is_id = true },
    { "kind", CELL_WORD, COLUMN_SHOWN, false },
    { "state", CELL_WORD, COLUMN_SHOWN, false },
    { "size", CELL_WORD, COLUMN_SHOWN, false },
    { "durability", CELL_WORD, COLUMN_SHOWN, false },
    { "holder", CELL_TEXT, COLUMN_SHOWN, false },
    { "held", CELL_SECONDS, COLUMN_SHOWN, false },
    { "waiting", CELL_NUMBER, COLUMN_SHOWN, false },
    { "host", CELL_TEXT, COLUMN_SPARE, false },
    { "pid", CELL_MAYBE, COLUMN_SPARE, false },
    { "fence", CELL_MAYBE, COLUMN_SPARE, false },
    { "bytes", CELL_BYTES, COLUMN_SPARE, false },
    { "key", CELL_TEXT, COLUMN_HIDDEN, false },
    { "away", CELL_FLAG, COLUMN_HIDDEN, false },
    { "since", CELL_TIME, COLUMN_HIDDEN, false },
    { "count", CELL_MAYBE, COLUMN_HIDDEN, false },
    { "most", CELL_MAYBE, COLUMN_HIDDEN, false },
    { "bounded", CELL_FLAG, COLUMN_HIDDEN, false },
    { "type", CELL_WORD, COLUMN_HIDDEN, false },
    { "version", CELL_MAYBE, COLUMN_HIDDEN, false },
    { "lock", CELL_TEXT, COLUMN_HIDDEN, false },
    { "first_messages", CELL_MAYBE, COLUMN_HIDDEN, false },
    { "first_bytes", CELL_BYTES, COLUMN_HIDDEN, false },
    { "second_messages", CELL_MAYBE, COLUMN_HIDDEN, false },
    { "second_bytes", CELL_BYTES, COLUMN_HIDDEN, false },
    { "number", CELL_NUMBER, COLUMN_HIDDEN, false },
    { 0 },
};

struct table *
objects_table(void)
{
    return table_new(columns);
}

const char *
objects_kind(enum stint_object_kind kind)
{
    static const char *const kinds[] = { "", "lock", "rlock", "semaphore",
        "condition", "event", "barrier", "dict", "list", "values", "pipe" };

    return kinds[kind];
}

static bool
has_entries(const struct stint_object_row *r)
{
    return r->kind >= STINT_OBJECT_DICT && r->kind <= STINT_OBJECT_VALUES;
}

/* ---- in words ------------------------------------------------------------ */

static const char *
state_of_pipe(const struct stint_object_row *r)
{
    if (r->closed[0]) return "first-closed";
    if (r->closed[1]) return "second-closed";
    return r->one_way ? "one-way" : "both-ways";
}

/* NULL: it has none. */
static const char *
state_of(const struct stint_object_row *r)
{
    switch (r->kind) {
    case STINT_OBJECT_LOCK:
    case STINT_OBJECT_RLOCK:
    case STINT_OBJECT_CONDITION:
        if (r->owner_died) return "owner-died";
        return r->held ? "held" : "free";
    case STINT_OBJECT_EVENT:
        return r->count > 0 ? "set" : "clear";
    case STINT_OBJECT_BARRIER:
        return r->broken ? "broken" : "whole";
    case STINT_OBJECT_PIPE:
        return state_of_pipe(r);
    case STINT_OBJECT_SEMAPHORE:
    case STINT_OBJECT_DICT:
    case STINT_OBJECT_LIST:
    case STINT_OBJECT_VALUES:
    default:
        return NULL;
    }
}

static const char *
type_of(const struct stint_object_row *r)
{
    static const char *const types[] = { NULL, "int64", "double", "bytes" };

    return r->kind == STINT_OBJECT_VALUES ? types[r->type] : NULL;
}

static char *
size_of_semaphore(const struct stint_object_row *r)
{
    if (r->count > r->size) return mem_format("%" PRIu64 " free", r->count);
    return mem_format("%" PRIu64 " of %" PRIu64 " free", r->count, r->size);
}

static char *
size_of_values(const struct stint_object_row *r)
{
    if (r->size == 0) return mem_copy(type_of(r));
    return mem_format("%" PRIu64 " %s", r->size, type_of(r));
}

char *
objects_size(const struct stint_object_row *r)
{
    switch (r->kind) {
    case STINT_OBJECT_SEMAPHORE:
        return size_of_semaphore(r);
    case STINT_OBJECT_BARRIER:
        return mem_format(
            "%" PRIu64 " of %" PRIu64 " there", r->count, r->size);
    case STINT_OBJECT_DICT:
    case STINT_OBJECT_LIST:
        return mem_format(
            "%" PRIu64 " entr%s", r->count, r->count == 1 ? "y" : "ies");
    case STINT_OBJECT_VALUES:
        return size_of_values(r);
    case STINT_OBJECT_PIPE:
        return mem_format(
            "%" PRIu64 " message%s", r->count, value_plural(r->count));
    case STINT_OBJECT_LOCK:
    case STINT_OBJECT_RLOCK:
    case STINT_OBJECT_CONDITION:
    case STINT_OBJECT_EVENT:
    default:
        return NULL;
    }
}

/* ---- rows ---------------------------------------------------------------- */

static int64_t
if_any(uint64_t number, bool tells)
{
    return tells ? (int64_t)number : -1;
}

/* When it was, of what has gone on for so long; negative: not known. */
static int64_t
since(int64_t ns)
{
    return ns > 0 ? value_now() - ns : -1;
}

static const char *
text_if(const char *text, bool tells)
{
    return tells ? value_or_none(text) : NULL;
}

void
objects_add(struct table *table, const struct stint_object_row *r)
{
    const struct stint_object_user *h = &r->holder;
    bool pipe = r->kind == STINT_OBJECT_PIPE, entries = has_entries(r);
    bool counts = entries || pipe || r->kind == STINT_OBJECT_SEMAPHORE
                  || r->kind == STINT_OBJECT_BARRIER;
    int64_t held = r->held && h->held_ns > 0 ? h->held_ns : -1;
    char *size = objects_size(r);

    table_add(table,
        (const struct cell[]){ TABLE_TEXT(value_or_none(r->name)),
            TABLE_TEXT(objects_kind(r->kind)), TABLE_TEXT(state_of(r)),
            TABLE_TEXT(size), TABLE_TEXT(r->durability),
            TABLE_TEXT(text_if(h->name, r->held)), TABLE_NUMBER(held),
            TABLE_NUMBER(r->waiting), TABLE_TEXT(text_if(h->host, r->held)),
            TABLE_NUMBER(if_any((uint64_t)h->pid, r->held && h->pid > 0)),
            TABLE_NUMBER(if_any(h->fence, r->held && h->fence > 0)),
            TABLE_NUMBER(r->bytes), TABLE_TEXT(text_if(h->key, r->held)),
            TABLE_NUMBER(r->held && h->away), TABLE_NUMBER(since(held)),
            TABLE_NUMBER(if_any(r->count, counts)),
            TABLE_NUMBER(if_any(r->size, counts && r->size > 0)),
            TABLE_NUMBER(r->bounded), TABLE_TEXT(type_of(r)),
            TABLE_NUMBER(if_any(r->version, entries)),
            TABLE_TEXT(value_or_none(r->lock)),
            TABLE_NUMBER(if_any(r->to[0].messages, pipe)),
            TABLE_NUMBER(if_any(r->to[0].bytes, pipe)),
            TABLE_NUMBER(if_any(r->to[1].messages, pipe)),
            TABLE_NUMBER(if_any(r->to[1].bytes, pipe)),
            TABLE_NUMBER(r->number) });
    free(size);
}

/* ---- users --------------------------------------------------------------- */

static const struct column user_columns[] = {
    { "how", CELL_WORD, COLUMN_SHOWN, false },
    { .name = "name", .is_id = true },
    { "host", CELL_TEXT, COLUMN_SHOWN, false },
    { "pid", CELL_MAYBE, COLUMN_SHOWN, false },
    { "key", CELL_TEXT, COLUMN_SPARE, false },
    { "away", CELL_FLAG, COLUMN_SPARE, false },
    { "end", CELL_WORD, COLUMN_SHOWN, false },
    { "count", CELL_MAYBE, COLUMN_SHOWN, false },
    { "held", CELL_SECONDS, COLUMN_SHOWN, false },
    { "left", CELL_SECONDS, COLUMN_SHOWN, false },
    { "fence", CELL_MAYBE, COLUMN_SPARE, false },
    { "since", CELL_TIME, COLUMN_HIDDEN, false },
    { "thread", CELL_MAYBE, COLUMN_HIDDEN, false },
    { 0 },
};

struct table *
objects_users_table(void)
{
    return table_new(user_columns);
}

static const char *
end_of(const struct stint_object_user *u)
{
    return u->holder == 0 ? "first" : "second";
}

void
objects_add_user(struct table *table, enum stint_object_kind kind,
    const struct stint_object_user *u)
{
    static const char *const hows[] = { "holds", "waits", "waits-for-lock",
        "watches", "sends", "receives", "passes" };
    bool holds = u->how == STINT_HOLDS, pipe = kind == STINT_OBJECT_PIPE;
    bool ends = !holds && u->left_ns != INT64_MAX;
    int64_t held = holds && u->held_ns > 0 ? u->held_ns : -1;

    table_add(
        table, (const struct cell[]){ TABLE_TEXT(hows[u->how]),
                   TABLE_TEXT(value_or_none(u->name)),
                   TABLE_TEXT(value_or_none(u->host)),
                   TABLE_NUMBER(if_any((uint64_t)u->pid, u->pid > 0)),
                   TABLE_TEXT(value_or_none(u->key)), TABLE_NUMBER(u->away),
                   TABLE_TEXT(pipe ? end_of(u) : NULL),
                   TABLE_NUMBER(if_any(u->count, holds && !pipe)),
                   TABLE_NUMBER(held), TABLE_NUMBER(ends ? u->left_ns : -1),
                   TABLE_NUMBER(if_any(u->fence, holds && u->fence > 0)),
                   TABLE_NUMBER(since(held)),
                   TABLE_NUMBER(if_any(u->holder, !pipe && u->holder > 0)) });
}

/* ---- names --------------------------------------------------------------- */

bool
objects_is_pattern(const char *word)
{
    return strpbrk(word, "*?[") != NULL;
}

int
objects_say_none(const char *word)
{
    return exit_say(EXIT_FAILED,
        "there is no object '%s'; `stint objects` lists those there are", word);
}
