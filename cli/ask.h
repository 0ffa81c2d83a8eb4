/**
 * ask.h - a question before something is gone for good.        [layer: cli]
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "cli/setting.h"

/** --yes, --dry-run; the scope of both is "common". */
extern const struct opt_group ask_group;

/** Ask on a terminal, unless --yes.  Returns EXIT_FINE for yes; EXIT_FAILED for
 * no; EXIT_USAGE, having said that --yes is needed, where nobody can be asked.
 */
int ask_first(const struct run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
