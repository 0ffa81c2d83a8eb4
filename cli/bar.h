/**
 * bar.h - how far a job is, on stderr.                         [layer: cli]
 *
 * On a terminal one line that is drawn again and again, and is gone before
 * anything else is printed:
 *
 *     job 1  ████████░░░░  612/1000  61%  3 failed  48 running on 6 workers
 *     212/s  ETA 2s                                        (all in one line)
 *
 * What does not fit is left out, the least important first; the window may be
 * resized at any time.  Elsewhere, and on a terminal that cannot go back
 * (TERM=dumb), it is a line every ten seconds; with --progress=always one at
 * once and then every second.
 *
 * A terminal that folds lines anew when it gets narrower leaves a bar that was
 * drawn for more columns on several lines, and all of them are erased; those
 * known not to fold (xterm, the console: TERM=linux) cut it.
 */
#ifndef CLI_BAR_H
#define CLI_BAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/setting.h"

enum bar_kind { BAR_NONE, BAR_LINES, BAR_LIVE };

struct bar_state {
    uint64_t job;    /* 0: not shown. */
    uint64_t total;  /* 0: not known yet. */
    uint64_t done;   /* Ended well, */
    uint64_t failed; /* and not; cancelled ones, too. */
    uint64_t running;
    uint64_t workers; /* 0: not shown. */
    double rate;      /* Ends a second; 0: not known. */
};

enum { BAR_SAMPLES = 16, BAR_TEXT = 2048 };

struct bar {
    enum bar_kind kind;
    bool is_utf8, is_color, folds;
    size_t drawn; /* Columns of what stands there; 0: nothing does. */
    int64_t every_ms, shown_ms;
    /* Ends at earlier times, a ring: what the rate is of. */
    struct bar_sample {
        int64_t at_ms;
        uint64_t ended;
    } samples[BAR_SAMPLES];
    unsigned count, next;
};

/** As --progress, -q and the terminal say. */
void bar_init(struct bar *bar, const struct run *run, int64_t now_ms);

/** Show `state` if it is time to; sets its rate.  `may_draw`: the cursor stands
 * at the beginning of a line. */
void bar_show(
    struct bar *bar, struct bar_state *state, int64_t now_ms, bool may_draw);

/** Take a live bar away, before something else is printed. */
void bar_hide(struct bar *bar);

/** The bar as a line of at most `columns`, for `out` of BAR_TEXT bytes.
 * Returns its columns. */
size_t bar_text(const struct bar *bar, const struct bar_state *state,
    size_t columns, char out[BAR_TEXT]);

/** The same in words, for a line of a log. */
void bar_line(const struct bar_state *state, char out[BAR_TEXT]);

/** Take a sample of how many have ended; the rate over the last ones. */
double bar_rate(struct bar *bar, uint64_t ended, int64_t now_ms);

#endif
