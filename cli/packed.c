#include "cli/packed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli/mem.h"
#include "cli/value.h"

enum { JSON_LINE = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15) };

/* ---- msgpack to JSON, NULL: it has none ---------------------------------- */

static json_t *read_value(struct stint_unpack *u);

/* JSON has no such numbers. */
static json_t *
real(double number)
{
    if (isnan(number)) return json_string("nan");
    if (isinf(number)) return json_string(number > 0 ? "inf" : "-inf");
    return json_real(number);
}

static json_t *
text_or_hex(struct stint_bytes bytes)
{
    bool hex;
    char *text = value_show_bytes(bytes, &hex);
    json_t *json = hex ? json_pack("{s:s}", "hex", text) : json_string(text);

    free(text);
    return json;
}

static json_t *
read_array(struct stint_unpack *u)
{
    json_t *array = json_array();
    size_t count = 0;

    if (stint_unpack_next_array(u, &count) != 0) goto none;
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(array, read_value(u)) != 0) goto none;
    return array;

none:
    json_decref(array);
    return NULL;
}

/* Keys that are no texts become the text of their JSON.  Gives it. */
static char *
read_key(struct stint_unpack *u)
{
    json_t *json = read_value(u);
    char *key = NULL;

    if (json_is_string(json))
        key = mem_copy(json_string_value(json));
    else if (json != NULL)
        key = json_dumps(json, JSON_LINE);
    json_decref(json);
    return key;
}

static json_t *
read_map(struct stint_unpack *u)
{
    json_t *object = json_object();
    size_t count = 0;

    if (stint_unpack_next_map(u, &count) != 0) goto none;
    for (size_t i = 0; i < count; i++) {
        char *key = read_key(u);
        int bad =
            key == NULL || json_object_set_new(object, key, read_value(u)) != 0;

        free(key);
        if (bad) goto none;
    }
    return object;

none:
    json_decref(object);
    return NULL;
}

static json_t *
read_scalar(struct stint_unpack *u, enum stint_packed type)
{
    struct stint_bytes bytes;
    int64_t whole;
    double number;
    bool flag;

    switch (type) {
    case STINT_PACKED_NIL:
        return stint_unpack_next_nil(u) == 0 ? json_null() : NULL;
    case STINT_PACKED_BOOL:
        return stint_unpack_next_bool(u, &flag) == 0 ? json_boolean(flag)
                                                     : NULL;
    case STINT_PACKED_INT:
        return stint_unpack_next_int(u, &whole) == 0 ? json_integer(whole)
                                                     : NULL;
    case STINT_PACKED_DOUBLE:
        return stint_unpack_next_double(u, &number) == 0 ? real(number) : NULL;
    case STINT_PACKED_STRING:
        return stint_unpack_next_string(u, &bytes) == 0 ? text_or_hex(bytes)
                                                        : NULL;
    case STINT_PACKED_BYTES:
        return stint_unpack_next_bytes(u, &bytes) == 0 ? text_or_hex(bytes)
                                                       : NULL;
    case STINT_PACKED_ARRAY:
    case STINT_PACKED_MAP:
    case STINT_PACKED_END:
    case STINT_PACKED_OTHER:
    default:
        return NULL;
    }
}

static json_t *
read_value(struct stint_unpack *u)
{
    enum stint_packed type = stint_unpack_peek(u);

    if (type == STINT_PACKED_ARRAY) return read_array(u);
    if (type == STINT_PACKED_MAP) return read_map(u);
    return read_scalar(u, type);
}

/* Read over once before, it is known to be no deeper than that goes. */
static json_t *
read_whole(struct stint_bytes bytes)
{
    struct stint_unpack u;

    stint_unpack_begin(&u, &bytes);
    if (stint_unpack_skip(&u) != 0 || stint_unpack_end(&u) != 0) return NULL;
    stint_unpack_begin(&u, &bytes);
    return read_value(&u);
}

/* ---- text ---------------------------------------------------------------- */

/* In one line: "\n" for a newline, "\t" for a tab.  Gives it. */
static char *
in_a_line(const char *text)
{
    char *line = mem_new(strlen(text) * 2 + 1, 1), *to = line;

    for (; *text != '\0'; text++) {
        if (*text == '\n' || *text == '\t') {
            *to++ = '\\';
            *to++ = *text == '\n' ? 'n' : 't';
        } else {
            *to++ = *text;
        }
    }
    return line;
}

static void
set_text(struct packed *p, char *text, bool hex)
{
    p->form = hex ? PACKED_HEX : PACKED_TEXT;
    p->json = json_string(text);
    p->text = in_a_line(text);
    free(text);
}

static void
set_value(struct packed *p, json_t *json, char *text, bool hex)
{
    char *line = json_dumps(json, JSON_LINE);

    p->form = PACKED_MSGPACK;
    p->json = json;
    p->plain = hex ? NULL : mem_copy(text);
    p->text = hex ? mem_copy(line) : mem_format("%s or '%s'", line, text);
    free(line);
    free(text);
}

void
packed_read(struct packed *p, struct stint_bytes bytes, enum packed_first first)
{
    bool hex;
    char *text = value_show_bytes(bytes, &hex);
    bool looks =
        first == PACKED_VALUE_FIRST || (first == PACKED_TEXT_FIRST && hex);
    json_t *json = looks ? read_whole(bytes) : NULL;

    *p = (struct packed){ .json = NULL };
    if (json != NULL)
        set_value(p, json, text, hex);
    else
        set_text(p, text, hex);
}

const char *
packed_word(const struct packed *p)
{
    static const char *const words[] = { "msgpack", "text", "hex" };

    return words[p->form];
}

void
packed_fini(struct packed *p)
{
    json_decref(p->json);
    free(p->text);
    free(p->plain);
}
