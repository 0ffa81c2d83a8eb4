#include "master/store/segment.h"

#include <string.h>

#include "common/stint_error.h"
#include "master/store/crc.h"
#include "master/store/le.h"

static const char MAGIC[8] = { 's', 't', 'i', 'n', 't', 'l', 'o', 'g' };
static const char SPARE[] = "spare-";

static uint32_t
header_crc(const uint8_t bytes[SEGMENT_HEADER])
{
    uint32_t crc = crc_more(0, bytes, 12);

    return crc_more(crc, bytes + 16, SEGMENT_HEADER - 16);
}

void
segment_encode(uint8_t out[SEGMENT_HEADER], const struct segment_header *h)
{
    memset(out, 0, SEGMENT_HEADER);
    memcpy(out, MAGIC, sizeof MAGIC);
    le_put32(out + 8, h->version);
    memcpy(out + 16, h->id, SEGMENT_ID);
    le_put32(out + 32, h->number);
    le_put32(out + 36, h->needed);
    le_put64(out + 40, h->size);
    le_put64(out + 48, h->first);
    le_put32(out + 12, header_crc(out));
}

int
segment_decode(const uint8_t in[SEGMENT_HEADER], struct segment_header *h)
{
    if (memcmp(in, MAGIC, sizeof MAGIC) != 0) return STINT_EDAMAGED;
    if (le_get32(in + 12) != header_crc(in)) return STINT_EDAMAGED;
    *h = (struct segment_header){ .version = le_get32(in + 8),
        .number = le_get32(in + 32),
        .needed = le_get32(in + 36),
        .size = le_get64(in + 40),
        .first = le_get64(in + 48) };
    memcpy(h->id, in + 16, SEGMENT_ID);
    return h->version == SEGMENT_VERSION ? 0 : STINT_EFORMAT;
}

uint32_t
segment_seed(const uint8_t id[SEGMENT_ID])
{
    return crc_more(0, id, SEGMENT_ID);
}

void
segment_name(char out[SEGMENT_NAME], uint32_t number)
{
    (void)snprintf(out, SEGMENT_NAME, "%08u.log", (unsigned)number);
}

void
segment_spare_name(char out[SEGMENT_NAME], uint32_t number)
{
    (void)snprintf(out, SEGMENT_NAME, "%s%u", SPARE, (unsigned)number);
}

/* Only the one way to write a number is a name. */
static bool
is_named(const char *name, const char *digits,
    void (*write)(char out[SEGMENT_NAME], uint32_t number), uint32_t *number)
{
    char again[SEGMENT_NAME];
    unsigned long value = strtoul(digits, NULL, 10);

    if (value == 0 || value >= UINT32_MAX) return false;
    *number = (uint32_t)value;
    write(again, *number);
    return strcmp(name, again) == 0;
}

bool
segment_is_name(const char *name, uint32_t *number)
{
    return is_named(name, name, segment_name, number);
}

bool
segment_is_spare_name(const char *name, uint32_t *number)
{
    size_t length = sizeof SPARE - 1;

    if (strncmp(name, SPARE, length) != 0) return false;
    return is_named(name, name + length, segment_spare_name, number);
}
