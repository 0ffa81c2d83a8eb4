/**
 * exit.h - how the program ends, and the sentence it says then.  [layer: cli]
 *
 * Every failure is one sentence on stderr, "stint: …", with what to do next,
 * and one of these exit codes.
 */
#ifndef CLI_EXIT_H
#define CLI_EXIT_H

#include <stdbool.h>
#include <stdnoreturn.h>

enum exit_status {
    EXIT_FINE = 0,
    EXIT_FAILED = 1,       /* The work failed. */
    EXIT_USAGE = 64,       /* It was asked for in a wrong way. */
    EXIT_DAMAGED = 65,     /* A store is damaged. */
    EXIT_UNREACHABLE = 69, /* No master answers. */
    EXIT_DISK = 74,        /* The disk failed. */
    EXIT_AGAIN = 75,       /* Timed out, empty, full: try again later. */
    EXIT_PROTOCOL = 76,    /* The master speaks another version. */
    EXIT_REFUSED = 77,     /* The key or its role does not allow it. */
    EXIT_CONFIG = 78,      /* A file, a variable, a store's version is wrong. */
    EXIT_SIGNAL = 128      /* Plus the signal's number. */
};

/** The exit status for a negative STINT_E…, 0 for 0. */
int exit_of(int code);

/** Says the sentence, returns `status`, for `return exit_say(EXIT_USAGE, …)`.
 */
int exit_say(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The same, then leaves the program. */
noreturn void exit_now(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Says what the library said last about `code`; returns exit_of(code). */
int exit_error(int code);

/** How the program was called, for lines to be typed again: "build/stint" if
 * so, else "stint". */
const char *exit_program(void);
void exit_program_is(const char *argv0);

/** A line on stderr that is not an error.  Silent when
 * exit_quiet(true) was called. */
void exit_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void exit_quiet(bool quiet);

/** Whether "stint:" is red, as --color says for stderr. */
void exit_color(bool color);

#endif
