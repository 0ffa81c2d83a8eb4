#include "cli/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "cli/mem.h"

static const char suffix[] = "_base64";

enum { SUFFIX = sizeof(suffix) - 1, NAME_MAX_BYTES = 64 };

/* ---- out ----------------------------------------------------------------- */

static json_t *
base64_of(struct stint_bytes bytes)
{
    size_t room =
        sodium_base64_encoded_len(bytes.size, sodium_base64_VARIANT_ORIGINAL);
    char *text = mem_new(room, 1);
    json_t *string;

    sodium_bin2base64(
        text, room, bytes.data, bytes.size, sodium_base64_VARIANT_ORIGINAL);
    string = json_string_nocheck(text);
    free(text);
    return string;
}

static void
add_field(json_t *object, const struct stint_store_field *f)
{
    char name[NAME_MAX_BYTES + SUFFIX + 1];
    json_t *text = NULL;

    if (f->type == STINT_STORE_UNSIGNED || f->type == STINT_STORE_SIGNED) {
        json_object_set_new(object, f->name, json_integer(f->number));
        return;
    }
    if (f->type == STINT_STORE_TEXT)
        text =
            json_stringn(f->bytes.size > 0 ? f->bytes.data : "", f->bytes.size);
    if (text != NULL) {
        json_object_set_new(object, f->name, text);
        return;
    }
    snprintf(name, sizeof(name), "%.*s%s", NAME_MAX_BYTES, f->name, suffix);
    json_object_set_new(object, name, base64_of(f->bytes));
}

void
rows_print(const struct stint_store_row *row)
{
    json_t *fields = json_object(), *line;

    for (size_t i = 0; i < row->count; i++)
        add_field(fields, &row->fields[i]);
    line = json_pack("{s:s, s:I, s:o}", "kind", row->kind, "id",
        (json_int_t)row->id, "fields", fields);
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

/* ---- and in -------------------------------------------------------------- */

static void
forget(struct rows_line *line)
{
    for (size_t i = 0; i < line->room; i++) {
        free(line->owned[i]);
        line->owned[i] = NULL;
    }
    json_decref(line->object);
    line->object = NULL;
    line->row = (struct stint_store_row){ 0 };
}

static void
make_room(struct rows_line *line, size_t count)
{
    if (count <= line->room) return;
    line->fields = mem_grow(line->fields, count, sizeof(*line->fields));
    line->owned = mem_grow(line->owned, count, sizeof(*line->owned));
    memset(line->owned + line->room, 0, (count - line->room) * sizeof(void *));
    line->room = count;
}

/* Cuts "_base64" off a copy of the name, which is owned like the bytes: both in
 * one piece. */
static const char *
take_base64(struct rows_line *line, struct stint_store_field *f,
    const char *name, json_t *value)
{
    size_t length = strlen(name) - SUFFIX, text = json_string_length(value);
    size_t room = text / 4 * 3 + 3;
    char *piece = mem_new(length + 1 + room, 1);

    line->owned[line->row.count] = piece;
    memcpy(piece, name, length);
    *f = (struct stint_store_field){ .name = piece,
        .type = STINT_STORE_BYTES,
        .bytes.data = piece + length + 1 };
    if (sodium_base642bin((unsigned char *)piece + length + 1, room,
            json_string_value(value), text, NULL, &f->bytes.size, NULL,
            sodium_base64_VARIANT_ORIGINAL)
        != 0)
        return "a field _base64 is not base64";
    return NULL;
}

static const char *
take_field(struct rows_line *line, const char *name, json_t *value)
{
    struct stint_store_field *f = &line->fields[line->row.count];
    size_t length = strlen(name);

    if (json_is_integer(value)) {
        *f = (struct stint_store_field){ .name = name,
            .type = STINT_STORE_SIGNED,
            .number = json_integer_value(value) };
        return NULL;
    }
    if (!json_is_string(value)) return "a field is neither number nor text";
    if (length > SUFFIX && strcmp(name + length - SUFFIX, suffix) == 0)
        return take_base64(line, f, name, value);
    *f = (struct stint_store_field){ .name = name,
        .type = STINT_STORE_TEXT,
        .bytes = { json_string_value(value), json_string_length(value) } };
    return NULL;
}

static const char *
take_row(struct rows_line *line)
{
    json_t *kind = json_object_get(line->object, "kind");
    json_t *id = json_object_get(line->object, "id");
    json_t *fields = json_object_get(line->object, "fields"), *value;
    const char *name, *wrong = NULL;

    if (!json_is_string(kind) || !json_is_integer(id)
        || json_integer_value(id) < 0 || !json_is_object(fields))
        return "it is not {\"kind\":…, \"id\":…, \"fields\":{…}}";
    make_room(line, json_object_size(fields));
    line->row = (struct stint_store_row){ .kind = json_string_value(kind),
        .id = (uint64_t)json_integer_value(id),
        .fields = line->fields };
    json_object_foreach(fields, name, value)
    {
        wrong = take_field(line, name, value);
        if (wrong != NULL) return wrong;
        line->row.count++;
    }
    return NULL;
}

const char *
rows_read(struct rows_line *line, const char *text, size_t size)
{
    static json_error_t error;

    forget(line);
    line->object =
        json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (line->object == NULL) return error.text;
    return take_row(line);
}

void
rows_fini(struct rows_line *line)
{
    forget(line);
    free(line->fields);
    free(line->owned);
    *line = (struct rows_line){ 0 };
}
