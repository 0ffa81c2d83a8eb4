/**
 * input.h - where the values of `stint run` come from.         [layer: cli]
 *
 * Sources are values of the command line (:::), lines of files (::::, -a,
 * stdin) or numbers (--array).  Several of them are combined, the last one
 * running fastest; a source that is *linked* (:::+, ::::+) goes side by side
 * with the one before it, and the shorter of both ends them.  So
 *
 *     ::: a b ::: 1 2        a 1, a 2, b 1, b 2
 *     ::: a b :::+ 1 2       a 1, b 2
 *
 * A file of the first group is read as its values are asked for; those of later
 * groups are needed again and again and are kept.  With a separator of columns
 * a line is as many values as it has columns.
 *
 * Source: GNU parallel 20221122, "--arg-sep", "--link", "--colsep".
 */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stint.h>

struct input;

struct input_options {
    char *const *words;       /* From the first ::: on; NULL-terminated. */
    const char *const *files; /* -a; NULL-terminated; or NULL. */
    const char *array;        /* "1-1000:2", "5"; or NULL. */
    const char *colsep;       /* A regular expression; or NULL. */
    bool nul;                 /* Values of files end with NUL, not newline. */
    bool keeps_nul;           /* A NUL in a line is no harm. */
    int wake_fd;              /* Readable: stop reading; or -1. */
};

/** Whether a word of the command line begins a source. */
bool input_is_separator(const char *word);

/**
 * Open all sources; without any it is stdin.
 *
 * Owns:    borrows the options' texts; gives *out, free with input_free().
 * Returns: the exit status, having said what is wrong.
 */
int input_open(const struct input_options *options, struct input **out);

/**
 * The next values, with a NUL between each.
 *
 * Owns:    lends *value until the next call.
 * Returns: 1; 0 at the end, or when woken; -1 when a source cannot be read on,
 *          which was said.
 * Time:    waits for what a pipe brings.
 */
int input_next(struct input *in, struct stint_bytes *value);

/** How many there are in all; 0 while that is not known. */
uint64_t input_total(const struct input *in);

/** Whether it is stdin because nothing else was named. */
bool input_is_default(const struct input *in);

/** NULL is fine. */
void input_free(struct input *in);

#endif
