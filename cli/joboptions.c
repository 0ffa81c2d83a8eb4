#include "cli/joboptions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/exit.h"
#include "cli/input.h"
#include "cli/mem.h"
#include "cli/value.h"

static const struct opt options[] = {
    { "jobs", 'j', OPT_COUNT, "N", NULL,
        "At most so many tasks of it side by side, on all workers; else as "
        "many as there are slots" },
    { "retries", 0, OPT_COUNT, "N", "1",
        "Run a task that fails so many times in all" },
    { "losses", 0, OPT_COUNT, "N", "4",
        "Run a task again whose worker was lost, so often without using up a "
        "retry; 0: never run twice what was begun" },
    { "no-requeue", 0, OPT_FLAG, NULL, NULL,
        "Run no task twice, as sbatch has it: --losses 0 --retries 1" },
    { "timeout", 0, OPT_DURATION, "TIME", NULL,
        "Fail an attempt that takes longer" },
    { "halt", 0, OPT_TEXT, "WHEN", "never",
        "Begin nothing more (soon), or end what runs as well (now), when so "
        "many failed: soon,fail=1, now,fail=5%" },
    { "put", 0, OPT_LIST, "FILE[=NAME]", NULL,
        "Each task finds a copy of this file in its folder; may be given "
        "several times" },
    { "get", 0, OPT_LIST, "FILE", NULL,
        "A file that each task leaves in its folder, such as {/.}.out, comes "
        "back; may be given several times" },
    { "shell", 0, OPT_FLAG, NULL, NULL,
        "Let sh read the command; values are quoted" },
    { "handler", 0, OPT_TEXT, "NAME", NULL,
        "Run this C handler of the workers, not a command" },
    { "own", 0, OPT_FLAG, NULL, NULL,
        "Run what the workers have of their own (stint worker -- ./simulate "
        "{}), not a command" },
    { "stdin", 0, OPT_FLAG, NULL, NULL,
        "The value is the task's standard input, and no argument" },
    { "cwd", 0, OPT_FILE, "DIR", NULL,
        "Run there, or fail; else in this directory where the worker has it" },
    { "env", 0, OPT_LIST, "NAME[=VALUE]", NULL,
        "Give the tasks this variable; may be given several times" },
    { "queue", 0, OPT_TEXT, "NAME", "default", "Whose workers run it" },
    { "name", 0, OPT_TEXT, "NAME", NULL, "How `stint jobs` shows it" },
    { "key", 0, OPT_TEXT, "KEY", NULL,
        "The same key again is the same job: nothing runs twice" },
    { "priority", 0, OPT_NUMBER, "N", NULL, "Among jobs; smaller goes first" },
    { "need", 0, OPT_LIST, "NAME[=VALUE|=COUNT]", NULL,
        "Only on workers that have it, such as gpus=1 or zone=b; may be given "
        "several times" },
    { "cpus", 0, OPT_COUNT, "N", NULL, "Each task needs so many cores" },
    { "memory", 0, OPT_SIZE, "SIZE", NULL, "Each task needs so much memory" },
    { "limit-memory", 0, OPT_SIZE, "SIZE", NULL,
        "Most address space of a task" },
    { "limit-cpu", 0, OPT_DURATION, "TIME", NULL,
        "Most processor time of a task" },
    { "limit-files", 0, OPT_COUNT, "N", NULL, "Most open files of a task" },
    { "output-max", 0, OPT_SIZE, "SIZE", "1M",
        "Keep so much of a task's stdout, and of its stderr; what is cut is an "
        "error" },
    { "grace", 0, OPT_DURATION, "TIME", "2s",
        "From TERM to KILL when a task is ended" },
    { "keep", 0, OPT_DURATION, "TIME", "7d",
        "Forget the job so long after its end" },
    { "expires", 0, OPT_DURATION, "TIME", NULL,
        "What has not begun by then does not run" },
    { 0 },
};
const struct opt_group joboptions_group = { "run", "Job:", options };

static const struct opt input_options[] = {
    { "arg-file", 'a', OPT_LIST, "FILE", NULL,
        "Values are the lines of this file; may be given several times" },
    { "null", '0', OPT_FLAG, NULL, NULL,
        "Values in files and stdin end with a NUL, not a newline" },
    { "colsep", 0, OPT_TEXT, "REGEX", NULL,
        "A line is several values, {1}, {2} …, with this between them" },
    { "array", 0, OPT_TEXT, "FIRST-LAST[:STEP]", NULL,
        "Values are these numbers" },
    { "dry-run", 0, OPT_FLAG, NULL, NULL, "Print what would run" },
    { 0 },
};
const struct opt_group joboptions_input = { "run", "Input:", input_options };

