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

/* A name of 255 bytes, each of them quoted. */
enum { WORDS_QUOTED_MAX = 1280 };

struct words_quoted {
    char text[WORDS_QUOTED_MAX];
};

/** A name as a word of a shell, in quotes if it needs them. */
struct words_quoted words_quote(const char *name);

/** "1,204". */
struct words words_count(uint64_t n);

/** "14 s", "3 min 20 s", "2 h 5 min", "4 d 1 h"; up, so that what is left is
 * never told as nothing. */
struct words words_time(tick_ns length);

/** "512 B", "1.5 GiB". */
struct words words_size(uint64_t bytes);

#endif
