/**
 * results.h - what tasks wrote, in files.                      [layer: cli]
 *
 * Below DIR a task has a folder by its values, number and value in turns, and
 * in it three files:
 *
 *     DIR/1/a/2/x/stdout  DIR/1/a/2/x/stderr  DIR/1/a/2/x/seq
 *
 * A / in a value is "\_", a backslash two, a tab "\t"; a value that is empty,
 * "." or ".." has a backslash before it, and no more than 255 bytes of one
 * count.  Where DIR has holes ({}, {1}, {/.}) it is filled, and the files are
 * NAME, NAME.err and NAME.seq; with a / behind it it is the folder.
 *
 * Source: GNU parallel 20221122, "--results".
 */
#ifndef CLI_RESULTS_H
#define CLI_RESULTS_H

#include <stdbool.h>

#include <stint_job.h>

struct results {
    const char *dir; /* NULL: none are kept. */
    bool has_holes;
};

/** Make DIR.  Borrows the text.  Returns the exit status, having said why. */
int results_open(struct results *r, const char *dir);

/** Write the files of one task.  Returns the exit status, having said which
 * could not be written and why. */
int results_add(
    const struct results *r, uint64_t seq, const struct stint_end *end);

/** Whether the task of these values has its files. */
bool results_has(
    const struct results *r, uint64_t seq, struct stint_bytes value);

#endif
