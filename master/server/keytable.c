#include "master/server/keytable.h"

#include <sodium.h>
#include <stdlib.h>

#include "common/stint_error.h"
#include "proto/access.h"

static const char HEAD[] =
    "# Keys that this master knows: role, public key, state, name.\n";
static const char HEX[] = "0123456789abcdef";

void
keytable_fini(struct keytable *t)
{
    free(t->rows);
    *t = (struct keytable){ .rows = NULL };
}

struct core_key *
keytable_find(const struct keytable *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->rows[i].name, name) == 0) return &t->rows[i];
    }
    return NULL;
}

int
keytable_put(struct keytable *t, const struct core_key *key)
{
    struct core_key *row = keytable_find(t, key->name);

    if (row == NULL && t->count == t->room) {
        size_t room = t->room == 0 ? 8 : t->room * 2;
        struct core_key *grown = reallocarray(t->rows, room, sizeof *grown);
        if (grown == NULL) return STINT_ENOMEM;
        t->rows = grown;
        t->room = room;
    }
    if (row == NULL) row = &t->rows[t->count++];
    *row = *key;
    return 0;
}

static void
append_text(struct buf *out, const char *text)
{
    buf_append(out, text, strlen(text));
}

static void
append_name(struct buf *out, const char *name)
{
    for (; *name != '\0'; name++) {
        unsigned char c = (unsigned char)*name;
        if (c > 0x20 && c != 0x7f && c != '%') {
            buf_append(out, name, 1);
        } else {
            const char escaped[3] = { '%', HEX[c >> 4], HEX[c & 15] };
            buf_append(out, escaped, sizeof escaped);
        }
    }
}

void
keytable_format(const struct keytable *t, struct buf *out)
{
    append_text(out, HEAD);
    for (size_t i = 0; i < t->count; i++) {
        const struct core_key *key = &t->rows[i];
        char role[ACCESS_ROLE_TEXT], hex[2 * PROTO_KEY_BYTES + 1];
        access_role_text(key->role, role);
        (void)sodium_bin2hex(
            hex, sizeof hex, key->public_key, sizeof key->public_key);
        append_text(out, role);
        append_text(out, " ");
        append_text(out, hex);
        append_text(out, key->revoked ? " revoked " : " in ");
        append_name(out, key->name);
        append_text(out, "\n");
    }
}

/* The next word of the line, up to a space or its end. */
static struct slice
word(struct slice *line)
{
    size_t length = 0;

    while (length < line->length && line->bytes[length] != ' ') {
        length++;
    }
    struct slice w = { line->bytes, length };
    if (length < line->length) length++;
    line->bytes += length;
    line->length -= length;
    return w;
}

static bool
read_hex(struct slice text, uint8_t *out, size_t size)
{
    size_t length = 0;

    return text.length == 2 * size
           && sodium_hex2bin(out, size, (const char *)text.bytes, text.length,
                  NULL, &length, NULL)
                  == 0
           && length == size;
}

static bool
read_name(struct slice text, char out[PROTO_NAME_MAX + 1])
{
    size_t at = 0;

    for (size_t i = 0; i < text.length; i++, at++) {
        uint8_t c = text.bytes[i];
        if (at == PROTO_NAME_MAX) return false;
        if (c == '%') {
            if (text.length - i < 3) return false;
            if (!read_hex((struct slice){ text.bytes + i + 1, 2 }, &c, 1)) {
                return false;
            }
            i += 2;
        }
        if (c == '\0') return false;
        out[at] = (char)c;
    }
    out[at] = '\0';
    return at > 0;
}

static bool
read_row(struct slice line, struct core_key *key)
{
    *key = (struct core_key){ .role = access_role_parse(word(&line)) };
    if (key->role == 0) return false;
    if (!read_hex(word(&line), key->public_key, sizeof key->public_key)) {
        return false;
    }
    struct slice state = word(&line);
    key->revoked = slice_equal(state, slice_of("revoked"));
    if (!key->revoked && !slice_equal(state, slice_of("in"))) return false;
    return read_name(word(&line), key->name) && line.length == 0;
}

int
keytable_parse(struct keytable *t, struct slice text, unsigned *line)
{
    struct core_key key;

    *line = 0;
    while (text.length > 0) {
        const uint8_t *end = memchr(text.bytes, '\n', text.length);
        *line += 1;
        if (end == NULL) return STINT_EACCESS; /* Cut off. */
        struct slice row = { text.bytes, (size_t)(end - text.bytes) };
        text.bytes += row.length + 1;
        text.length -= row.length + 1;
        if (row.length == 0 || row.bytes[0] == '#') continue;
        if (!read_row(row, &key) || keytable_find(t, key.name) != NULL) {
            return STINT_EACCESS;
        }
        int rc = keytable_put(t, &key);
        if (rc != 0) return rc;
    }
    return 0;
}
