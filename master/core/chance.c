#include "master/core/chance.h"

#include <sodium/crypto_shorthash.h>
#include <string.h>

void
chance_init(struct chance *c, uint64_t seed)
{
    memset(c, 0, sizeof *c);
    memcpy(c->key, &seed, sizeof seed);
    uint64_t other = ~seed * UINT64_C(0x9e3779b97f4a7c15);
    memcpy(c->key + sizeof seed, &other, sizeof other);
}

uint64_t
chance_draw(struct chance *c)
{
    uint64_t draw;

    c->counter += 1;
    (void)crypto_shorthash((unsigned char *)&draw,
        (const unsigned char *)&c->counter, sizeof c->counter, c->key);
    return draw;
}

uint64_t
chance_of(const uint8_t key[16], uint64_t a, uint64_t b, uint64_t c)
{
    const uint64_t all[] = { a, b, c };
    uint64_t out;

    (void)crypto_shorthash(
        (unsigned char *)&out, (const unsigned char *)all, sizeof all, key);
    return out;
}
