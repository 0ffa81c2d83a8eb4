/**
 * feeder.h - from the input into the job, in a thread of its own.  [layer: cli]
 *
 * Reads no further ahead than so many tasks and bytes that are put and have not
 * been read again as ended: a pipe of ten million lines neither waits for its
 * end nor fills the memory.  What a joblog or --results has is left out, so
 * that a task's place in the job is not always its place in the input.
 */
#ifndef CLI_FEEDER_H
#define CLI_FEEDER_H

#include <stdbool.h>
#include <stdint.h>

#include <stint_job.h>

#include "cli/input.h"
#include "cli/joblog.h"
#include "cli/results.h"

struct feeder;

struct feeder_options {
    struct stint_job *job;
    struct input *input;           /* NULL: nothing is put, nothing closed. */
    int wake_fd;                   /* An eventfd; the input's. */
    const struct joblog *joblog;   /* Leave out what it has; or NULL. */
    const struct results *results; /* The same; or NULL. */
    bool is_bounded;               /* Somebody calls feeder_release(). */
};

struct feeder_state {
    uint64_t put;     /* Places of the job that are taken. */
    uint64_t skipped; /* Left out so far. */
    bool is_over;     /* All is put and the job is closed; or it failed. */
    bool is_stopped;  /* By feeder_stop(). */
    int status;       /* Exit status, said; 0: fine so far. */
};

/** Begin.  Borrows what the options name until feeder_end(). */
struct feeder *feeder_begin(const struct feeder_options *options);

struct feeder_state feeder_look(struct feeder *f);

/** A task has been read as ended: there is room for another.  *end gets its
 * whole value where the master gave its beginning only, lent until the next
 * call. */
void feeder_release(struct feeder *f, struct stint_end *end);

/** Whether the master is short of memory: then little is put ahead. */
void feeder_mind_memory(struct feeder *f, bool is_short);

/** The place in the input of place `seq` of the job. */
uint64_t feeder_place(struct feeder *f, uint64_t seq);

/** Read and put no more; the job is closed, or left if that cannot be done in
 * time.  Signal-safe it is not. */
void feeder_stop(struct feeder *f);

/** Wait until all is put, or it has stopped.  Returns the exit status. */
int feeder_wait(struct feeder *f);

/** Stop, wait, free.  NULL is fine.  Returns the exit status. */
int feeder_end(struct feeder *f);

#endif
