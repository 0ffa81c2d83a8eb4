/**
 * cron.h - the five fields of a line of cron(5).               [layer: common]
 *
 *     minute hour day-of-month month day-of-week        in UTC
 *
 * A field is a list of numbers, names (jan, mon) and ranges; `*` or a range may
 * have a step.  Sunday is 0 and 7.  As cron(5) says: where neither day begins
 * with `*`, a day that fits one of them will do; else it must fit both.
 * And @hourly, @daily or @midnight, @weekly, @monthly, @yearly or @annually.
 *
 * What parses has a next time, always: "0 0 30 2 *" does not parse.
 */
#ifndef CRON_H
#define CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"

/* One bit for each value that fits. */
struct cron {
    uint64_t minutes;
    uint32_t hours, days; /* Days: bits 1 to 31. */
    uint16_t months;      /* Bits 1 to 12. */
    uint8_t weekdays;     /* Bits 0 to 6, Sunday first. */
    bool either_day;      /* A day or a weekday that fits will do. */
};

enum { CRON_LINE_MAX = 255, CRON_WHY_MAX = 160 };

/**
 * Read a line.  Returns 0, or STINT_EINVAL, and `why` says which field is wrong
 * and how.
 */
int cron_parse(struct slice line, struct cron *out, char why[CRON_WHY_MAX]);

/** The first second after `after` that fits, both since 1970; `after` is not
 * negative and at most CRON_LAST.  Within 40 years. */
int64_t cron_next(const struct cron *cron, int64_t after);

/* The end of the year 9999. */
#define CRON_LAST INT64_C(253402300799)

#endif
