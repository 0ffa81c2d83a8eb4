#include "cli/value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <jansson.h>

#include "cli/exit.h"
#include "cli/mem.h"
#include "common/buf.h"
#include "common/slice.h"
#include "common/template.h"

static const double longest_ms = 100.0 * 365 * 86400 * 1000;

static const struct unit {
    const char *name;
    double ms;
} time_units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60e3 }, { "h", 3600e3 },
    { "d", 86400e3 }, { "", 1000 } };

static const struct unit *
unit_at(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof(time_units) / sizeof(*time_units); i++) {
        const struct unit *u = &time_units[i];

        if (strlen(u->name) == length && strncmp(u->name, text, length) == 0)
            return u;
    }
    return NULL;
}

bool
value_duration(const char *text, int64_t *ms)
{
    double sum = 0;

    if (strcmp(text, "forever") == 0) {
        *ms = STINT_FOREVER;
        return true;
    }
    if (*text == '\0') return false;
    while (*text != '\0') {
        const struct unit *unit;
        size_t letters = 0;
        char *end;
        double n;

        if (!isdigit((unsigned char)*text)) return false;
        n = strtod(text, &end);
        while (isalpha((unsigned char)end[letters]))
            letters++;
        unit = unit_at(end, letters);
        if (unit == NULL) return false;
        sum += n * unit->ms;
        text = end + letters;
    }
    if (!(sum <= longest_ms)) return false;
    *ms = (int64_t)(sum + 0.5);
    return true;
}

/* The power of 1024 that a suffix stands for, or -1. */
static int
power_of(const char *suffix)
{
    static const char letters[] = "kmgt";
    const char *at;

    if (*suffix == '\0' || strcasecmp(suffix, "b") == 0) return 0;
    at = strchr(letters, tolower((unsigned char)*suffix));
    if (at == NULL) return -1;
    suffix++;
    if (*suffix != '\0' && strcasecmp(suffix, "b") != 0
        && strcasecmp(suffix, "ib") != 0)
        return -1;
    return (int)(at - letters) + 1;
}

bool
value_size(const char *text, uint64_t *bytes)
{
    unsigned long long n;
    char *end;
    int power;

    if (!isdigit((unsigned char)*text)) return false;
    errno = 0;
    n = strtoull(text, &end, 10);
    power = power_of(end);
    if (errno != 0 || power < 0 || n > (UINT64_MAX >> (10 * power)))
        return false;
    *bytes = (uint64_t)n << (10 * power);
    return true;
}

bool
value_number(const char *text, int64_t min, int64_t max, int64_t *number)
{
    long long n;
    char *end;

    if (*text == '\0' || isspace((unsigned char)*text)) return false;
    errno = 0;
    n = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || n < min || n > max) return false;
    *number = n;
    return true;
}

bool
value_flag(const char *text, bool *flag)
{
    static const char *const yes[] = { "1", "true", "yes", "on" };
    static const char *const no[] = { "0", "false", "no", "off", "" };

    for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
        if (strcasecmp(text, yes[i]) == 0) return *flag = true;
    for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
        if (strcasecmp(text, no[i]) == 0) {
            *flag = false;
            return true;
        }
    return false;
}

bool
value_ids(const char *text, uint64_t *first, uint64_t *last)
{
    const char *dash = strchr(text, '-');
    char head[VALUE_TEXT];
    int64_t a, b;

    if (dash == NULL) dash = text + strlen(text);
    snprintf(head, sizeof(head), "%.*s", (int)(dash - text), text);
    if (!value_number(head, 1, INT64_MAX, &a)) return false;
    b = a;
    if (*dash == '-' && !value_number(dash + 1, a, INT64_MAX, &b)) return false;
    *first = (uint64_t)a;
    *last = (uint64_t)b;
    return true;
}

void
value_show_duration(int64_t ns, char out[VALUE_TEXT])
{
    int64_t s = ns / 1000000000;
    double us = (double)ns / 1e3;

    if (us < 1000)
        snprintf(out, VALUE_TEXT, "%.0fus", us);
    else if (us < 1e6)
        snprintf(out, VALUE_TEXT, "%.*fms", us < 10e3, us / 1e3);
    else if (s < 60)
        snprintf(out, VALUE_TEXT, "%.1fs", us / 1e6);
    else if (s < 3600)
        snprintf(out, VALUE_TEXT, "%" PRId64 "m%02" PRId64 "s", s / 60, s % 60);
    else if (s < 48 * 3600)
        snprintf(out, VALUE_TEXT, "%" PRId64 "h%02" PRId64 "m", s / 3600,
            s / 60 % 60);
    else
        snprintf(out, VALUE_TEXT, "%" PRId64 "d", s / 86400);
}

void
value_show_size(uint64_t bytes, char out[VALUE_TEXT])
{
    static const char letters[] = "kMGTPE";
    double n = (double)bytes;
    int power = 0;

    if (bytes < 1024) {
        snprintf(out, VALUE_TEXT, "%" PRIu64, bytes);
        return;
    }
    while (n >= 1024 && letters[power] != '\0') {
        n /= 1024;
        power++;
    }
    snprintf(out, VALUE_TEXT, "%.1f%c", n, letters[power - 1]);
}

void
value_show_time(int64_t unix_ns, char out[VALUE_TEXT])
{
    time_t s = unix_ns / 1000000000;
    char head[VALUE_TEXT];
    struct tm tm;

    gmtime_r(&s, &tm);
    strftime(head, sizeof(head), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out, VALUE_TEXT, "%.30s.%03" PRId64 "Z", head,
        unix_ns / 1000000 % 1000);
}

const char *
value_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

const char *
value_or_none(const char *text)
{
    return text != NULL && *text != '\0' ? text : NULL;
}

char *
value_quote(const char *text)
{
    struct buf quoted;
    char *copy;

    buf_init(&quoted);
    template_quote(&quoted, slice_of(text));
    buf_append(&quoted, "", 1);
    if (quoted.failed) exit_now(EXIT_AGAIN, "no memory is left; try again");
    copy = mem_copy((const char *)quoted.bytes);
    buf_fini(&quoted);
    return copy;
}

int64_t
value_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool
is_text(struct stint_bytes bytes)
{
    const unsigned char *byte = bytes.data;
    json_t *string;

    for (size_t i = 0; i < bytes.size; i++)
        if ((byte[i] < 0x20 && byte[i] != '\t' && byte[i] != '\n')
            || byte[i] == 0x7f)
            return false;
    if (bytes.size == 0) return true;
    string = json_stringn(bytes.data, bytes.size);
    json_decref(string);
    return string != NULL;
}

char *
value_show_bytes(struct stint_bytes bytes, bool *hex)
{
    const unsigned char *byte = bytes.data;
    char *text;

    *hex = !is_text(bytes);
    text = mem_new(bytes.size * (*hex ? 2 : 1) + 1, 1);
    if (!*hex && bytes.size > 0) memcpy(text, byte, bytes.size);
    for (size_t i = 0; *hex && i < bytes.size; i++)
        snprintf(text + 2 * i, 3, "%02x", byte[i]);
    return text;
}
