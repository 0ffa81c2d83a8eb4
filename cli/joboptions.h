/**
 * joboptions.h - the options of `run` and `submit`.            [layer: cli]
 */
#ifndef CLI_JOBOPTIONS_H
#define CLI_JOBOPTIONS_H

#include <stint_job.h>

#include "cli/command.h"
#include "cli/setting.h"

/** What runs and how; what goes in; what comes out (run only). */
extern const struct opt_group joboptions_group, joboptions_input,
    joboptions_output;

struct joboptions {
    struct stint_job_options job; /* Lends from the rest and the settings. */
    char **argv;                  /* Of the command; NULL-terminated. */
    bool has_no_command;          /* Each value is a line for a shell. */
    char **input;                 /* Words from the first ::: on; or NULL. */
    char **env, **owned;
    struct stint_trait *needs;
    char *cwd;
};

/** Take the settings and the words.  Returns the exit status, having said what
 * is wrong; joboptions_fini() in any case. */
int joboptions_take(const struct run *run, struct joboptions *o);

void joboptions_fini(struct joboptions *o);

#endif
