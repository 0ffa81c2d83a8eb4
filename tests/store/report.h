/**
 * report.h - how a proof tells what it is doing and what came of it.   [tests]
 *
 *     NAME [--short] [--seed N] [--count N] [--only WHERE] [--trace]
 *
 * The last line is a verdict.  Whatever happens, a crash and a hang too, it is
 * said where and how to see it again.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdint.h>

struct report_options {
    uint64_t seed;    /* 1. */
    uint64_t count;   /* 0: what the program thinks right. */
    const char *only; /* Run this scene alone; NULL: all. */
    bool is_short, trace;
};

/** Parse the arguments; exits with 64 if they are none. */
struct report_options report_begin(
    int argc, char **argv, const char *name, unsigned hang_seconds);

/** What is tried from now on, as --only takes it: words, the later ones being
 * parts of what the earlier ones say.  Returns whether it is to be tried. */
bool report_scene(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/** Every call of the disk is to be printed. */
bool report_is_traced(void);

/** The scene went wrong.  The first few are printed. */
void report_failure(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

uint64_t report_failures(void);

/** A line of counts. */
void report_count(const char *what, uint64_t n);

/** As report_count(), and 0 is a failure: the proof would prove nothing. */
void report_needs(const char *what, uint64_t n, uint64_t least);

/** Print the verdict; returns the exit code. */
int report_end(void);

#endif
