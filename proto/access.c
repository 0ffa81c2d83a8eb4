#include "proto/access.h"

#include <sodium.h>
#include <stdio.h>

#include "common/base.h"
#include "common/stint_error.h"

static const char HEAD[] = "# A Stint access file: who can read it may come "
                           "in.  Keep it to yourself.\n";

static const struct {
    unsigned bit;
    const char *name;
} roles[] = {
    { ROLE_WORK, "work" },
    { ROLE_SUBMIT, "submit" },
    { ROLE_ADMIN, "admin" },
};

enum field { VERSION, ADDRESS, SERVER_KEY, ROLE, NAME, SEED, FIELDS };
static const char *const field_names[FIELDS] = { "version", "address",
    "server-key", "role", "name", "seed" };
static const char *const field_missing[FIELDS] = { "version is missing",
    "address is missing", "server-key is missing", "role is missing",
    "name is missing", "seed is missing" };

void
access_role_text(unsigned role, char out[ACCESS_ROLE_TEXT])
{
    size_t at = 0;

    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if ((role & roles[i].bit) == 0) continue;
        if (at > 0) out[at++] = ',';
        size_t length = strlen(roles[i].name);
        memcpy(out + at, roles[i].name, length);
        at += length;
    }
    out[at] = '\0';
}

static unsigned
role_bit(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if (slice_equal(name, slice_of(roles[i].name))) return roles[i].bit;
    }
    return 0;
}

/* Cut off and return what is before the first `mark` (all, if there is none),
 * leaving what is behind it. */
static struct slice
cut(struct slice *rest, char mark)
{
    const uint8_t *at =
        rest->length == 0 ? NULL : memchr(rest->bytes, mark, rest->length);
    size_t length = at == NULL ? rest->length : (size_t)(at - rest->bytes);
    struct slice before = { rest->bytes, length };
    size_t used = at == NULL ? length : length + 1;

    *rest = (struct slice){ rest->length == used ? NULL : rest->bytes + used,
        rest->length - used };
    return before;
}

unsigned
access_role_parse(struct slice text)
{
    unsigned role = 0;

    while (text.length > 0) {
        unsigned bit = role_bit(cut(&text, ','));
        if (bit == 0) return 0;
        role |= bit;
    }
    return role;
}

/* The name is for people: what would end its line does not get into it. */
static void
printable_name(const char *name, char out[PROTO_NAME_MAX + 1])
{
    size_t i = 0;

    for (; i < PROTO_NAME_MAX && name[i] != '\0'; i++) {
        unsigned char c = (unsigned char)name[i];
        out[i] = c < 0x20 || c == 0x7f ? '_' : name[i];
    }
    out[i] = '\0';
}

size_t
access_format(const struct access_file *access, char *out)
{
    char server_key[2 * PROTO_KEY_BYTES + 1], seed[2 * 32 + 1];
    char role[ACCESS_ROLE_TEXT], name[PROTO_NAME_MAX + 1];

    (void)sodium_bin2hex(server_key, sizeof server_key, access->server_key,
        sizeof access->server_key);
    (void)sodium_bin2hex(seed, sizeof seed, access->seed, sizeof access->seed);
    access_role_text(access->role, role);
    printable_name(access->name, name);
    int length = snprintf(out, ACCESS_TEXT_MAX,
        "%sversion = 1\naddress = %.255s\nserver-key = %s\nrole = %s\n"
        "name = %s\nseed = %s\n",
        HEAD, access->address, server_key, role, name, seed);
    sodium_memzero(seed, sizeof seed);
    return (size_t)length;
}

static struct slice
trim(struct slice s)
{
    while (s.length > 0 && (s.bytes[0] == ' ' || s.bytes[0] == '\t')) {
        s = (struct slice){ s.bytes + 1, s.length - 1 };
    }
    while (s.length > 0
           && (s.bytes[s.length - 1] == ' ' || s.bytes[s.length - 1] == '\t'
               || s.bytes[s.length - 1] == '\r')) {
        s.length--;
    }
    return s;
}

static bool
read_text(struct slice value, char *out, size_t size)
{
    if (value.length == 0 || value.length >= size) return false;
    for (size_t i = 0; i < value.length; i++) {
        if (value.bytes[i] < 0x20 || value.bytes[i] == 0x7f) return false;
    }
    memcpy(out, value.bytes, value.length);
    out[value.length] = '\0';
    return true;
}

static bool
read_hex(struct slice value, uint8_t out[32])
{
    size_t length = 0;

    return value.length == 64
           && sodium_hex2bin(out, 32, (const char *)value.bytes, value.length,
                  NULL, &length, NULL)
                  == 0
           && length == 32;
}

/* Why `value` is no good for the field, or NULL. */
static const char *
read_field(struct access_file *a, enum field field, struct slice value)
{
    switch (field) {
    case VERSION:
        return slice_equal(value, slice_of("1"))
                   ? NULL
                   : "a version that this program does not know: update it";
    case ADDRESS:
        return read_text(value, a->address, sizeof a->address)
                   ? NULL
                   : "address must have 1 to 255 characters";
    case SERVER_KEY:
        return read_hex(value, a->server_key)
                   ? NULL
                   : "server-key must be 64 hex digits";
    case ROLE:
        a->role = access_role_parse(value);
        return a->role != 0 ? NULL
                            : "role must be work, submit or admin (or several "
                              "with commas)";
    case NAME:
        return read_text(value, a->name, sizeof a->name)
                   ? NULL
                   : "name must have 1 to 255 characters";
    case SEED:
        return read_hex(value, a->seed) ? NULL : "seed must be 64 hex digits";
    case FIELDS:
        break;
    }
    return "unknown key";
}

static enum field
find_field(struct slice name)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (slice_equal(name, slice_of(field_names[i]))) return (enum field)i;
    }
    return FIELDS;
}

/* Why the line is no good, or NULL; notes in `have` the fields that came. */
static const char *
read_line(struct access_file *a, struct slice line, bool have[FIELDS])
{
    line = trim(line);
    if (line.length == 0 || line.bytes[0] == '#') return NULL;
    if (memchr(line.bytes, '=', line.length) == NULL) {
        return "not of the form key = value";
    }
    enum field field = find_field(trim(cut(&line, '=')));
    if (field == FIELDS) return "unknown key";
    if (have[field]) return "the same key twice";
    have[field] = true;
    return read_field(a, field, trim(line));
}

int
access_parse(struct slice text, struct access_file *access, unsigned *line,
    const char **why)
{
    bool have[FIELDS] = { false };

    *access = (struct access_file){ .role = 0 };
    *line = 0;
    *why = NULL;
    while (text.length > 0) {
        *line += 1;
        *why = read_line(access, cut(&text, '\n'), have);
        if (*why != NULL) return STINT_EACCESS;
    }
    for (size_t i = 0; i < FIELDS; i++) {
        if (have[i]) continue;
        *line += 1; /* Where it should have come. */
        *why = field_missing[i];
        return STINT_EACCESS;
    }
    return 0;
}
