/**
 * command.h - what a command is, and the table of all of them.   [layer: cli]
 *
 * The help, the completions, the configuration files and the dispatch are all
 * read from this table.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/opt.h"

struct run;

enum { COMMAND_GROUPS = 6 };

struct command {
    const char *name;     /* "put", "key new" */
    const char *group;    /* Heading in `stint help`. */
    const char *args;     /* "QUEUE [VALUE|-]..." */
    const char *summary;  /* One line, imperative. */
    const char *examples; /* Lines for --help, without indentation. */
    const char *notes;    /* What else --help says, at its end; or NULL. */
    unsigned args_min, args_max; /* Words that are not options. */
    const char *implies; /* An option that is set anyway: taken, but --help says
                            nothing of it.  Or NULL. */
    bool runs_commands;  /* What follows "--" is not words of its own. */
    bool ends_at_word; /* The first word that is no option ends the options: the
                          rest is somebody else's command line. */
    /** Its options, its own first; a name in an earlier group hides the same
     * name in a later one. */
    const struct opt_group *groups[COMMAND_GROUPS];
    /** Returns the exit status, having said why if it is not 0. */
    int (*run)(struct run *run);
};

extern const struct command *const command_table[];
extern const size_t command_count;

/** The command of argv[1] (and argv[2]: "key new"); *words says how many words
 * its name took.  NULL: no such command. */
const struct command *command_find(
    int argc, char *const argv[], unsigned *words);

/** Whether it has this option. */
bool command_has(const struct command *c, const char *option);

extern const struct command command_master, command_worker, command_local,
    command_run, command_submit, command_put, command_get, command_status,
    command_queues, command_workers, command_tasks, command_show, command_ping,
    command_health, command_wait, command_key_generate, command_key_new,
    command_key_list, command_key_revoke, command_drain, command_backup,
    command_store_check, command_store_stat, command_store_export,
    command_store_import, command_config_show, command_completion,
    command_version, command_help, command_jobs, command_results,
    command_attach, command_logs, command_failures, command_explain,
    command_top, command_cancel, command_retry, command_pause, command_resume,
    command_purge, command_forget, command_files, command_change,
    command_schedule_add, command_schedule_list, command_schedule_remove,
    command_objects, command_objects_show, command_objects_delete;

/** What `stint master` and `stint worker` share with `stint local`. */
extern const struct opt_group command_master_group, command_worker_group;

#endif
