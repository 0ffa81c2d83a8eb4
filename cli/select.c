#include "cli/select.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/value.h"

/* A task or a list is asked for so long; ids asked for one by one. */
enum { LIST_MS = 20000, MOST_IDS = 1000 };

/* ---- a job --------------------------------------------------------------- */

/* The newest of this key, else of this name. */
struct named {
    const char *word;
    uint64_t by_key, by_name;
};

static int
see_named(void *arg, const struct stint_job_row *row)
{
    struct named *named = arg;

    if (row->key != NULL && strcmp(row->key, named->word) == 0)
        named->by_key = row->job;
    if (row->name != NULL && strcmp(row->name, named->word) == 0)
        named->by_name = row->job;
    return 0;
}

/* 0: there is none. */
static int
find_named(struct stint *s, const char *word, uint64_t *number)
{
    struct named named = { .word = word };
    int code = stint_list_jobs(s, 0, see_named, &named, LIST_MS);

    if (code != 0) return exit_error(code);
    *number = named.by_key != 0 ? named.by_key : named.by_name;
    return EXIT_FINE;
}

static int
read_name(struct stint *s, const char *word, uint64_t *number)
{
    int status = find_named(s, word, number);

    if (status != EXIT_FINE || *number != 0) return status;
    return exit_say(EXIT_FAILED,
        "there is no job of the name or key '%s'; write its number or 'last' "
        "(`stint jobs` lists them)",
        word);
}

static bool
is_last(const char *word)
{
    return word == NULL || strcmp(word, "last") == 0;
}

/* What a script has when it did not get what it wanted. */
static int
refuse_empty(void)
{
    return exit_say(EXIT_USAGE,
        "the word for the job is empty: write its number, name or key, or "
        "'last' (`stint jobs` lists them)");
}

int
select_job(struct stint *s, const char *word, struct stint_job **out)
{
    uint64_t number = 0;
    int64_t written;
    int code, status = EXIT_FINE;

    if (word != NULL && *word == '\0')
        status = refuse_empty();
    else if (!is_last(word) && value_number(word, 1, INT64_MAX, &written))
        number = (uint64_t)written;
    else if (!is_last(word))
        status = read_name(s, word, &number);

    *out = NULL;
    if (status != EXIT_FINE) return status;
    code = stint_job_find(s, number, out);
    if (code == 0) return EXIT_FINE;
    if (code != STINT_ENOJOB) return exit_error(code);
    if (number == 0)
        return exit_say(EXIT_FAILED,
            "there is no last job: none was submitted with this key, or it is "
            "forgotten; `stint jobs` lists all");
    return exit_say(EXIT_FAILED,
        "there is no job %" PRIu64 "; `stint jobs` lists those there are",
        number);
}

int
select_job_number(struct stint *s, const char *word, uint64_t *number)
{
    struct stint_job *job;
    int status = select_job(s, word, &job);

    if (status != EXIT_FINE) return status;
    *number = stint_job_number(job);
    stint_job_free(job);
    return EXIT_FINE;
}

int
select_job_option(struct stint *s, const struct run *run, uint64_t *number)
{
    const char *word = setting_text(run, "job");

    *number = 0;
    return word == NULL ? EXIT_FINE : select_job_number(s, word, number);
}

/* A word of the command line says more than a variable or a file. */
int
select_job_words(const struct run *run, struct select_words *out)
{
    const struct setting *option = setting_find(run, "job");

    if (run->word_count == 0) {
        *out = (struct select_words){ option->items, option->count };
        return EXIT_FINE;
    }
    *out = (struct select_words){ run->words, run->word_count };
    if (option->from != FROM_FLAG) return EXIT_FINE;
    return exit_say(EXIT_USAGE,
        "which is meant, '%s' or --job %s? Leave out one of them",
        run->words[0], option->items[0]);
}

int
select_job_word(const struct run *run, const char **word)
{
    struct select_words words;
    int status = select_job_words(run, &words);

    *word = words.count > 0 ? words.words[0] : NULL;
    return status;
}

/* ---- a queue ------------------------------------------------------------- */

int
select_no_queue(const char *name)
{
    return exit_say(
        EXIT_FAILED, "there is no queue '%s'; `stint queues` lists them", name);
}

static int
see_queue(void *arg, const struct stint_queue_row *row)
{
    bool *is_there = arg;

    *is_there = row != NULL;
    return 0;
}

int
select_queue_option(struct stint *s, const struct run *run)
{
    const char *name = setting_text(run, "queue");
    bool is_there = false;
    int code;

    if (name == NULL) return EXIT_FINE;
    code = stint_list_queues(s, name, see_queue, &is_there, LIST_MS);
    if (code != 0 && code != STINT_ENOQUEUE) return exit_error(code);
    return is_there ? EXIT_FINE : select_no_queue(name);
}

