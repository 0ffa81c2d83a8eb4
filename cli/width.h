/**
 * width.h - how many columns a text takes on a terminal.       [layer: cli]
 *
 * Texts are UTF-8 (width_begin() sees to it), whatever they hold: a byte that
 * is none, and a control character, counts and is shown as one "?".
 */
#ifndef CLI_WIDTH_H
#define CLI_WIDTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** Take the user's characters, or UTF-8 where the environment says nothing. */
void width_begin(void);

/** Whether the user's characters are UTF-8: "…" and "█" may be printed. */
bool width_is_utf8(void);

/** Columns of the whole text. */
size_t width_of(const char *text);

/** Print what of `text` fits into `columns`, ending with "…" (or "~") when it
 * is cut; returns how many columns that took. */
size_t width_put(FILE *out, const char *text, size_t columns);

/** The same, and blanks up to `columns`: behind it, or before it if `right`. */
void width_pad(FILE *out, const char *text, size_t columns, bool right);

/** Print all of `text`, in lines of at most `columns` between whose words it is
 * broken, `used` columns of the first one being taken.  A word that is longer
 * is not broken. */
void width_wrap(FILE *out, const char *text, size_t columns, size_t used);

/** Columns and lines of the terminal `fd`, else of $COLUMNS and $LINES, else 80
 * and 24. */
void width_terminal(int fd, size_t *columns, size_t *lines);

#endif
