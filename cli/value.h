/**
 * value.h - durations, sizes, numbers and ids, to and from text.  [layer: cli]
 *
 * Readers return false and change nothing when the text is not such a value.
 */
#ifndef CLI_VALUE_H
#define CLI_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <stint.h>

enum { VALUE_TEXT = 40 };

/** "90" and "90s" are 90 seconds; "250ms", "1.5s", "10m", "1h30m", "2d";
 * "forever" is STINT_FOREVER.  In milliseconds, up to a hundred years. */
bool value_duration(const char *text, int64_t *ms);

/** "4096", "64k", "16M", "2G", "1T"; k is 1024; "KiB" and "KB" mean the same.
 */
bool value_size(const char *text, uint64_t *bytes);

/** A whole number in [min, max]. */
bool value_number(const char *text, int64_t min, int64_t max, int64_t *number);

/** 1, true, yes, on; 0, false, no, off and "" */
bool value_flag(const char *text, bool *flag);

/** "17" or "17-20", from 1. */
bool value_ids(const char *text, uint64_t *first, uint64_t *last);

/** For people: "250ms", "4.2s", "1h30m", "12d". */
void value_show_duration(int64_t ns, char out[VALUE_TEXT]);

/** For people: "812", "64.0k", "2.0G". */
void value_show_size(uint64_t bytes, char out[VALUE_TEXT]);

/** RFC 3339 in UTC: "2026-01-31T23:59:59.123Z". */
void value_show_time(int64_t unix_ns, char out[VALUE_TEXT]);

/** "s", or "" for one. */
const char *value_plural(uint64_t count);

/** NULL for a text that is empty, too. */
const char *value_or_none(const char *text);

/** As a word of a shell: in quotes if it needs them.  Gives the text. */
char *value_quote(const char *text);

/** Nanoseconds of the wall clock since 1970. */
int64_t value_now(void);

/** Bytes as text: themselves when they are UTF-8 without control characters
 * but tab and newline; else *hex is set and it is their hexadecimal digits.
 * Gives the text. */
char *value_show_bytes(struct stint_bytes bytes, bool *hex);

#endif
