#include "cli/select.h"

#include <inttypes.h>
#include <string.h>

#include "cli/exit.h"
#include "cli/value.h"

int
select_job(struct stint *s, const char *word, struct stint_job **out)
{
    int64_t number = 0;
    int code;

    if (word == NULL) word = "last";
    if (strcmp(word, "last") != 0 && !value_number(word, 1, INT64_MAX, &number))
        return exit_say(EXIT_USAGE,
            "'%s' is no job; write its number or 'last' (`stint jobs` lists "
            "them)",
            word);
    code = stint_job_find(s, (uint64_t)number, out);
    if (code == 0) return EXIT_FINE;
    if (code != STINT_ENOJOB) return exit_error(code);
    if (number == 0)
        return exit_say(EXIT_FAILED,
            "there is no last job: none was submitted with this key, or it is "
            "forgotten; `stint jobs` lists all");
    return exit_say(EXIT_FAILED,
        "there is no job %" PRId64 "; `stint jobs` lists those there are",
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

int
select_tasks(const char *word, struct stint_selection *which)
{
    if (value_ids(word, &which->first, &which->last)) return EXIT_FINE;
    return exit_say(EXIT_USAGE,
        "'%s' is no id of a task; write 17 or 17-20 (`stint tasks` lists them)",
        word);
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
            " has ended, and nothing of it is kept: `stint run` "
            "keeps only what failed of what it has printed, `stint submit` all "
            "until the job is forgotten",
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