static const struct opt output_options[] = {
    { "as-completed", 0, OPT_FLAG, NULL, NULL,
        "Print results as tasks end, not in the order of the input" },
    { "keep-order", 'k', OPT_FLAG, NULL, NULL,
        "Print results in the order of the input: as it is anyway" },
    { "tag", 0, OPT_FLAG, NULL, NULL,
        "Print the values and a tab before each line" },
    { "json", 0, OPT_FLAG, NULL, NULL, "Print a line of JSON a task" },
    { "results", 0, OPT_FILE, "DIR", NULL,
        "Write what tasks print into files below DIR" },
    { "get-to", 0, OPT_FILE, "DIR", NULL,
        "Write what --get brings back below DIR; else below this directory" },
    { "joblog", 0, OPT_FILE, "FILE", NULL, "Log a line a task that ended" },
    { "resume", 0, OPT_FLAG, NULL, NULL,
        "Leave out what --joblog or --results has" },
    { "resume-failed", 0, OPT_FLAG, NULL, NULL,
        "The same, but run again what failed" },
    { 0 },
};
const struct opt_group joboptions_output = { "run", "Output:", output_options };

/* ---- values -------------------------------------------------------------- */

static unsigned
count(const struct run *run, const char *name)
{
    int64_t n = setting_number(run, name);

    return n < UINT32_MAX ? (unsigned)n : UINT32_MAX;
}

/* "soon,fail=3", "now,fail=5%". */
static bool
read_halt(const char *text, struct stint_job_options *job)
{
    char number[VALUE_TEXT];
    size_t length;
    int64_t n;

    if (strcmp(text, "never") == 0) return true;
    if (strncmp(text, "soon,fail=", 10) == 0) {
        job->halt = STINT_HALT_SOON;
        text += 10;
    } else if (strncmp(text, "now,fail=", 9) == 0) {
        job->halt = STINT_HALT_NOW;
        text += 9;
    } else {
        return false;
    }
    length = strlen(text);
    if (length > 0 && text[length - 1] == '%') {
        snprintf(number, sizeof(number), "%.*s", (int)length - 1, text);
        if (!value_number(number, 1, 100, &n)) return false;
        job->halt_percent = (unsigned)n;
        return true;
    }
    if (!value_number(text, 1, INT64_MAX, &n)) return false;
    job->halt_count = (uint64_t)n;
    return true;
}

static int
take_halt(const struct run *run, struct stint_job_options *job)
{
    const char *text = setting_text(run, "halt");

    if (read_halt(text, job)) return EXIT_FINE;
    return exit_say(EXIT_USAGE,
        "--halt wants never, soon,fail=3, now,fail=3 or a percentage such as "
        "soon,fail=10%%, not '%s'",
        text);
}

/* ---- environment, needs -------------------------------------------------- */

static char *
own(struct joboptions *o, char *text)
{
    size_t n = 0;

    while (o->owned != NULL && o->owned[n] != NULL)
        n++;
    o->owned = mem_grow(o->owned, n + 2, sizeof(*o->owned));
    o->owned[n] = text;
    o->owned[n + 1] = NULL;
    return text;
}

static void
take_env(const struct run *run, struct joboptions *o)
{
    const char *const *name = setting_list(run, "env");
    size_t n = 0;

    for (; name != NULL && *name != NULL; name++) {
        const char *value = getenv(*name);
        bool has_value = strchr(*name, '=') != NULL;

        if (!has_value && value == NULL) continue;
        o->env = mem_grow(o->env, n + 2, sizeof(*o->env));
        o->env[n++] = own(
            o, has_value ? mem_copy(*name) : mem_format("%s=%s", *name, value));
        o->env[n] = NULL;
    }
    o->job.command.env = (const char *const *)o->env;
}

static void
add_need(struct joboptions *o, struct stint_trait need)
{
    size_t n = 0;

    while (o->needs != NULL && o->needs[n].name != NULL)
        n++;
    o->needs = mem_grow(o->needs, n + 2, sizeof(*o->needs));
    o->needs[n] = need;
    o->needs[n + 1] = (struct stint_trait){ 0 };
}

