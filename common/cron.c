#include "common/cron.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"

enum { MONTHS = 12, WEEK = 7, MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };

/* ---- reading ------------------------------------------------------------- */

static const char *const month_names[] = { "jan", "feb", "mar", "apr", "may",
    "jun", "jul", "aug", "sep", "oct", "nov", "dec" };
static const char *const weekday_names[] = { "sun", "mon", "tue", "wed", "thu",
    "fri", "sat" };

static const struct field {
    const char *title;
    unsigned min, max;
    const char *const *names; /* Of `min` and those behind it. */
    unsigned names_count;
} fields[] = {
    { "minute", 0, 59, NULL, 0 },
    { "hour", 0, 23, NULL, 0 },
    { "day of the month", 1, 31, NULL, 0 },
    { "month", 1, MONTHS, month_names, MONTHS },
    { "day of the week", 0, WEEK, weekday_names, WEEK },
};

enum { MINUTES, HOURS, DAYS, MONTHS_FIELD, WEEKDAYS, FIELDS };

/* What is left of a field. */
struct reader {
    const struct field *field;
    const char *at, *end;
    struct slice text; /* All of it. */
    char *why;
};

static int
refuse(const struct reader *r, const char *what)
{
    int length = r->text.length < 40 ? (int)r->text.length : 40;

    (void)snprintf(r->why, CRON_WHY_MAX, "the %s '%.*s' of the cron line: %s",
        r->field->title, length, (const char *)r->text.bytes, what);
    return STINT_EINVAL;
}

static int
refuse_value(const struct reader *r)
{
    char what[64];

    (void)snprintf(what, sizeof what, "a value is %u to %u%s", r->field->min,
        r->field->max, r->field->names != NULL ? " or a name's 3 letters" : "");
    return refuse(r, what);
}

static bool
takes(struct reader *r, char c)
{
    if (r->at == r->end || *r->at != c) return false;
    r->at += 1;
    return true;
}

