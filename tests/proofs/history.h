/**
 * history.h - what the clients of the proofs share.
 *
 * Each of them writes what it did and what it was told to a file of its own,
 * one line an event, with one write(2) to the end of it: what a killed process
 * had written is there.  A line begins with a letter and CLOCK_MONOTONIC in
 * nanoseconds, which all processes of a host share; checker.py reads them:
 *
 *   S time KEY                   is about to put the task
 *   A time KEY ID                the put was acknowledged; ID 0: not told
 *   F time KEY CODE              the put was refused
 *   U time KEY CODE              whether it was put is not known
 *   R time KEY CODE ATTEMPT WORKER   the result was shown
 *   G time KEY ID ATTEMPT        a worker got the task
 *   B time KEY ID ATTEMPT        ... and is about to complete it
 *   D time KEY ID ATTEMPT CODE   ... what it was answered
 *   V time KEY ID ATTEMPT CODE   ... or to its failing it on purpose
 *   M time TEXT                  bytes arrived that nobody sent
 *   O time CODE                  another call failed
 *   C time TEXT                  a step of the client itself
 *   E time                       it came to its end
 */
#ifndef HISTORY_H
#define HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include <stint.h>

enum { KEY_MAX = 63, PATIENCE_MS = 120000 };

struct settings {
    const char *file, *queue, *name;
    bool wait_each;        /* Puts in batches, without results; else futures. */
    bool renew;            /* Held tasks. */
    unsigned long count;   /* Tasks of a producer, or to hold; 0: no end. */
    unsigned long window;  /* Most that are under way. */
    unsigned long bytes;   /* Longest filling of payloads and results. */
    unsigned long threads; /* Of a worker. */
    unsigned long fail;    /* Of a thousand attempts, on purpose. */
    int64_t pause_us;      /* After each put, or of work on each task. */
    int64_t delay_ms;      /* Of each put. */
    int64_t lease_ms;      /* 0: the queue's. */
};
extern struct settings settings;

/** Set by TERM: come to an end. */
bool history_is_over(void);

int64_t history_now(void);
void history_open(const char *path);
void history_write(char letter, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
_Noreturn void history_fail(const char *what);
void history_pause(int64_t us);
/** A line on stdout, for whoever waits for it. */
void history_say(const char *what, unsigned long number);

/** Write "stint-proof:KIND:KEY;WORKER;ATTEMPT;" and a filling that KEY gives to
 * `out`, which has room for settings.bytes + 256.  Returns the size. */
size_t history_fill(char *out, char kind, const char *key, const char *worker,
    unsigned attempt);

struct parts {
    char key[KEY_MAX + 1], worker[KEY_MAX + 1];
    unsigned attempt;
};
/** Take it apart again.  False, and an M is written, if a byte is not what it
 * was. */
bool history_parse(struct stint_bytes bytes, char kind, struct parts *out);

void produce(struct stint *s, struct stint_queue *q);
void work(struct stint *s, struct stint_queue *q);
void hold(struct stint *s, struct stint_queue *q);
void list(struct stint *s, struct stint_queue *q);

#endif
