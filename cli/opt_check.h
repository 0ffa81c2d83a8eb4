/**
 * opt_check.h - what is wrong with a command line.             [layer: cli]
 */
#ifndef CLI_OPT_CHECK_H
#define CLI_OPT_CHECK_H

struct run;

/**
 * Look at argv[1..argc) before argp does, whose messages do not say what was
 * meant: an option that does not exist, one that lacks its value or has one
 * too many.  Says it and ends the program with 64.
 *
 * Returns where the options end: argc, unless the command's end at its first
 * word.
 */
int opt_check(const struct run *run, int argc, char *const argv[]);

/** The same for how many words there are, once they are counted. */
void opt_check_words(const struct run *run);

#endif
