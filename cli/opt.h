/**
 * opt.h - the options there are.                              [layer: cli]
 *
 * An option is one row of a table; --help, the environment variable, the key in
 * a configuration file, the completions and `stint config show` follow from it.
 */
#ifndef CLI_OPT_H
#define CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>

enum opt_kind {
    OPT_FLAG,
    OPT_TEXT,
    OPT_FILE,
    OPT_LIST, /* May be given several times. */
    OPT_DURATION,
    OPT_SIZE,
    OPT_COUNT,  /* A whole number from 0. */
    OPT_NUMBER, /* A whole number of 32 bits, with a sign. */
    OPT_CHOICE, /* One of the words of `arg`, "auto|always|never". */
    OPT_SECRET  /* Only from the environment; never shown. */
};

struct opt {
    const char *name; /* Without its dashes. */
    int letter;       /* Or 0. */
    enum opt_kind kind;
    const char *arg;      /* How --help calls the value. */
    const char *fallback; /* As the user would type it; NULL: none. */
    const char *help;
};

/** Options that belong together; `scope` is their section in a configuration
 * file, "common" or the name of a command. */
struct opt_group {
    const char *scope;
    const char *title;
    const struct opt *options; /* Ends with {0}. */
};

/** What every command that talks to a master has: --master, --access,
 * --authkey-file, --allow-weak-authkey, --connect-timeout, --timeout. */
extern const struct opt_group opt_connection;
/** --authkey-file and --allow-weak-authkey alone. */
extern const struct opt_group opt_authkey;
/** --data: where a master's keys, access files and store live. */
extern const struct opt_group opt_data;
/** --json, --plain. */
extern const struct opt_group opt_output;
/** --quiet, --color, --progress, --config: of every command. */
extern const struct opt_group opt_general;

/** "STINT_PUT_PRIORITY"; gives the text. */
char *opt_env_name(const char *scope, const char *name);

/** How --help and errors call the value: the option's `arg`, or by its kind. */
const char *opt_arg(const struct opt *opt);

/** What makes `text` no value of this option: "a duration such as 90s or
 * 1h30m", lent for ever; NULL when it is one. */
const char *opt_wants(const struct opt *opt, const char *text);

#endif
