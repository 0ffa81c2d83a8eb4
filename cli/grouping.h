/**
 * grouping.h - failures that are alike, counted together.       [layer: cli]
 *
 * Two failures are alike when their last attempts ended in the same way (exit
 * code, signal or cause) and say the same but for numbers, addresses and the
 * task's own value.  Pure; the number of groups is bounded.
 */
#ifndef CLI_GROUPING_H
#define CLI_GROUPING_H

#include <stddef.h>
#include <stdint.h>

#include <stint_job.h>

enum { GROUPING_MAX = 1000, GROUPING_TEXT = 512, GROUPING_TAIL = 4096 };

/* What is known of one that failed; all lent for the call. */
struct grouping_one {
    uint64_t task, seq;
    int code;                         /* Of the end: STINT_EDEAD, … */
    const struct stint_attempt *last; /* Or NULL: nothing is known of it. */
    const char *worker, *reason;      /* May be NULL. */
    struct stint_bytes value, err;
};

struct grouping_row {
    char *how;  /* "exit 3", "signal SIGKILL", "timed out", … */
    char *text; /* What is said, with N, 0xN and {} for what differs. */
    uint64_t count;
    int64_t exit_code, signal; /* -1: it was not that. */
    /* The first of them by its id, however they came. */
    uint64_t task, seq;
    char *value, *worker, *tail;
};

struct grouping {
    struct grouping_row *rows; /* The most frequent first after _sort(). */
    size_t count, room;
    uint64_t failures;
    uint64_t others; /* Failures beyond the bound of groups. */
};

void grouping_add(struct grouping *g, const struct grouping_one *one);
void grouping_sort(struct grouping *g);
void grouping_fini(struct grouping *g);

/** "exit 3", "killed by SIGSEGV", …; gives the text. */
char *grouping_how(int code, const struct stint_attempt *last);

/** What of a message is the same in others like it: digits become N, long or
 * 0x hexadecimal numbers 0xN, `value` (if it is no number and long enough to be
 * told from chance) {}.  Gives the text. */
char *grouping_alike(const char *text, struct stint_bytes value);

/** The last `lines` lines of what a task wrote, as text that a terminal takes
 * (GROUPING_TAIL bytes at most); gives it. */
char *grouping_tail(struct stint_bytes bytes, unsigned lines);

#endif
