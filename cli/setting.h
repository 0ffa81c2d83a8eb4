/**
 * setting.h - the options of one run, and where each value came from. [cli]
 *
 * Precedence: flag, environment, the file of --config, the user's file, the
 * system's file, the default.  Asking for an option that the command does not
 * have, or as another kind, is a bug and aborts.
 */
#ifndef CLI_SETTING_H
#define CLI_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/command.h"

enum setting_from {
    FROM_DEFAULT,
    FROM_SYSTEM_FILE,
    FROM_USER_FILE,
    FROM_CONFIG_FILE,
    FROM_ENVIRONMENT,
    FROM_FLAG
};

struct setting {
    const struct opt *opt;
    const char *scope;
    char *env;
    char **items; /* NULL-terminated; more than one for OPT_LIST only. */
    size_t count;
    enum setting_from from;
    char *where; /* "flag", "STINT_MASTER", "/etc/stint/stint.conf:3"… */
    bool hidden; /* Not an option of this command, only shown. */
};

struct run {
    const struct command *command;
    struct setting *settings;
    size_t count;
    char **words; /* What is not an option; NULL-terminated. */
    size_t word_count;
    char **after; /* What followed "--", for commands that run commands. */
};

/** Make the settings of a command, all unset. */
void setting_init(struct run *run, const struct command *command);

/** Add the options of every other command, to be shown. */
void setting_add_all(struct run *run);

void setting_fini(struct run *run);

/** Record a value, unless one of a higher precedence is there.  A list's value
 * is added to those of the same precedence. */
void setting_set(struct setting *s, const char *text, enum setting_from from,
    const char *where);

/** NULL when there is none. */
struct setting *setting_find(const struct run *run, const char *name);
struct setting *setting_find_in(
    const struct run *run, const char *scope, const char *name);

/** NULL when not set and without default. */
const char *setting_text(const struct run *run, const char *name);
bool setting_flag(const struct run *run, const char *name);
int64_t setting_ms(const struct run *run, const char *name);
/** The same as a limit of the library, where 0 is none: 0s is 1 ms, "forever"
 * and what is not set are 0. */
int64_t setting_limit_ms(const struct run *run, const char *name);
uint64_t setting_size(const struct run *run, const char *name);
int64_t setting_number(const struct run *run, const char *name);
/** NULL-terminated, lent until setting_fini(); NULL when not set. */
const char *const *setting_list(const struct run *run, const char *name);

/** --color for a stream (its file descriptor), --progress for stderr. */
bool setting_color(const struct run *run, int fd);
/** The same before the options are read: mistakes in them are said, too. */
bool setting_color_early(int fd);
bool setting_progress(const struct run *run);

#endif
