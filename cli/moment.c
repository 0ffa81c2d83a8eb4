#include "cli/moment.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

/* So many digits as a number in [min, max]; NULL: they are not. */
static const char *
digits(const char *at, unsigned count, int min, int max, int *out)
{
    int value = 0;

    while (count-- > 0) {
        if (at == NULL || *at < '0' || *at > '9') return NULL;
        value = value * 10 + (*at++ - '0');
    }
    if (value < min || value > max) return NULL;
    *out = value;
    return at;
}

static const char *
letter(const char *at, const char *any)
{
    bool fits = at != NULL && *at != '\0' && strchr(any, *at) != NULL;

    return fits ? at + 1 : NULL;
}

/* Z, +01:00 or nothing; in seconds. */
static const char *
zone(const char *at, int *east)
{
    int hours = 0, minutes = 0, sign;

    *east = 0;
    if (at == NULL || *at == '\0') return at;
    if (*at == 'Z' || *at == 'z') return at + 1;
    sign = *at == '-' ? -1 : 1;
    at = digits(letter(at, "+-"), 2, 0, 14, &hours);
    if (at != NULL && *at == ':') at++;
    at = digits(at, 2, 0, 59, &minutes);
    *east = sign * (hours * 3600 + minutes * 60);
    return at;
}

bool
moment_read(const char *text, int64_t *unix_ms)
{
    struct tm tm = { .tm_sec = 0 };
    int year = 0, month = 0, east = 0;
    const char *at = digits(text, 4, 1970, 9999, &year);
    time_t seconds;

    at = digits(letter(at, "-"), 2, 1, 12, &month);
    at = digits(letter(at, "-"), 2, 1, 31, &tm.tm_mday);
    at = digits(letter(at, "Tt "), 2, 0, 23, &tm.tm_hour);
    at = digits(letter(at, ":"), 2, 0, 59, &tm.tm_min);
    if (at != NULL && *at == ':') at = digits(at + 1, 2, 0, 59, &tm.tm_sec);
    at = zone(at, &east);
    if (at == NULL || *at != '\0') return false;
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    seconds = timegm(&tm);
    /* The 31st of April is the first of May to it. */
    if (tm.tm_mon != month - 1 || seconds <= east) return false;
    *unix_ms = ((int64_t)seconds - east) * 1000;
    return true;
}
