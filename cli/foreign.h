/**
 * foreign.h - options that people bring from elsewhere.        [layer: cli]
 *
 * Whoever knows GNU parallel types its options; those that `run` and `submit`
 * lack are named here with what to do instead.
 *
 * Source: GNU parallel 20221122, its manual's list of options.
 */
#ifndef CLI_FOREIGN_H
#define CLI_FOREIGN_H

struct command;

/** What to do in place of --NAME, which `command` has not; NULL when nobody is
 * known to have it.  Lent for ever. */
const char *foreign_option(const struct command *command, const char *name);

/** The same for -LETTER. */
const char *foreign_letter(const struct command *command, int letter);

#endif
