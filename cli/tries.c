#include "cli/tries.h"

#include <stdlib.h>

#include <jansson.h>

#include "cli/grouping.h"
#include "cli/mem.h"
#include "cli/value.h"

static const struct column columns[] = {
    { "task", CELL_NUMBER, COLUMN_SPARE, true },
    { "attempt", CELL_NUMBER, COLUMN_SHOWN, false },
    { "worker", CELL_TEXT, COLUMN_SHOWN, false },
    { "how", CELL_TEXT, COLUMN_SHOWN, false },
    { "began", CELL_TIME, COLUMN_SPARE, false },
    { "wall", CELL_SECONDS, COLUMN_SHOWN, false },
    { "user", CELL_SECONDS, COLUMN_SPARE, false },
    { "system", CELL_SECONDS, COLUMN_SPARE, false },
    { "memory", CELL_BYTES, COLUMN_SHOWN, false },
    { "reason", CELL_TEXT, COLUMN_SHOWN, false },
    { 0 },
};

struct table *
tries_new(void)
{
    return table_new(columns);
}

static bool
ended_well(const struct stint_attempt *t)
{
    return t->cause == STINT_CAUSE_ENDED && t->code == 0 && t->signal == 0;
}

/* A handler that failed has a reason, and no exit code. */
static bool
has_code(const struct stint_attempt *t)
{
    if (t->cause != STINT_CAUSE_ENDED || t->signal != 0) return false;
    return t->code != 0 || value_or_none(t->reason) == NULL;
}

/* "done", "exit 3", …; gives it. */
static char *
how_of(const struct stint_attempt *t)
{
    if (ended_well(t) && value_or_none(t->reason) == NULL)
        return mem_copy("done");
    return grouping_how(STINT_EDEAD, t);
}

void
tries_add(struct table *table, uint64_t task, const struct stint_attempt *tries,
    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct stint_attempt *t = &tries[i];
        char *how = how_of(t);

        table_add(
            table, (const struct cell[]){ { .number = (int64_t)task },
                       { .number = t->attempt },
                       { .text = value_or_none(t->worker) }, { .text = how },
                       { .number = t->began_ns > 0 ? t->began_ns : -1 },
                       { .number = t->wall_ns }, { .number = t->user_ns },
                       { .number = t->system_ns },
                       { .number = t->memory > 0 ? (int64_t)t->memory : -1 },
                       { .text = value_or_none(t->reason) } });
        free(how);
    }
}

static json_t *
json_of(const struct stint_attempt *t)
{
    static const char *const causes[] = { "ended", "timeout", "cancelled",
        "not-started", "limit", "lost", "lease" };
    char began[VALUE_TEXT];

    value_show_time(t->began_ns, began);
    return json_pack("{s:i, s:s, s:o, s:o, s:s, s:o, s:f, s:f, s:f, s:o, s:s, "
                     "s:b, s:b}",
        "attempt", (int)t->attempt, "cause", causes[t->cause], "exit",
        has_code(t) ? json_integer(t->code) : json_null(), "signal",
        t->signal > 0 ? json_integer(t->signal) : json_null(), "worker",
        t->worker != NULL ? t->worker : "", "began",
        t->began_ns > 0 ? json_string(began) : json_null(), "wall",
        (double)t->wall_ns / 1e9, "user", (double)t->user_ns / 1e9, "system",
        (double)t->system_ns / 1e9, "memory",
        t->memory > 0 ? json_integer((json_int_t)t->memory) : json_null(),
        "reason", t->reason != NULL ? t->reason : "", "stdout_cut",
        (int)t->out_cut, "stderr_cut", (int)t->err_cut);
}

char *
tries_json(const struct stint_attempt *tries, size_t count)
{
    json_t *array = json_array();
    char *text;

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_of(&tries[i]));
    text = json_dumps(array, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(array);
    return text;
}