/* ---- tasks --------------------------------------------------------------- */

int
select_tasks(struct stint *s, const char *word, struct stint_selection *which)
{
    int status;

    if (*word == '\0')
        return exit_say(EXIT_USAGE,
            "the word for a task or job is empty: write an id such as 17 or "
            "17-20, or a job's name, key or 'last'");
    if (value_ids(word, &which->first, &which->last)) return EXIT_FINE;
    if (is_last(word)) return select_job_number(s, word, &which->job);
    if (strspn(word, "0123456789-") == strlen(word))
        return exit_say(EXIT_USAGE,
            "'%s' is no id of a task; write 17 or 17-20 (`stint tasks` lists "
            "them)",
            word);
    status = find_named(s, word, &which->job);
    if (status != EXIT_FINE || which->job != 0) return status;
    return exit_say(EXIT_FAILED,
        "'%s' is no task and no job: write an id such as 17 or 17-20, or a "
        "job's name, key or 'last' (`stint tasks`, `stint jobs`)",
        word);
}

static int
too_many(const struct stint_selection *which)
{
    if (which->job == 0)
        return exit_say(EXIT_USAGE,
            "%" PRIu64 "-%" PRIu64 " are too many, %d at most; `stint tasks` "
            "lists them all",
            which->first, which->last, MOST_IDS);
    return exit_say(EXIT_USAGE,
        "job %" PRIu64 " has more than %d tasks; `stint tasks --job %" PRIu64
        " --limit 0` lists them, for some of which to ask",
        which->job, MOST_IDS, which->job);
}

static int
see_id(void *arg, const struct stint_task_row *row)
{
    struct select_ids *out = arg;

    if (out->count > MOST_IDS) return 1;
    out->ids[out->count++] = row->task;
    return 0;
}

static int
compare_ids(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}

/* What ended well, was cancelled or expired is listed only when asked for. */
static int
list_ids(struct stint *s, uint64_t job, struct select_ids *out)
{
    static const int states_plus_one[] = { 0, STINT_DONE + 1,
        STINT_CANCELLED + 1, STINT_EXPIRED + 1 };
    int code = 0;

    for (size_t i = 0; code == 0 && i < 4; i++) {
        struct stint_task_filter filter = { .job = job,
            .state_plus_one = states_plus_one[i],
            .limit = MOST_IDS + 1 };

        code = stint_list_tasks(s, &filter, see_id, out, LIST_MS);
    }
    return code;
}

static int
ids_of_job(struct stint *s, const struct stint_selection *which,
    struct select_ids *out)
{
    int code = list_ids(s, which->job, out);

    if (out->count > MOST_IDS) return too_many(which);
    if (code != 0) return exit_error(code);
    if (out->count == 0)
        return exit_say(EXIT_FAILED,
            "no task of job %" PRIu64 " is kept: " SELECT_NOT_KEPT
            " (`stint jobs %" PRIu64 "` says how many there were)",
            which->job, which->job);
    qsort(out->ids, out->count, sizeof(*out->ids), compare_ids);
    return EXIT_FINE;
}

int
select_ids(struct stint *s, const struct stint_selection *which,
    struct select_ids *out)
{
    *out = (struct select_ids){ mem_new(MOST_IDS + 1, sizeof(*out->ids)), 0 };
    if (which->job != 0) return ids_of_job(s, which, out);
    if (which->last - which->first >= MOST_IDS) return too_many(which);
    for (uint64_t id = which->first; id <= which->last; id++)
        out->ids[out->count++] = id;
    return EXIT_FINE;
}

static int
see_nothing(void *arg, const struct stint_because *why)
{
    (void)arg;
    (void)why;
    return 0;
}

/* Of an id that it has given the master says more than the error does. */
static bool
has_ended(struct stint *s, const struct run *run, uint64_t task)
{
    int code = stint_explain(
        s, task, 0, see_nothing, NULL, setting_ms(run, "timeout"));

    return code == STINT_ENOTASK
           && strcmp(stint_error_message(), stint_error_text(code)) != 0;
}

int
select_no_task(struct stint *s, const struct run *run, uint64_t task)
{
    if (has_ended(s, run, task))
        return exit_say(EXIT_FAILED,
            "task %" PRIu64
            " has ended, and nothing of it is kept: " SELECT_NOT_KEPT,
            task);
    return exit_say(EXIT_FAILED,
        "this master has never had a task %" PRIu64 "; `stint tasks` lists "
        "those there are",
        task);
}

int
select_look(
    struct stint_job *job, const struct run *run, struct stint_job_row *row)
{
    int code = stint_job_look(job, row, setting_ms(run, "timeout"));

    return code == 0 ? EXIT_FINE : exit_error(code);
}
