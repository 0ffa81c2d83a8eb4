/**
 * packed.h - bytes of a shared object, for people and as JSON. [layer: cli]
 *
 * Bytes that are one value of msgpack (stint_value.h) are that value; others
 * are text, when they are UTF-8 without control characters; or their
 * hexadecimal digits.  Short bytes may be both: "A" is also the number 65.
 * Then the text is told beside the value.
 */
#ifndef CLI_PACKED_H
#define CLI_PACKED_H

#include <stint_value.h>

struct json_t;

enum packed_form { PACKED_MSGPACK, PACKED_TEXT, PACKED_HEX };

/* What is thought of first. */
enum packed_first {
    PACKED_VALUE_FIRST,
    PACKED_TEXT_FIRST, /* As of keys, which are names mostly. */
    PACKED_TEXT_ONLY   /* Never a value: they were declared to be bytes. */
};

struct packed {
    enum packed_form form;
    struct json_t *json; /* Of the value, or a string: the text, the digits. */
    char *text;          /* For people: the same in one line. */
    char *plain;         /* A value that may be a text: that; else NULL. */
};

/** Read them; packed_fini(). */
void packed_read(
    struct packed *p, struct stint_bytes bytes, enum packed_first first);

/** "msgpack", "text", "hex" */
const char *packed_word(const struct packed *p);

void packed_fini(struct packed *p);

#endif
