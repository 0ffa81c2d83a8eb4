#include "cli/join.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/print.h"
#include "cli/value.h"

enum { COMPARED_MAX = 4096, BYTES_MAX = 4 << 20, CALL_MS = 20000 };

struct value {
    char *bytes;
    size_t size;
};

struct join {
    struct stint_job *job;
    struct value *values; /* By place, from 1. */
    size_t count;
    bool differs;
};

static int
take_values(struct join *j, struct input *input)
{
    struct stint_bytes value;

    while (j->count < COMPARED_MAX) {
        int got = input_next(input, &value);
        struct value *v;

        if (got < 0) return EXIT_FAILED;
        if (got == 0) break;
        v = &j->values[j->count++];
        *v = (struct value){ mem_new(value.size + 1, 1), value.size };
        if (value.size > 0) memcpy(v->bytes, value.data, value.size);
    }
    return EXIT_FINE;
}

/* `head` is the beginning of the job's own. */
static bool
is_same(const struct value *v, struct stint_bytes head, uint64_t size)
{
    return v->size == size && head.size <= v->size
           && (head.size == 0 || memcmp(v->bytes, head.data, head.size) == 0);
}

static void
compare(struct join *j, uint64_t seq, struct stint_bytes head, uint64_t size)
{
    char ours[PRINT_TEXT], theirs[PRINT_TEXT];
    const struct value *v;

    if (seq == 0 || seq > j->count) return;
    v = &j->values[seq - 1];
    if (is_same(v, head, size)) return;
    j->differs = true;
    print_values((struct stint_bytes){ v->bytes, v->size }, 60, ours);
    print_values(head, 60, theirs);
    (void)exit_say(EXIT_FAILED,
        "job %" PRIu64 " has this key, and its value %" PRIu64
        " is '%s', not '%s': give the values that it has, or another key",
        stint_job_number(j->job), seq, theirs, ours);
}

static int
see(void *arg, const struct stint_task_row *row)
{
    struct join *j = arg;

    compare(j, row->seq, row->head, row->bytes);
    return j->differs;
}

/* Those that have ended, and are kept. */
static void
compare_ends(struct join *j)
{
    struct stint_end end;
    size_t bytes = 0;

    stint_job_read(j->job, NULL);
    while (!j->differs && bytes < BYTES_MAX
           && stint_job_next(j->job, &end, 0) == 0 && end.seq <= j->count) {
        compare(j, end.seq, end.value, end.value_size);
        bytes += end.out.size + end.err.size;
    }
    stint_job_read(j->job, NULL);
}

static int
compare_all(struct stint *s, struct join *j)
{
    const struct stint_task_filter filter = { .job = stint_job_number(j->job),
        .limit = COMPARED_MAX };
    int code;

    compare_ends(j);
    if (j->differs) return EXIT_FAILED;
    code = stint_list_tasks(s, &filter, see, j, CALL_MS);
    if (j->differs) return EXIT_FAILED;
    return code < 0 ? exit_error(code) : EXIT_FINE;
}

int
join_check(struct stint *s, struct stint_job *job,
    const struct stint_job_row *row, struct input *input)
{
    uint64_t total = input_total(input);
    bool grows = row->state == STINT_JOB_OPEN;
    struct join j = { .job = job };
    int status;

    if (total == 0) return EXIT_FINE;
    if (total < row->tasks || (total > row->tasks && !grows))
        return exit_say(EXIT_FAILED,
            "job %" PRIu64 " has this key, with %" PRIu64
            " task%s, and here are %" PRIu64
            " values: give the values that it has, or another key",
            stint_job_number(job), row->tasks, value_plural(row->tasks), total);
    j.values = mem_new(COMPARED_MAX, sizeof(*j.values));
    status = take_values(&j, input);
    if (status == EXIT_FINE) status = compare_all(s, &j);
    for (size_t i = 0; i < j.count; i++)
        free(j.values[i].bytes);
    free(j.values);
    return status;
}
