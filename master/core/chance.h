/**
 * chance.h - draws from a seed that nobody can foresee.         [layer: core]
 *
 * SipHash over a counter: the same seed always gives the same draws, and who
 * has seen some of them (nonces travel) learns nothing of the others.
 */
#ifndef CHANCE_H
#define CHANCE_H

#include <stdint.h>

struct chance {
    uint8_t key[16];
    uint64_t counter;
};

void chance_init(struct chance *c, uint64_t seed);

/** 64 bits that follow from the key and these three, as an unforeseeable
 * function of them. */
uint64_t chance_of(const uint8_t key[16], uint64_t a, uint64_t b, uint64_t c);

/** The next 64 bits. */
uint64_t chance_draw(struct chance *c);

#endif
