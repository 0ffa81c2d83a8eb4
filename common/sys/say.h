/**
 * say.h - the sentence behind stint_error_message().            [layer: sys]
 *
 * The place that detects an error says it once, with the facts; the places
 * above pass the code on.  Kept for each thread.
 */
#ifndef SAY_H
#define SAY_H

/** Remember the sentence and return `code`, for `return say(STINT_EFULL, …)`.
 * Truncated at 1,023 bytes. */
int say(int code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The last sentence of this thread; the text of the code if none was said. */
const char *say_message(void);

#endif
