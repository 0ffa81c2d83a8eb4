#include "master/store/crc.h"

#include <pthread.h>
#include <string.h>

enum { SLICES = 8 };
static const uint32_t POLYNOMIAL = 0x82f63b78; /* Reflected. */

static uint32_t table[SLICES][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
fill_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
        table[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++) {
        for (int s = 1; s < SLICES; s++) {
            uint32_t before = table[s - 1][i];
            table[s][i] = before >> 8 ^ table[0][before & 0xff];
        }
    }
}

uint32_t
crc_more_by_table(uint32_t crc, const void *bytes, size_t length)
{
    const uint8_t *p = bytes;

    (void)pthread_once(&once, fill_table);
    crc = ~crc;
    for (; length >= SLICES; p += SLICES, length -= SLICES) {
        uint8_t low[4] = { (uint8_t)(p[0] ^ crc), (uint8_t)(p[1] ^ crc >> 8),
            (uint8_t)(p[2] ^ crc >> 16), (uint8_t)(p[3] ^ crc >> 24) };
        crc = table[7][low[0]] ^ table[6][low[1]] ^ table[5][low[2]]
              ^ table[4][low[3]] ^ table[3][p[4]] ^ table[2][p[5]]
              ^ table[1][p[6]] ^ table[0][p[7]];
    }
    for (; length > 0; p++, length--)
        crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xff];
    return ~crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t crc, const void *bytes, size_t length)
{
    const uint8_t *p = bytes;
    uint64_t wide = (uint32_t)~crc;

    for (; length >= 8; p += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    uint32_t narrow = (uint32_t)wide;
    if (length >= 4) {
        uint32_t word;
        memcpy(&word, p, sizeof word);
        narrow = __builtin_ia32_crc32si(narrow, word);
        p += 4;
        length -= 4;
    }
    for (; length > 0; p++, length--)
        narrow = __builtin_ia32_crc32qi(narrow, *p);
    return ~narrow;
}

uint32_t
crc_more(uint32_t crc, const void *bytes, size_t length)
{
    if (__builtin_cpu_supports("sse4.2")) {
        return by_instruction(crc, bytes, length);
    }
    return crc_more_by_table(crc, bytes, length);
}
#else
uint32_t
crc_more(uint32_t crc, const void *bytes, size_t length)
{
    return crc_more_by_table(crc, bytes, length);
}
#endif