static bool
is_digit(const struct reader *r)
{
    return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static bool
read_name(struct reader *r, unsigned *out)
{
    enum { LETTERS = 3 };

    if (r->end - r->at < LETTERS) return false;
    for (unsigned i = 0; i < r->field->names_count; i++) {
        const char *name = r->field->names[i];
        bool same = true;
        for (size_t k = 0; k < LETTERS; k++)
            same = same && tolower((unsigned char)r->at[k]) == name[k];
        if (!same) continue;
        r->at += LETTERS;
        *out = r->field->min + i;
        return true;
    }
    return false;
}

static int
read_value(struct reader *r, unsigned *out)
{
    unsigned value = 0;

    if (read_name(r, out)) return 0;
    if (!is_digit(r)) return refuse_value(r);
    while (is_digit(r) && value <= r->field->max)
        value = value * 10 + (unsigned)(*r->at++ - '0');
    if (value < r->field->min || value > r->field->max) return refuse_value(r);
    *out = value;
    return 0;
}

static int
read_step(struct reader *r, unsigned from, unsigned to, unsigned *step)
{
    unsigned value = 0;

    while (is_digit(r) && value <= r->field->max)
        value = value * 10 + (unsigned)(*r->at++ - '0');
    if (value == 0) return refuse(r, "a step is a number from 1");
    if (value > to - from && value > 1) {
        return refuse(r, "the step is longer than the range");
    }
    *step = value;
    return 0;
}

/* One of the list: `*`, a value or a range, with a step or not. */
static int
read_part(struct reader *r, uint64_t *bits)
{
    unsigned from = r->field->min, to = r->field->max, step = 1;
    bool spans = true;

    if (takes(r, '*')) {
        if (r->field->max == WEEK) to = WEEK - 1;
    } else {
        int rc = read_value(r, &from);
        if (rc != 0) return rc;
        to = from;
        spans = takes(r, '-');
        if (spans && (rc = read_value(r, &to)) != 0) return rc;
        /* fri-sun */
        if (spans && r->field->max == WEEK && to == 0 && from > 0) to = WEEK;
        if (to < from) return refuse(r, "a range goes upwards");
    }
    if (takes(r, '/')) {
        if (!spans) return refuse(r, "a step goes with * or a range");
        int rc = read_step(r, from, to, &step);
        if (rc != 0) return rc;
    }
    for (unsigned value = from; value <= to; value += step)
        *bits |= UINT64_C(1) << value;
    return 0;
}

static int
read_field(struct reader *r, uint64_t *bits)
{
    *bits = 0;
    do {
        int rc = read_part(r, bits);
        if (rc != 0) return rc;
    } while (takes(r, ','));
    return r->at == r->end ? 0 : refuse(r, "this cannot be read");
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The next word of the line; empty behind the last one. */
static struct slice
next_word(struct slice *line)
{
    const char *at = (const char *)line->bytes, *end = at + line->length;

    while (at < end && is_blank(*at))
        at++;
    const char *begun = at;
    while (at < end && !is_blank(*at))
        at++;
    *line = (struct slice){ (const uint8_t *)at, (size_t)(end - at) };
    return (struct slice){ (const uint8_t *)begun, (size_t)(at - begun) };
}

static struct slice
written_out(struct slice line)
{
    static const struct {
        const char *name, *line;
    } short_ones[] = {
        { "@hourly", "0 * * * *" },
        { "@daily", "0 0 * * *" },
        { "@midnight", "0 0 * * *" },
        { "@weekly", "0 0 * * 0" },
        { "@monthly", "0 0 1 * *" },
        { "@yearly", "0 0 1 1 *" },
        { "@annually", "0 0 1 1 *" },
    };
    struct slice rest = line, word = next_word(&rest);

    if (next_word(&rest).length > 0) return line;
    for (size_t i = 0; i < ARRAY_LEN(short_ones); i++) {
        if (slice_equal(word, slice_of(short_ones[i].name))) {
            return slice_of(short_ones[i].line);
        }
    }
    return line;
}

/* ---- days ---------------------------------------------------------------- */

static bool
is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned
days_in(int64_t year, unsigned month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
        31 };

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static int64_t
days_before(int64_t year)
{
    int64_t y = year - 1;

    return y * 365 + y / 4 - y / 100 + y / 400;
}

/* Days from 1970 to the first of the month. */
static int64_t
day_of(int64_t year, unsigned month)
{
    int64_t day = days_before(year) - days_before(1970);

    for (unsigned m = 1; m < month; m++)
        day += days_in(year, m);
    return day;
}

static bool
fits_day(const struct cron *c, unsigned day, int64_t since_1970)
{
    unsigned weekday = (unsigned)((since_1970 + 4) % WEEK); /* A Thursday. */
    bool fits = (c->days >> day & 1) != 0;
    bool fits_week = (c->weekdays >> weekday & 1) != 0;

    return c->either_day ? fits || fits_week : fits && fits_week;
}

/* Any day of the year falls on every day of the week in some year. */
static bool
comes(const struct cron *c)
{
    const int64_t leap = 2000;

    if (c->either_day) return true;
    for (unsigned month = 1; month <= MONTHS; month++) {
        uint32_t there = UINT32_MAX >> (31 - days_in(leap, month));
        if ((c->months >> month & 1) != 0 && (c->days & there) != 0) {
            return true;
        }
    }
    return false;
}

static int
refuse_line(char why[CRON_WHY_MAX], const char *what)
{
    (void)snprintf(why, CRON_WHY_MAX, "%s", what);
    return STINT_EINVAL;
}

/* What fits in each field, and whether it began with `*`. */
static int
read_fields(struct slice line, uint64_t bits[FIELDS], bool any[FIELDS],
    char why[CRON_WHY_MAX])
{
    struct slice rest = written_out(line);

    for (unsigned i = 0; i < FIELDS; i++) {
        struct slice word = next_word(&rest);
        const char *text = (const char *)word.bytes;
        struct reader r = { .field = &fields[i],
            .at = text,
            .end = text + word.length,
            .text = word,
            .why = why };
        if (word.length == 0) {
            return refuse_line(why,
                "a cron line has five fields (minute hour day month weekday) "
                "or is @hourly, @daily, @weekly, @monthly, @yearly");
        }
        any[i] = *text == '*';
        int rc = read_field(&r, &bits[i]);
        if (rc != 0) return rc;
    }
    if (next_word(&rest).length == 0) return 0;
    return refuse_line(why,
        "the cron line has more than five fields: minute hour day month "
        "weekday");
}

int
cron_parse(struct slice line, struct cron *out, char why[CRON_WHY_MAX])
{
    uint64_t bits[FIELDS] = { 0 };
    bool any[FIELDS] = { false };

    int rc = read_fields(line, bits, any, why);
    if (rc != 0) return rc;
    const struct cron read = {
        .minutes = bits[MINUTES],
        .hours = (uint32_t)bits[HOURS],
        .days = (uint32_t)bits[DAYS],
        .months = (uint16_t)bits[MONTHS_FIELD],
        .weekdays = (uint8_t)((bits[WEEKDAYS] | bits[WEEKDAYS] >> WEEK) & 0x7f),
        .either_day = !any[DAYS] && !any[WEEKDAYS],
    };
    if (!comes(&read)) {
        return refuse_line(why,
            "the day of the month of the cron line never comes in its months");
    }
    *out = read;
    return 0;
}

/* ---- the next time ------------------------------------------------------- */

/* The first set bit from `from` on, or -1. */
static int
next_bit(uint64_t bits, unsigned from)
{
    uint64_t left = from > 63 ? 0 : bits >> from << from;

    return left == 0 ? -1 : __builtin_ctzll(left);
}

/* The first second of the day that fits, from `from` on; or -1. */
static int64_t
next_in_day(const struct cron *c, int64_t from)
{
    unsigned from_hour = (unsigned)(from / HOUR_S);
    unsigned from_minute =
        (unsigned)((from % HOUR_S + MINUTE_S - 1) / MINUTE_S);
    int hour = next_bit(c->hours, from_hour);

    if (hour < 0) return -1;
    int minute =
        next_bit(c->minutes, (unsigned)hour == from_hour ? from_minute : 0);
    if (minute < 0) {
        hour = next_bit(c->hours, from_hour + 1);
        minute = next_bit(c->minutes, 0);
    }
    return hour < 0 ? -1 : (int64_t)hour * HOUR_S + (int64_t)minute * MINUTE_S;
}

/* The year of a day since 1970. */
static int64_t
year_of(int64_t day)
{
    int64_t year = 1970 + day / 366;

    while (day_of(year + 1, 1) <= day)
        year++;
    return year;
}

int64_t
cron_next(const struct cron *cron, int64_t after)
{
    CHECK(after >= 0 && after <= CRON_LAST);
    int64_t first = (after + 1) / DAY_S, second = (after + 1) % DAY_S;
    int64_t begun = year_of(first);

    for (int64_t year = begun; year <= begun + 400; year++) {
        int64_t day = day_of(year, 1);
        for (unsigned month = 1; month <= MONTHS; month++) {
            int64_t behind = day + days_in(year, month);
            int64_t from = day > first ? day : first;
            if ((cron->months >> month & 1) == 0) from = behind;
            for (int64_t d = from; d < behind; d++) {
                if (!fits_day(cron, (unsigned)(d - day) + 1, d)) continue;
                int64_t at = next_in_day(cron, d == first ? second : 0);
                if (at >= 0) return d * DAY_S + at;
            }
            day = behind;
        }
    }
    check_failed("a line that parses has a next time", __FILE__, __LINE__);
}
