#include "cli/command.h"

#include <stdio.h>
#include <string.h>

const struct command *const command_table[] = {
    &command_master,
    &command_worker,
    &command_local,
    &command_put,
    &command_get,
    &command_status,
    &command_queues,
    &command_workers,
    &command_tasks,
    &command_show,
    &command_ping,
    &command_health,
    &command_wait,
    &command_key_generate,
    &command_key_new,
    &command_key_list,
    &command_key_revoke,
    &command_drain,
    &command_config_show,
    &command_completion,
    &command_version,
    &command_help,
    &command_backup,
    &command_store_check,
    &command_store_stat,
    &command_store_export,
    &command_store_import,
};
const size_t command_count = sizeof(command_table) / sizeof(*command_table);

const struct command *
command_find(int argc, char *const argv[], unsigned *words)
{
    char two[64] = "";

    if (argc > 2) snprintf(two, sizeof(two), "%s %s", argv[1], argv[2]);
    for (size_t i = 0; argc > 1 && i < command_count; i++) {
        const struct command *c = command_table[i];

        *words = strchr(c->name, ' ') != NULL ? 2 : 1;
        if (strcmp(c->name, *words == 2 ? two : argv[1]) == 0) return c;
    }
    return NULL;
}
