/**
 * files.h - files of jobs: what is kept of them.                [layer: core]
 *
 * Inputs belong to a job: its submitter sends them before the first task, and
 * each worker fetches them once.  Outputs belong to a task (its place in the
 * job): its holder sends them, and they count when that attempt is done; those
 * of other attempts are dropped.
 *
 * A file comes in pieces, in order.  Its hash is what its sender says: whoever
 * reads it compares.  Each piece has a row of its own when the job's queue is
 * kept; then its bytes leave the memory as soon as the store has them, but for
 * short ones.  What is in memory counts against the budget.
 */
#ifndef FILES_H
#define FILES_H

#include "common/hash.h"

#include "common/list.h"
#include "common/slice.h"
#include "master/core/file_order.h"
#include "proto/proto.h"

enum {
    FILES_INPUTS_MAX = 4096,  /* Of a job. */
    FILES_OUTPUTS_MAX = 1024, /* Of a task. */
    FILES_PIECE_MIN = 16384,  /* Bytes of each but the last. */
    FILES_INLINE = 1024,      /* Shorter ones stay in memory. */
    FILES_HASH_BYTES = 32,
    FILES_ROW_BYTES = 64, /* Of a list, but for the name. */
};

struct core;
struct file;
struct job;
struct session;

/* Bytes of a piece that are in memory. */
struct file_bytes {
    struct list warm; /* In files.warm until the store has them. */
    uint64_t batch;
    struct file *file;
    uint32_t index;
    uint8_t bytes[];
};

struct file_piece {
    uint64_t row; /* 0: it is not kept. */
    uint64_t from;
    uint32_t length;
    struct file_bytes *held; /* Owned; NULL: only the store has them. */
};

/* What one task has left. */
struct file_task {
    uint64_t seq;
    uint64_t task;    /* Its id. */
    uint32_t attempt; /* That left it. */
    bool counts;      /* That attempt is done. */
    uint32_t count;
    struct list files;
    UT_hash_handle by_seq;
};

struct file {
    struct list node;       /* In file_set.inputs, or file_task.files. */
    struct job *job;        /* Whose it is. */
    struct file_task *task; /* NULL: an input. */
    uint64_t serial;        /* Rises in the order in which they came. */
    uint64_t size, have;
    uint8_t hash[FILES_HASH_BYTES];
    uint16_t mode;
    uint16_t length;           /* Of the name. */
    struct file_piece *pieces; /* Owned. */
    uint32_t count, capacity;
    UT_hash_handle by_key;
    uint64_t seq; /* 0: an input. */
    char name[];  /* Without a NUL. */
};

/* All of one job; job.files. */
struct file_set {
    struct list inputs;
    uint32_t inputs_count;
    size_t inputs_bytes; /* Of their names, about, with what goes along. */
    struct file_order all;
    struct file *by_key;     /* uthash: seq and name. */
    struct file_task *tasks; /* uthash: seq. */
};

/* core.files */
struct files {
    uint64_t rows;    /* Id given last. */
    uint64_t serials; /* Given last. */
    struct list warm; /* Oldest batch first. */
};

void files_init(struct core *core);

/** The file of this name; seq 0: an input.  NULL if there is none. */
struct file *files_find(const struct job *j, uint64_t seq, struct slice name);

/** What is told of one piece. */
struct file_news {
    struct job *job;
    uint64_t seq, task; /* 0: an input. */
    uint32_t attempt;
    struct slice name;
    uint64_t size;
    uint16_t mode;
    const uint8_t *hash;
    uint64_t from;
    struct slice bytes;
};

/** All of it is there. */
bool files_is_whole(const struct file *f);

/** Whether `f` is what `news` tells of. */
bool files_is_same(const struct file *f, const struct file_news *news);

/** As a row of a list.  Lends. */
struct rec_file_row files_row(const struct file *f);

/** The whole inputs of a job, one after the other; `after` NULL: the first. */
const struct file *files_next_input(
    const struct job *j, const struct file *after);

/** It is whole, and if a task left it, it counts. */
bool files_is_listed(const struct file *f);

/** The first listed file behind `after` (a serial): of the task `seq`, or (0)
 * of all and inputs; NULL if there is none. */
const struct file *files_behind(
    const struct job *j, uint64_t seq, uint64_t after);

/** The next one; `seq` as it was. */
const struct file *files_next(const struct file *f, uint64_t seq);

/* ---- what becomes of tasks ----------------------------------------------- */

/** The attempt of this task is done: what it left counts. */
void files_done(
    struct core *core, struct job *j, uint64_t seq, uint32_t attempt);

/** The lease of the task is over: what it left and does not count is dropped.
 */
void files_left(struct core *core, struct job *j, uint64_t seq);

/** The end of the task is not kept any more: nor is what it left. */
void files_drop(struct core *core, struct job *j, uint64_t seq);

/** The job is forgotten. */
void files_forget(struct core *core, struct job *j);

/** The same without a word to the store: the core is freed. */
void files_free(struct job *j);

/* ---- for pieces.c -------------------------------------------------------- */

/** What this task has left; NULL: nothing. */
struct file_task *files_task(const struct job *j, uint64_t seq);

/** Out of everything, with its rows. */
void files_remove(struct core *core, struct file *f);
void files_remove_all(struct core *core, struct file_task *t);

/** Free one that is in nothing. */
void files_free_file(struct file *f);

/** Free the bytes of a piece. */
void files_cool(struct file_piece *p);

/** What they count against the budget. */
size_t files_held(const struct file_bytes *held, uint32_t length);
size_t files_memory_of(const struct file *f);

/** Bytes of memory that the files of a job count: for core_check(). */
size_t files_memory(const struct job *j);

/* ---- who waits for pieces ------------------------------------------------ */

/* A file_get that waits for room in the window of its session. */
struct file_ask {
    struct list node; /* In session.asks. */
    uint64_t request, job, seq, from;
    size_t length;
    char name[];
};

size_t files_ask_memory(const struct file_ask *a);

/** The session is over. */
void files_drop_asks(struct core *core, struct session *s);

#endif
