#include "proto/pack.h"

#include <stdlib.h>

#include "client/stint_value.h"
#include "common/sys/say.h"

void
stint_bytes_free(struct stint_bytes *bytes)
{
    if (bytes == NULL) return;
    free((void *)(uintptr_t)bytes->data);
    *bytes = (struct stint_bytes){ NULL, 0 };
}

/* ---- several ------------------------------------------------------------- */

/* Room for `more`; NULL, and the error is set, without memory. */
static uint8_t *
reserve(struct stint_pack *p, size_t more)
{
    if (p->error != 0) return NULL;
    if (more <= p->room - p->size) return p->data + p->size;

    size_t want = p->room < 32 ? 64 : p->room * 2;
    if (want < p->size + more) want = p->size + more;
    unsigned char *data = realloc(p->data, want);
    if (data == NULL) {
        p->error = STINT_ENOMEM;
        return NULL;
    }
    p->data = data;
    p->room = want;
    return data + p->size;
}

static void
written(struct stint_pack *p, const uint8_t *end)
{
    p->size = (size_t)(end - p->data);
}

static bool
is_short(struct stint_pack *p, size_t length)
{
    if (length <= UINT32_MAX) return true;
    if (p->error == 0) p->error = STINT_ETOOLARGE;
    return false;
}

static void
add_byte(struct stint_pack *p, uint8_t byte)
{
    uint8_t *at = reserve(p, 1);

    if (at == NULL) return;
    *at = byte;
    written(p, at + 1);
}

void
stint_pack_add_nil(struct stint_pack *p)
{
    add_byte(p, 0xc0);
}

void
stint_pack_add_bool(struct stint_pack *p, bool value)
{
    add_byte(p, value ? 0xc3 : 0xc2);
}

void
stint_pack_add_int(struct stint_pack *p, int64_t value)
{
    uint8_t *at = reserve(p, PACK_NUMBER_MAX);

    if (at != NULL) written(p, pack_sint(at, value));
}

void
stint_pack_add_double(struct stint_pack *p, double value)
{
    uint8_t *at = reserve(p, PACK_NUMBER_MAX);
    uint64_t bits;

    if (at == NULL) return;
    memcpy(&bits, &value, sizeof bits);
    written(p, pack_64(at, 0xcb, bits));
}

void
stint_pack_add_string(struct stint_pack *p, const char *text)
{
    struct slice s = slice_of(text);
    uint8_t *at =
        is_short(p, s.length) ? reserve(p, s.length + PACK_HEAD_MAX) : NULL;

    if (at != NULL) written(p, pack_str(at, s));
}

void
stint_pack_add_bytes(struct stint_pack *p, const void *bytes, size_t size)
{
    uint8_t *at = is_short(p, size) ? reserve(p, size + PACK_HEAD_MAX) : NULL;

    if (at != NULL) written(p, pack_bin(at, (struct slice){ bytes, size }));
}

/* The head of an array or a map: with the count in the first byte, or in two or
 * four more. */
static void
add_head(struct stint_pack *p, size_t count, uint8_t fix, uint8_t tag)
{
    uint8_t *at = is_short(p, count) ? reserve(p, PACK_HEAD_MAX) : NULL;

    if (at == NULL) return;
    if (count < 16) {
        *at = (uint8_t)(fix | count);
        written(p, at + 1);
    } else if (count <= UINT16_MAX) {
        written(p, pack_16(at, tag, count));
    } else {
        written(p, pack_32(at, (uint8_t)(tag + 1), count));
    }
}

void
stint_pack_add_array(struct stint_pack *p, size_t count)
{
    add_head(p, count, 0x90, 0xdc);
}

void
stint_pack_add_map(struct stint_pack *p, size_t count)
{
    add_head(p, count, 0x80, 0xde);
}

void
stint_pack_add_packed(struct stint_pack *p, const struct stint_bytes *packed)
{
    uint8_t *at = reserve(p, packed->size);

    if (at == NULL) return;
    written(p, pack_raw(at, (struct slice){ packed->data, packed->size }));
}

int
stint_pack_end(struct stint_pack *p, struct stint_bytes *out)
{
    int error = p->error;

    *out = (struct stint_bytes){ p->data, p->size };
    if (error != 0) {
        stint_bytes_free(out);
        (void)say(error, "%s",
            error == STINT_ENOMEM ? "no memory for packed values"
                                  : "a packed value has 4 GiB at most");
    }
    *p = (struct stint_pack){ NULL, 0, 0, 0 };
    return error;
}

void
stint_pack_free(struct stint_pack *p)
{
    free(p->data);
    *p = (struct stint_pack){ NULL, 0, 0, 0 };
}

/* ---- one value ----------------------------------------------------------- */

#define PACK_ONE(...)                        \
    struct stint_pack p = { NULL, 0, 0, 0 }; \
    __VA_ARGS__;                             \
    return stint_pack_end(&p, out)

int
stint_pack_nil(struct stint_bytes *out)
{
    PACK_ONE(stint_pack_add_nil(&p));
}

int
stint_pack_bool(struct stint_bytes *out, bool value)
{
    PACK_ONE(stint_pack_add_bool(&p, value));
}

int
stint_pack_int(struct stint_bytes *out, int64_t value)
{
    PACK_ONE(stint_pack_add_int(&p, value));
}

int
stint_pack_double(struct stint_bytes *out, double value)
{
    PACK_ONE(stint_pack_add_double(&p, value));
}

int
stint_pack_string(struct stint_bytes *out, const char *text)
{
    PACK_ONE(stint_pack_add_string(&p, text));
}

int
stint_pack_bytes(struct stint_bytes *out, const void *bytes, size_t size)
{
    PACK_ONE(stint_pack_add_bytes(&p, bytes, size));
}

int
stint_pack_ints(struct stint_bytes *out, const int64_t *values, size_t count)
{
    struct stint_pack p = { NULL, 0, 0, 0 };

    stint_pack_add_array(&p, count);
    for (size_t i = 0; i < count; i++)
        stint_pack_add_int(&p, values[i]);
    return stint_pack_end(&p, out);
}

int
stint_pack_doubles(struct stint_bytes *out, const double *values, size_t count)
{
    struct stint_pack p = { NULL, 0, 0, 0 };

    stint_pack_add_array(&p, count);
    for (size_t i = 0; i < count; i++)
        stint_pack_add_double(&p, values[i]);
    return stint_pack_end(&p, out);
}
