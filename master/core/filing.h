/**
 * filing.h - requests for files of jobs.                        [layer: core]
 *
 * Pieces are answers with much in them: one that finds the window of its
 * session closed waits until there is room, so that a thousand workers that
 * fetch an input at once cost no more than their windows.
 */
#ifndef FILING_H
#define FILING_H

#include "master/core/inside.h"

/** Send pieces that were asked for, as far as the window of `s` goes. */
void filing_feed(struct core *core, struct session *s);

#endif
