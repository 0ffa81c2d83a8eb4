#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "cli/complete.h"

const struct command *const command_table[] = {
    &command_master,
    &command_worker,
    &command_local,
    &command_run,
    &command_submit,
    &command_put,
    &command_get,
    &command_wait,
    &command_results,
    &command_attach,
    &command_schedule_add,
    &command_schedule_list,
    &command_schedule_remove,
    &command_status,
    &command_queues,
    &command_jobs,
    &command_tasks,
    &command_workers,
    &command_show,
    &command_objects_show,
    &command_objects_delete,
    &command_objects, /* Behind those that begin with it. */
    &command_logs,
    &command_explain,
    &command_failures,
    &command_files,
    &command_top,
    &command_cancel,
    &command_retry,
    &command_change,
    &command_drain,
    &command_pause,
    &command_resume,
    &command_purge,
    &command_forget,
    &command_ping,
    &command_health,
    &command_key_generate,
    &command_key_new,
    &command_key_list,
    &command_key_revoke,
    &command_config_show,
    &command_completion,
    &command_backup,
    &command_store_check,
    &command_store_stat,
    &command_store_export,
    &command_store_import,
    &command_version,
    &command_help,
};
const size_t command_count = sizeof(command_table) / sizeof(*command_table);

/* The same under the noun: `stint job list`. */
static const struct other_name {
    const char *noun, *name;
} other_names[] = {
    { "queue list", "queues" },
    { "queue show", "queues" },
    { "job list", "jobs" },
    { "job show", "jobs" },
    { "task list", "tasks" },
    { "task show", "show" },
    { "worker list", "workers" },
    { "worker show", "workers" },
    { "object list", "objects" },
    { "object show", "objects show" },
    { "object delete", "objects delete" },
};

static const char *
usual_name(const char *noun)
{
    for (size_t i = 0; i < sizeof(other_names) / sizeof(*other_names); i++)
        if (strcmp(noun, other_names[i].noun) == 0) return other_names[i].name;
    return noun;
}

bool
command_has(const struct command *c, const char *option)
{
    for (size_t i = 0; i < COMMAND_GROUPS && c->groups[i] != NULL; i++)
        for (const struct opt *o = c->groups[i]->options; o->name != NULL; o++)
            if (strcmp(o->name, option) == 0) return true;
    return false;
}

const struct command *
command_find(int argc, char *const argv[], unsigned *words)
{
    char two[64] = "";
    const char *name;

    if (argc > 2) snprintf(two, sizeof(two), "%s %s", argv[1], argv[2]);
    name = usual_name(two);
    for (size_t i = 0; argc > 1 && i < command_count; i++) {
        const struct command *c = command_table[i];

        *words = strchr(c->name, ' ') != NULL || name != two ? 2 : 1;
        if (strcmp(c->name, *words == 2 ? name : argv[1]) == 0) return c;
    }
    *words = 1;
    return argc > 1 && strcmp(argv[1], command_complete.name) == 0
               ? &command_complete
               : NULL;
}
