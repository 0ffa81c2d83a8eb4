/**
 * screen.h - what `stint top` shows, drawn as text.             [layer: cli]
 *
 * A pure function from a snapshot and what the person has chosen to the lines
 * of a terminal: `lines` lines of `columns` columns at most, with the escapes
 * of ECMA-48 for bold and reverse only, and none where `plain`.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <stdio.h>

#include "cli/snapshot.h"

enum screen_panel { SCREEN_JOBS, SCREEN_WORKERS, SCREEN_QUEUES, SCREEN_PANELS };

struct screen {
    size_t columns, lines; /* lines 0: as many as there are rows. */
    bool plain;            /* No escapes, no selection, no keys. */
    bool help;             /* Show what the keys do. */
    enum screen_panel panel;
    /* What is selected in each panel, by name: rows come and go. */
    uint64_t job;
    char worker[256], queue[256];
    char message[256]; /* In the last line instead of the keys. */
};

/** Make the selection one that is there: the first row where what was selected
 * is gone. */
void screen_settle(struct screen *screen, const struct snapshot *shot);

/** Select so many rows further down in the panel (up: negative). */
void screen_move(struct screen *screen, const struct snapshot *shot, int by);

/** Go to the next panel. */
void screen_next_panel(struct screen *screen, int by);

/** Draw on `out`, each line ending with a newline but the last. */
void screen_draw(
    const struct screen *screen, const struct snapshot *shot, FILE *out);

#endif
