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

int
select_look(
    struct stint_job *job, const struct run *run, struct stint_job_row *row)
{
    int code = stint_job_look(job, row, setting_ms(run, "timeout"));

    return code == 0 ? EXIT_FINE : exit_error(code);
}
