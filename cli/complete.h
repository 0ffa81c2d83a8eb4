/**
 * complete.h - names of jobs, tasks, queues and workers for a shell. [cli]
 *
 * The completions that `stint completion` prints ask for them while somebody
 * types, by `stint __complete KIND`: a line for each, a tab and a word on it
 * behind the name.  It says nothing on errors and gives up after 300 ms.  Names
 * that a shell would read as more than a name are left out, as some shells
 * evaluate what they are offered.
 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include "cli/command.h"

/** Not in the table of commands, so that no help tells of it. */
extern const struct command command_complete;

/** Of what kind the value of an option is: "jobs", "tasks", "queues",
 * "workers", …; NULL: of none. */
const char *complete_option(const struct command *c, const struct opt *o);

/** The same of the words of a command. */
const char *complete_words(const struct command *c);

/** Whether the first word is a program to be run. */
bool complete_is_program(const struct command *c);

#endif
