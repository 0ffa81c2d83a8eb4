/**
 * joblog.h - how tasks ended, a line each, to go on from there.  [layer: cli]
 *
 * GNU parallel's columns and meaning, separated by tabs: Seq, Host, Starttime,
 * JobRuntime, Send, Receive, Exitval, Signal, Command.  Seq is the place in the
 * input.  Exitval is -1 of what timed out and of what was lost with its worker.
 * A newline in a command is a NUL.
 *
 * Source: GNU parallel 20221122, "--joblog", "--resume", "--resume-failed".
 */
#ifndef CLI_JOBLOG_H
#define CLI_JOBLOG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <stint_job.h>

enum joblog_mode {
    JOBLOG_NEW,          /* What is there is replaced. */
    JOBLOG_RESUME,       /* Go on behind it; what is in it has been done; */
    JOBLOG_RESUME_FAILED /* only what ended well has. */
};

struct joblog {
    FILE *file;
    const char *path;
    uint8_t *done; /* A bit a place. */
    uint64_t room; /* Places that have one, a multiple of 8. */
};

/** Open it, reading it first as `mode` says.  Borrows the path.  Returns the
 * exit status, having said why; then there is nothing to close. */
int joblog_open(struct joblog *log, const char *path, enum joblog_mode mode);

/** Whether the task at this place of the input need not be run. */
bool joblog_has(const struct joblog *log, uint64_t seq);

/** Add a line, unless the task never ran. */
void joblog_add(struct joblog *log, uint64_t seq, const struct stint_end *end,
    const char *command);

/** Returns the exit status: whether all of it was written so far. */
int joblog_flush(struct joblog *log);

/** Fine on { 0 }. */
void joblog_close(struct joblog *log);

#endif
