/**
 * rows.h - rows of a store as lines of JSON, and back.         [layer: cli]
 *
 *     {"kind":"task","id":17,"fields":{"queue":0,"payload_base64":"aGk=",…}}
 *
 * Numbers are numbers, text is text; bytes, and text that is not UTF-8, are
 * base64 under the field's name and "_base64".
 */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

#include <stddef.h>

#include <stint.h>

/** Print one row as a line on stdout. */
void rows_print(const struct stint_store_row *row);

/* What a line was read into. */
struct rows_line {
    struct stint_store_row row; /* Lent until the next line or rows_fini(). */
    struct stint_store_field *fields;
    void **owned; /* Decoded bytes. */
    size_t room;
    void *object;
};

/** Read one line into `line`, which was { 0 } or holds an earlier one.  Returns
 * NULL, or what is wrong with it, lent until the next line. */
const char *rows_read(struct rows_line *line, const char *text, size_t size);

void rows_fini(struct rows_line *line);

#endif
