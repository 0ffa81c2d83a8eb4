#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <stint.h>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/exit.h"
#include "cli/value.h"

static uint64_t
count_of(const struct stint_store_stat *st, const char *kind)
{
    for (unsigned i = 0; i < STINT_STORE_KINDS; i++) {
        const char *name = stint_store_kind(i);

        if (name != NULL && strcmp(name, kind) == 0) return st->kinds[i];
    }
    return 0;
}

static int
run_backup(struct run *run)
{
    const char *to = run->words[0];
    char *data = config_data_path(run);
    struct stint_store_stat st;
    char size[VALUE_TEXT];
    int code = stint_backup(data, to, &st);

    free(data);
    if (code != 0) return exit_error(code);
    value_show_size(st.bytes, size);
    exit_note("%s   %" PRIu64 " tasks, %" PRIu64 " results, %" PRIu64
              " queues, keys; %s bytes, checked",
        to, count_of(&st, "task"), count_of(&st, "result"),
        count_of(&st, "queue"), size);
    exit_note("to restore:   stop the master, then: %s master --data %s   (or "
              "copy it to where the old one was)",
        exit_program(), to);
    return EXIT_FINE;
}

const struct command command_backup = {
    .name = "backup",
    .group = "Store",
    .args = "DIR",
    .summary = "Copy all that a master is to a new directory, while it runs",
    .examples = "stint backup /backup/stint-$(date +%F)\n"
                "stint backup --data /srv/stint copy\n",
    .notes = "Tasks, results, keys and access files; files have mode 0600, and "
             "who has them is the master.  The copy has all that was "
             "acknowledged before, is checked, and is there whole or not at "
             "all.",
    .args_min = 1,
    .args_max = 1,
    .groups = { &opt_data, &opt_general },
    .run = run_backup,
};
