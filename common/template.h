/**
 * template.h - commands with holes, as GNU parallel has.     [layer: common]
 *
 * A command is a list of words.  In each of them stand for the values of a task
 *
 *     {}     all of them, blanks between         {1}    the first, {2} …
 *     {.}    without its extension               {1.}   the same of one
 *     {/}    without its directories             {1/}
 *     {//}   its directory                       {1//}
 *     {/.}   without both                        {1/.}
 *     {#}    the place of the task in its job    {-1}   counted from the last
 *
 * and nothing else does: what is no hole is text.  Values are bytes without
 * NUL.  A word that is exactly one of those on the left becomes a word for each
 * value; anywhere else several values stand with blanks between them.
 *
 * Pure.  Source: GNU parallel 20221122, "REPLACEMENT STRINGS", but for two
 * accidents of it: in a value of several lines the last "/" of all ends the
 * directories, not the last of the first line that has one; {0} is text.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/slice.h"

/* More values than that no task has. */
enum { TEMPLATE_VALUES_MAX = 4096 };

struct template_values {
    const struct slice *values; /* Borrowed. */
    size_t count;
    uint64_t seq; /* From 1. */
};

/** Split a payload, values with NULs between them, into at most `max` values,
 * which borrow from it.  Returns how many there are: 1 for an empty payload;
 * more than `max` when there are more. */
size_t template_split(struct slice payload, struct slice *values, size_t max);

/** Whether a word has a hole, {#} too. */
bool template_has_hole(struct slice word);

/**
 * Append `word` with its holes filled to `out`, without a NUL; `quoted`: each
 * value that goes in is quoted for a POSIX shell.  A hole for a value that is
 * not there is filled with nothing.  out->failed: no memory.
 */
void template_fill(struct buf *out, struct slice word,
    const struct template_values *values, bool quoted);

/**
 * Append the words of a whole command, each with a NUL behind it.
 *
 * `words` are words with a NUL behind each.  If no word has a hole the values
 * come behind them, as words of their own, unless `as_input`.
 * Returns how many words there are; out->failed: no memory.
 */
size_t template_words(struct buf *out, struct slice words,
    const struct template_values *values, bool as_input);

/**
 * Append the same as one line for `sh -c`: the words as they are, blanks
 * between, values quoted.
 */
void template_line(struct buf *out, struct slice words,
    const struct template_values *values, bool as_input);

/** Append `text` quoted for a POSIX shell: as it is when nothing in it needs
 * it, "''" when it is empty. */
void template_quote(struct buf *out, struct slice text);

#endif