/* A number is a count, anything else the value of a label. */
static int
take_need(struct joboptions *o, const char *text)
{
    char *name = own(o, mem_copy(text)), *value = strchr(name, '=');
    struct stint_trait need = { .name = name };
    int64_t n;

    if (value != NULL) *value++ = '\0';
    if (*name == '\0'
        || (value != NULL && (*value == '\0' || strchr(value, '=') != NULL)))
        return exit_say(EXIT_USAGE,
            "--need wants NAME, NAME=VALUE or NAME=COUNT, not '%s'", text);
    if (value != NULL && value_number(value, 0, INT64_MAX, &n))
        need.count = (uint64_t)n;
    else
        need.value = value;
    /* None of it is no need. */
    if (value == NULL || need.value != NULL || need.count > 0)
        add_need(o, need);
    return EXIT_FINE;
}

static int
take_needs(const struct run *run, struct joboptions *o)
{
    const char *const *need = setting_list(run, "need");
    uint64_t cpus = (uint64_t)setting_number(run, "cpus");
    uint64_t memory = setting_size(run, "memory");
    int status = EXIT_FINE;

    for (; need != NULL && *need != NULL && status == EXIT_FINE; need++)
        status = take_need(o, *need);
    if (cpus > 0)
        add_need(o, (struct stint_trait){ .name = "cpus", .count = cpus });
    if (memory > 0)
        add_need(o, (struct stint_trait){ .name = "memory", .count = memory });
    o->job.needs = o->needs;
    return status;
}

/* ---- what runs ----------------------------------------------------------- */

static void
split_words(const struct run *run, struct joboptions *o)
{
    size_t n = 0;

    while (n < run->word_count && !input_is_separator(run->words[n]))
        n++;
    o->argv = mem_new(n + 1, sizeof(*o->argv));
    for (size_t i = 0; i < n; i++)
        o->argv[i] = run->words[i];
    if (n < run->word_count) o->input = run->words + n;
}

/* `stint run 'wc -l {}'` is a slip of people who know parallel; a program whose
 * name has blanks may be here. */
static bool
is_line(const char *word)
{
    return strpbrk(word, " \t\n|;&<>$`") != NULL && access(word, X_OK) != 0;
}

static bool
has_word(const struct joboptions *o, const char *word)
{
    for (size_t i = 0; o->argv[i] != NULL; i++)
        if (strcmp(o->argv[i], word) == 0) return true;
    return false;
}

static int
check_words(const struct run *run, const struct joboptions *o)
{
    const char *handler = o->job.handler;
    bool has_command = o->argv[0] != NULL;

    if (has_command && handler != NULL)
        return exit_say(EXIT_USAGE,
            "--handler %s takes no command; put its values behind :::, as in "
            "stint %s --handler %s ::: %s",
            handler, run->command->name, handler, o->argv[0]);
    if (has_command && o->argv[1] == NULL && !o->job.command.shell
        && is_line(o->argv[0]))
        return exit_say(EXIT_USAGE,
            "no shell reads the command, and no program is called '%s'; for a "
            "shell: stint %s --shell '…', else leave out the quotes",
            o->argv[0], run->command->name);
    if (setting_flag(run, "own") && (has_command || handler != NULL))
        return exit_say(EXIT_USAGE,
            "--own runs what the workers have of their own; leave it out, or "
            "%s",
            has_command ? o->argv[0] : "--handler");
    if (o->job.command.input && has_word(o, "{}"))
        exit_note("stint: with --stdin the value is the standard input of %s; "
                  "for {} it gets the value as an argument, too",
            o->argv[0]);
    if (o->has_no_command && o->job.command.input)
        return exit_say(EXIT_USAGE,
            "which command reads the values? stint %s --stdin wc -l",
            run->command->name);
    return EXIT_FINE;
}

/* As GNU parallel has it, without a command each value is one, for a shell; it
 * is quoted as all values are, and eval takes the quotes off. */
static const char *const value_lines[] = { "eval", "{}", NULL };

static void
take_command(const struct run *run, struct joboptions *o)
{
    struct stint_command *c = &o->job.command;
    const char *cwd = setting_text(run, "cwd");

    c->argv = (const char *const *)o->argv;
    c->shell = setting_flag(run, "shell");
    if (o->has_no_command) {
        c->argv = value_lines;
        c->shell = true;
    }
    if (cwd == NULL) o->cwd = getcwd(NULL, 0);
    c->cwd = cwd != NULL ? cwd : o->cwd;
    c->cwd_must = cwd != NULL;
    c->input = setting_flag(run, "stdin");
    c->grace_ms = setting_limit_ms(run, "grace");
    c->memory_max = setting_size(run, "limit-memory");
    c->cpu_ms = setting_limit_ms(run, "limit-cpu");
    c->files_max = (uint64_t)setting_number(run, "limit-files");
    /* Of its own accord nobody asks for more than a master has. */
    if (setting_find(run, "output-max")->from != FROM_DEFAULT)
        c->output_max = setting_size(run, "output-max");
}

