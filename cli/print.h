/**
 * print.h - how tasks of a job ended, printed.                 [layer: cli]
 *
 * As GNU parallel does it: what one task wrote stays together, stdout to
 * stdout and stderr to stderr, with --tag behind its values and a tab at the
 * beginning of each line.  With --json it is a line a task on stdout:
 *
 *     {"seq":3,"task":17,"ok":false,"end":"failed","exit":3,"signal":0,
 *      "attempts":1,"worker":"n7","reason":"exit 3","values":["c"],
 *      "stdout":"…","stderr":"…","began":"2026-01-31T…Z","seconds":0.012,…}
 *
 * Bytes that are no UTF-8 are their hexadecimal digits, as "stdout_hex".
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <stdio.h>

#include <stint_job.h>

#include "cli/setting.h"

/* How; all zero: as a command's output is. */
struct print {
    bool tag;
    bool json;
    bool lines;  /* Results of handlers: a newline behind each that has none. */
    bool quiet;  /* No sentence for what failed. */
    bool silent; /* No output but JSON: it is in files. */
};

enum { PRINT_TEXT = 256 };

/** --tag, --json and -q, where the command has them. */
void print_init(
    struct print *p, const struct run *run, enum stint_program program);

/**
 * Print the end of a task: its output, and a sentence on stderr when it failed
 * (not when it was cancelled), or when not all that it wrote is kept (with -q,
 * too).  stdout is flushed before something goes to
 * stderr.  Whether stdout could be written print_flush() says.
 */
void print_end(const struct print *p, const struct stint_end *end);

/** Whether a stream of it is not kept whole: then it is no success, whatever
 * the exit code of the command. */
bool print_is_cut(const struct stint_end *end);

/** What --tag puts before a line: the values, blanks between them, and a tab.
 */
void print_label(struct stint_bytes value, FILE *to);

/** Whether print_end() will write something to stderr. */
bool print_is_loud(const struct print *p, const struct stint_end *end);

/** Flush stdout.  Returns 0; EXIT_FAILED, having said why it cannot be written;
 * or 128 + SIGPIPE, in silence, when nobody reads it any more. */
int print_flush(void);

/** "failed: exit 3", "timed out after 1.2s", "cancelled": how it ended, for
 * people, in one line. */
void print_how(const struct stint_end *end, char out[PRINT_TEXT]);

/** Values of a task for people, in one line: blanks between them, what is not
 * plain replaced, cut at `width` bytes. */
void print_values(struct stint_bytes value, size_t width, char out[PRINT_TEXT]);

/** The last attempt, or NULL when none is known. */
const struct stint_attempt *print_last_try(const struct stint_end *end);

#endif
