/**
 * words.h - numbers and times as people say them.               [layer: core]
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdint.h>

#include "common/tick.h"

enum { WORDS_MAX = 48 };

struct words {
    char text[WORDS_MAX];
};

/** "1,204". */
struct words words_count(uint64_t n);

/** "14 s", "3 min 20 s", "2 h 5 min", "4 d 1 h"; up, so that what is left is
 * never told as nothing. */
struct words words_time(tick_ns length);

/** "512 B", "1.5 GiB". */
struct words words_size(uint64_t bytes);

#endif