/* A retry comes soon, as the worker that failed is seldom the reason. */
enum { BACKOFF_MS = 100 };

static const int64_t CENTURY_MS = INT64_C(100) * 365 * 86400 * 1000;

static bool
is_given(const struct run *run, const char *name)
{
    return setting_find(run, name)->from == FROM_FLAG;
}

enum { LOSSES_MAX = 65534 };

/* How often a task may be run, and why again. */
static int
take_tries(const struct run *run, struct stint_job_options *job)
{
    int64_t losses = setting_number(run, "losses");
    unsigned tries = count(run, "retries");
    bool is_once = setting_flag(run, "no-requeue");

    if (tries == 0)
        return exit_say(EXIT_USAGE,
            "--retries counts how often a task is run in all: 1 or more");
    if (losses > LOSSES_MAX)
        return exit_say(EXIT_USAGE, "--losses is at most %d", LOSSES_MAX);
    if (is_once
        && ((is_given(run, "retries") && tries > 1)
            || (is_given(run, "losses") && losses > 0)))
        return exit_say(EXIT_USAGE,
            "--no-requeue runs a task once; to try again what failed by "
            "itself: --losses 0 --retries N");
    job->attempts_max = is_once ? 1 : tries;
    job->backoff_ms = BACKOFF_MS;
    /* What nobody asked for is the master's to say. */
    if (is_once)
        job->losses_plus_one = 1;
    else if (setting_find(run, "losses")->from != FROM_DEFAULT)
        job->losses_plus_one = (unsigned)losses + 1;
    return EXIT_FINE;
}

static void
take_job(const struct run *run, struct joboptions *o)
{
    struct stint_job_options *job = &o->job;

    job->queue = setting_text(run, "queue");
    job->name = setting_text(run, "name");
    job->key = setting_text(run, "key");
    job->handler = setting_text(run, "handler");
    job->timeout_ms = setting_limit_ms(run, "timeout");
    job->running_max = count(run, "jobs");
    job->priority = (int)setting_number(run, "priority");
    job->keep_ms = setting_limit_ms(run, "keep");
    if (setting_ms(run, "keep") < 0) job->keep_ms = CENTURY_MS;
    job->expires_ms = setting_limit_ms(run, "expires");
    job->program = job->handler != NULL       ? STINT_PROGRAM_HANDLER
                   : setting_flag(run, "own") ? STINT_PROGRAM_WORKER
                                              : STINT_PROGRAM_COMMAND;
    o->has_no_command =
        o->argv[0] == NULL && job->program == STINT_PROGRAM_COMMAND;
}

/* It has to be told from a number, and from "last", wherever a job is meant. */
static int
check_name(const struct run *run, const char *option)
{
    const char *name = setting_text(run, option);
    uint64_t first, last;
    int64_t number;

    if (name == NULL) return EXIT_FINE;
    if (*name == '\0')
        return exit_say(EXIT_USAGE,
            "--%s is empty: give one, or leave the option out", option);
    if (value_number(name, 0, INT64_MAX, &number)
        || value_ids(name, &first, &last) || strcmp(name, "last") == 0
        || strcmp(name, "all") == 0)
        return exit_say(EXIT_USAGE,
            "--%s %s would be taken for a number of a job or for one of the "
            "words last and all; take another one, such as sim-%s",
            option, name, name);
    return EXIT_FINE;
}

int
joboptions_take(const struct run *run, struct joboptions *o)
{
    int status;

    *o = (struct joboptions){ 0 };
    split_words(run, o);
    take_job(run, o);
    take_command(run, o);
    take_env(run, o);
    status = check_name(run, "name");
    if (status == EXIT_FINE) status = check_name(run, "key");
    if (status == EXIT_FINE) status = take_needs(run, o);
    if (status == EXIT_FINE) status = take_tries(run, &o->job);
    if (status == EXIT_FINE) status = take_halt(run, &o->job);
    return status == EXIT_FINE ? check_words(run, o) : status;
}

void
joboptions_fini(struct joboptions *o)
{
    for (size_t i = 0; o->owned != NULL && o->owned[i] != NULL; i++)
        free(o->owned[i]);
    free(o->owned);
    free(o->env);
    free(o->needs);
    free(o->argv);
    free(o->cwd);
    *o = (struct joboptions){ 0 };
}
