#include "cli/suggest.h"

#include <string.h>

enum { LONGEST = 40, FORM_LETTERS = 4 };

static unsigned
least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment, three rows of the matrix at a time. */
unsigned
suggest_distance(const char *a, const char *b)
{
    unsigned rows[3][LONGEST + 1];
    size_t la = strlen(a), lb = strlen(b);

    if (la > LONGEST || lb > LONGEST) return LONGEST;
    for (unsigned j = 0; j <= lb; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= la; i++) {
        unsigned *now = rows[i % 3];
        const unsigned *last = rows[(i - 1) % 3];

        now[0] = i;
        for (unsigned j = 1; j <= lb; j++) {
            unsigned change = a[i - 1] != b[j - 1];

            now[j] =
                least(last[j - 1] + change, least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[la % 3][lb];
}

/* How many letters both begin with. */
static size_t
begin_alike(const char *a, const char *b)
{
    size_t n = 0;

    while (a[n] != '\0' && a[n] == b[n])
        n++;
    return n;
}

/* Another form of the word, as "retry" is of "retries". */
static const char *
suggest_form(const char *typed, const char *const words[], size_t count)
{
    size_t length = strlen(typed);

    for (size_t i = 0; i < count; i++) {
        size_t alike = begin_alike(typed, words[i]);

        if (alike >= FORM_LETTERS && alike + 1 >= length) return words[i];
    }
    return NULL;
}

const char *
suggest(const char *typed, const char *const words[], size_t count)
{
    const char *best = NULL;
    unsigned nearest = (unsigned)strlen(typed) / 3 + 2;

    for (size_t i = 0; i < count; i++) {
        unsigned distance = suggest_distance(typed, words[i]);

        if (distance >= strlen(words[i]) || distance >= nearest) continue;
        nearest = distance;
        best = words[i];
    }
    return best != NULL ? best : suggest_form(typed, words, count);
}
