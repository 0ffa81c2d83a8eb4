/**
 * opt_parse.h - reading options from argv, with argp.          [layer: cli]
 */
#ifndef CLI_OPT_PARSE_H
#define CLI_OPT_PARSE_H

#include "cli/setting.h"

/**
 * Put the command line into run's settings and words.  An error is said and
 * ends the program with 64; --help and --usage print and end it with 0.
 */
void opt_parse(struct run *run, int argc, char **argv);

/** Print the long help of run's command on stdout. */
void opt_parse_help(struct run *run);

#endif
