/**
 * stint_job.h - jobs: one command or handler, many inputs.
 *
 * A *job* is a command (or a handler, or what the workers have of their own)
 * and any number of tasks, each with the values that it runs on.  It lives in
 * the master: who submitted it may leave and come back.  Its tasks go to the
 * workers of a queue; how each ended is kept until the job is forgotten.
 *
 *     struct stint_job *job;
 *     const char *argv[] = { "./simulate", "{}", NULL };
 *     struct stint_job_options options = {
 *         .program = STINT_PROGRAM_COMMAND, .command = { .argv = argv }
 *     };
 *     struct stint_end end;
 *
 *     if (stint_job_open(s, &options, &job) != 0) …
 *     stint_job_put(job, "seed-1", 6, STINT_FOREVER);
 *     stint_job_put(job, "seed-2", 6, STINT_FOREVER);
 *     stint_job_close_input(job, STINT_FOREVER);
 *     while (stint_job_next(job, &end, STINT_FOREVER) == 0)
 *         printf("%.*s", (int)end.out.size, (const char *)end.out.data);
 *
 * What stint.h says of errors, timeouts, memory and threads holds here too.  A
 * stint_job may be shared by threads, but stint_job_next() is one reader's.
 *
 * Source: GNU parallel's way with commands; multiprocessing.Pool's with
 * results.
 */
#ifndef STINT_JOB_H
#define STINT_JOB_H

#include <stint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct stint_job;

/* ---- opening ------------------------------------------------------------- */

enum stint_program {
    STINT_PROGRAM_WORKER = 0,  /* Whatever the worker runs for the queue. */
    STINT_PROGRAM_COMMAND = 1, /* On workers that may run commands. */
    STINT_PROGRAM_HANDLER = 2  /* On workers that have it. */
};

/** A command.  Values stand in its words as GNU parallel writes it: {} {.} {/}
 * {//} {/.} {#} {1} {2}; where none does they come last. */
struct stint_command {
    const char *const *argv; /* NULL-terminated; no shell reads it. */
    const char *const *env;  /* "NAME=VALUE", NULL-terminated; or NULL.  Besides
                                the worker's own environment. */
    const char *cwd;         /* Where it runs if that is there, else where the
                                worker was started; NULL: the same. */
    bool cwd_must;           /* It fails where there is no `cwd`. */
    bool shell;              /* `sh -c` reads it; values are quoted. */
    bool input;              /* The value is its standard input. */
    bool own_folder;         /* It runs in a folder of its own, which is removed
                                afterwards; set by files, too. */
    int64_t grace_ms;        /* From TERM to KILL; 0: 2 s. */
    uint64_t memory_max;     /* Bytes of address space; 0: no limit. */
    int64_t cpu_ms;          /* Processor time; 0: no limit. */
    uint64_t files_max;      /* Open files; 0: as the worker. */
    uint64_t output_max;     /* Of each stream that is kept; 0: 1 MiB.  At most,
                                and of both together, what the master takes as
                                a payload (16 MiB unless it says so). */
    const char *const *outputs; /* Files that come back, templates as above,
                                   NULL-terminated; or NULL. */
};

enum stint_halt {
    STINT_HALT_NEVER = 0,
    STINT_HALT_SOON = 1, /* Begin nothing more, let finish what runs. */
    STINT_HALT_NOW = 2   /* And end what runs. */
};

struct stint_job_options {
    const char *queue; /* Whose workers run it; NULL: "default". */
    const char *name;  /* For people; or NULL. */
    const char *key;   /* The same key again is the same job; or NULL. */
    enum stint_program program;
    struct stint_command command; /* Of STINT_PROGRAM_COMMAND. */
    const char *handler;          /* Of STINT_PROGRAM_HANDLER. */
    int64_t timeout_ms;           /* A longer attempt fails; 0: none. */
    unsigned attempts_max;        /* In all; 0: the queue's. */
    int64_t backoff_ms;           /* After the first failure, doubling;
                                     0: the queue's. */
    unsigned running_max;         /* Side by side; 0: no bound. */
    enum stint_halt halt;         /* What happens after so many failed tasks: */
    uint64_t halt_count;          /* a number of them, */
    unsigned halt_percent;        /* or of a hundred that ended (3 at least). */
    int priority;                 /* Among jobs; smaller goes first. */
    uint64_t window;              /* Most tasks that wait for a worker; puts
                                     wait for room.  0: no bound. */
    int64_t keep_ms;              /* Kept after its end; 0: 7 days. */
    int64_t expires_ms;           /* What has not begun by then does not run. */
    const char *durability;       /* NULL: the queue's. */
    const struct stint_trait *needs; /* Ending with {0}; or NULL. */
    unsigned losses_plus_one; /* One more than how often a task may lose its
                                 worker and no attempt is used up; 0: four times.
                                 1: a task that was begun is not run again when
                                 its worker was lost, its lease ran out or it
                                 was stopped, whatever attempts are left: it
                                 ends with STINT_EWORKERLOST.  Then no worker
                                 takes any ahead of a free slot. */
};

/**
 * Open a job; tasks may be put at once.
 *
 * Owns:    copies the options; gives *out, free with stint_job_free().
 * Returns: 0 (with a key that is known: the job it is of, see
 *          stint_job_existed()), or STINT_EEXISTS (a job of this key is not
 *          alike), STINT_EINVAL, STINT_ELIMIT (too many jobs), STINT_EROLE,
 *          STINT_ENOSPACE, STINT_ETOOLARGE (the command, or output_max), and
 *          what every call may return.
 */
STINT_CHECK int stint_job_open(struct stint *s,
    const struct stint_job_options *options, struct stint_job **out);

/**
 * A job that is there, of any submitter; 0: the one that was opened last with
 * our key.  To read, put to or change it takes the key that opened it, or the
 * role admin.
 *
 * Owns:    gives *out, free with stint_job_free().
 * Returns: 0, STINT_ENOJOB, and what every call may return.
 */
STINT_CHECK int stint_job_find(
    struct stint *s, uint64_t number, struct stint_job **out);

/** Free the handle; the job goes on, and what was put and is not accepted yet
 * is still on its way (stint_flush(), stint_close() wait for it).  An open job
 * that nobody closes counts as closed when its submitter's session has ended.
 * After stint_close() a handle only returns STINT_ECLOSED, but is still to be
 * freed.  NULL is fine. */
STINT_API void stint_job_free(struct stint_job *job);

STINT_API uint64_t stint_job_number(const struct stint_job *job);
/** Whether stint_job_open() found it by its key; how many tasks it has then. */
STINT_API bool stint_job_existed(const struct stint_job *job, uint64_t *tasks);

/**
 * Add a task: `data` is its value, or values with a NUL between each.  What is
 * put goes out in order and in batches, the next one when the last one is
 * accepted; so what the master has is always the first so many that were put,
 * and their places are those in which they were put.  Waits only while the
 * job's window or the connection's buffer is full.
 *
 * Owns:    copies `data` (may be NULL when size is 0).
 * Returns: 0 when it is on its way; STINT_EFULL (no room in time, it was not
 *          put); STINT_ETOOLARGE (it was not put); or the first error that an
 *          earlier one met, then and from then on, and nothing is put any more:
 *          STINT_ECANCELLED (the job is halted or cancelled), STINT_ESHUTDOWN
 *          (closed), STINT_EBUDGET, …
 */
STINT_CHECK int stint_job_put(
    struct stint_job *job, const void *data, size_t size, int64_t timeout_ms);

/**
 * No more tasks come: waits until all that were put are accepted, then closes
 * the job, which ends with its last task.
 *
 * Returns: 0; STINT_ETIMEOUT (not all are accepted, as the window is full: call
 *          again); or the first error that a put met, with which the job is
 *          closed all the same.
 */
STINT_CHECK int stint_job_close_input(
    struct stint_job *job, int64_t timeout_ms);

/* ---- how tasks end ------------------------------------------------------- */

enum stint_cause {
    STINT_CAUSE_ENDED = 0, /* By itself: see code and signal. */
    STINT_CAUSE_TIMEOUT = 1,
    STINT_CAUSE_CANCELLED = 2,
    STINT_CAUSE_NOT_STARTED = 3,
    STINT_CAUSE_LIMIT = 4,
    STINT_CAUSE_LOST = 5, /* Its worker. */
    STINT_CAUSE_LEASE = 6 /* It ran out. */
};

struct stint_attempt {
    unsigned attempt; /* From 1. */
    enum stint_cause cause;
    int code;              /* Exit code. */
    int signal;            /* That ended it, or 0. */
    bool out_cut, err_cut; /* There was more than was kept. */
    int64_t began_ns;      /* By the worker's clock, since 1970; 0: unknown. */
    int64_t wall_ns, user_ns, system_ns;
    uint64_t memory; /* Most resident bytes of one of its processes; 0: not
                        known, as of a command that was small and short. */
    const char *worker, *reason;
};

struct stint_end {
    uint64_t seq;      /* Place of the task in the job, from 1. */
    uint64_t task;     /* Its id. */
    uint64_t number;   /* The how many-th end of the job. */
    int code;          /* 0, STINT_EDEAD, STINT_EWORKERLOST, STINT_ECANCELLED,
                          STINT_EEXPIRED. */
    unsigned attempts; /* That were begun. */
    const char *worker, *reason;
    struct stint_bytes value;    /* As it was put, its first 64 KiB. */
    uint64_t value_size;         /* Of all of it. */
    struct stint_bytes out, err; /* Of the last attempt; a handler's result is
                                    in `out`. */
    const struct stint_attempt *tries; /* Those that are known. */
    size_t tries_count;
};

enum stint_order { STINT_BY_SEQ = 0, STINT_BY_END = 1 };

struct stint_read_options {
    enum stint_order order;
    uint64_t after; /* Begin behind this place, or this end. */
    bool drop;      /* What is read and ended well need not be kept, from the
                       next call on. */
    bool bare;      /* Without value and output. */
    bool failed_only;
};

/** How stint_job_next() reads, from its next call on.  NULL: from the first, in
 * the order of places. */
STINT_API void stint_job_read(
    struct stint_job *job, const struct stint_read_options *options);

/** What was read so far and ended well need not be kept: for a reader that
 * passes it on, when that is safe, and has `drop` not set.  Told to the master
 * with the next page.  Never waits. */
STINT_API void stint_job_drop(struct stint_job *job);

/**
 * The next task's end; reads ahead in pages of about a megabyte, so that at
 * most two of them are in memory.
 *
 * Owns:    lends *end until the next call, stint_job_read() or
 *          stint_job_free().
 * Returns: 0; STINT_ETIMEOUT: call again; STINT_EEMPTY: the job has ended, that
 *          was all (after a retry the next call goes on); STINT_ENOJOB: it was
 *          forgotten; STINT_EROLE; STINT_ECANCELLED: interrupted.
 * Time:    with timeout 0 one round trip, if nothing has been read ahead.
 * Thread:  one at a time.
 */
STINT_CHECK int stint_job_next(
    struct stint_job *job, struct stint_end *end, int64_t timeout_ms);

/* ---- looking ------------------------------------------------------------- */

enum stint_job_state {
    STINT_JOB_OPEN,
    STINT_JOB_RUNNING,
    STINT_JOB_DONE,
    STINT_JOB_HALTED,
    STINT_JOB_CANCELLED,
    STINT_JOB_ORPHANED
};
struct stint_job_row {
    uint64_t job;
    const char *queue, *name, *owner, *key, *handler, *command, *halt;
    enum stint_job_state state;
    enum stint_program program;
    bool paused;
    uint64_t tasks, ready, delayed, running, done, failed, cancelled, ends;
    uint64_t ahead;   /* Taken ahead by workers that have not begun them. */
    uint64_t workers; /* Live ones that may run it. */
    unsigned running_max;
    int priority;
    int64_t age_ns, ended_ns, keep_ns; /* ended_ns 0: it goes on. */
};

/** Jobs, oldest first; `only` 0: all.  As stint_list_queues(). */
STINT_CHECK int stint_list_jobs(struct stint *s, uint64_t only,
    int (*see)(void *arg, const struct stint_job_row *row), void *arg,
    int64_t timeout_ms);

/** Its counts now, without its texts (they are NULL).  STINT_ENOJOB. */
STINT_CHECK int stint_job_look(
    struct stint_job *job, struct stint_job_row *out, int64_t timeout_ms);

/** Wait until it has ended, which one that is open never does.  0,
 * STINT_ETIMEOUT, STINT_ENOJOB, STINT_EROLE. */
STINT_CHECK int stint_job_wait(struct stint_job *job, int64_t timeout_ms);

/** A descriptor that becomes readable when it has ended, or when nothing can be
 * learned of it any more (it was forgotten, the connection is of no use):
 * stint_job_wait() tells which.  For poll(), not to be read or closed; it stays
 * readable, also if a retry lets the job go on.  Nothing polls behind it: the
 * master answers one request when the time has come.
 * Returns: it, lent until the job is freed; or STINT_ENOMEM, STINT_ESYSTEM (no
 *          descriptor is left), STINT_ECLOSED. */
STINT_CHECK int stint_job_sentinel(struct stint_job *job);

struct stint_because {
    unsigned code; /* docs/PROTOCOL.md, record `because`. */
    const char *text;
};

/** Why does the task not run?  With `task` 0: the next one of `job`.
 * `see` is called for each reason, the most important first. */
STINT_CHECK int stint_explain(struct stint *s, uint64_t task, uint64_t job,
    int (*see)(void *arg, const struct stint_because *why), void *arg,
    int64_t timeout_ms);

struct stint_glance {
    uint64_t out_from, err_from; /* In: from where; out: where to go on. */
    unsigned attempt;            /* The same: of which attempt. */
    enum stint_task_state state; /* From STINT_DONE on nothing more comes. */
    struct stint_bytes out, err; /* Lent until stint_glance_free(). */
    char worker[256];
    bool more; /* There is more now. */
    void *owned;
};

/**
 * What a task has written since, while it runs or afterwards; waits for more.
 * *glance is { 0 } at first and goes from call to call.
 *
 * Returns: 0 (perhaps with nothing new), STINT_ENOTASK, STINT_EROLE, or
 *          STINT_ETIMEOUT when the master did not answer.  After an error
 *          there is nothing new, and the next call goes on.
 */
STINT_CHECK int stint_task_glance(struct stint *s, uint64_t task,
    struct stint_glance *glance, int64_t timeout_ms);
STINT_API void stint_glance_free(struct stint_glance *glance);

/* ---- changing ------------------------------------------------------------ */

/* Which tasks are meant; all that is set must fit. */
struct stint_selection {
    const char *queue;
    uint64_t job;
    uint64_t first, last; /* Ids; 0: all. */
    int state_plus_one;   /* Cancel: only in this state. */
    bool cancelled;       /* Retry: what was cancelled or expired, too. */
};

/** End what has not ended; what runs is ended within a second.  A whole job is
 * closed, too.  *count (may be NULL): how many. */
STINT_CHECK int stint_cancel(
    struct stint *s, const struct stint_selection *which, uint64_t *count);
/** Try dead ones again, with all their attempts; an ended job goes on.  With
 * `cancelled` also what was cancelled (by hand, or as the job was halted) or
 * expired, of the job that `job` must name; but for those whose value was
 * longer than 64 KiB, as that is not kept.  STINT_EBUDGET, STINT_ENOSPACE: the
 * master has no room for any. */
STINT_CHECK int stint_retry(
    struct stint *s, const struct stint_selection *which, uint64_t *count);
/** Drop dead letters. */
STINT_CHECK int stint_drop(
    struct stint *s, const struct stint_selection *which, uint64_t *count);

/** Hand out nothing of a queue (and its jobs), or of a job (queue NULL). */
STINT_CHECK int stint_pause(
    struct stint *s, const char *queue, uint64_t job, bool undo);

/** Change -j or the priority of a job; NULL: leave it. */
STINT_CHECK int stint_job_change(struct stint *s, uint64_t job,
    const unsigned *running_max, const int *priority);

/** Forget an ended job with its results and files.  STINT_EBUSY while it runs.
 */
STINT_CHECK int stint_job_forget(struct stint *s, uint64_t job);

/* ---- files --------------------------------------------------------------- */

struct stint_file_row {
    uint64_t seq; /* The task that left it; 0: an input. */
    const char *name;
    uint64_t size;
    unsigned mode;
    uint8_t hash[32];
};

/* So long a file may be: 64 GiB. */
#define STINT_FILE_MAX (INT64_C(64) << 30)

/**
 * Send a file as an input of the job, before the first put: each task finds a
 * copy of it in its folder as `name` (relative, without ".."; NULL: the last
 * part of `path`).  What the master has already is not sent again.
 *
 * Returns: 0, or STINT_EINVAL (its name, or no regular file), STINT_EBUSY (it
 *          changed while it was read), STINT_EEXISTS (the job has tasks already
 *          and not this file), STINT_ESYSTEM (it cannot be read),
 *          STINT_ETOOLARGE (longer than STINT_FILE_MAX), STINT_ELIMIT (4,096
 *          files), STINT_EBUDGET, STINT_ENOSPACE, STINT_ENOJOB.
 * Time:    as long as the sending takes; an answer to a piece comes within the
 *          connection's timeout.  The file is read twice and never in memory.
 */
STINT_CHECK int stint_job_put_file(
    struct stint_job *job, const char *path, const char *name);

/** The same; `see` is called with each piece, without a lock held: so much is
 * done of all there is to do, in bytes that are read. */
STINT_CHECK int stint_job_put_file_with(struct stint_job *job,
    const char *path, const char *name,
    void (*see)(void *arg, uint64_t done, uint64_t all), void *arg);

/** Files of a job: those that the task at this place left, when it was done;
 * 0: all, inputs among them, in the order in which they came.  `see` is called
 * without a lock held, and may ask for the file; other than 0 ends it, and is
 * returned. */
STINT_CHECK int stint_job_list_files(struct stint_job *job, uint64_t seq,
    int (*see)(void *arg, const struct stint_file_row *row), void *arg,
    int64_t timeout_ms);

/**
 * Write one of them to `path`: into a new file beside it, which is compared
 * with the file's hash, gets its permissions (but that others may not write to
 * it) and replaces what is there.  On error nothing is there but what was.
 *
 * Returns: 0, or STINT_EDAMAGED (the hashes differ), STINT_ENOFILE, STINT_EBUSY
 *          (it was replaced by another one), STINT_ESYSTEM (it cannot be
 *          written), STINT_EROLE, STINT_ENOJOB, STINT_ETIMEOUT.
 */
STINT_CHECK int stint_job_get_file(struct stint_job *job,
    const struct stint_file_row *file, const char *path, int64_t timeout_ms);

/* ---- inside a handler, inside a worker ----------------------------------- */

/** Say how far it is: n of m (0: not known), and in words (up to 255 bytes; or
 * NULL).  Never waits; what comes more often than twice a second is thinned.
 * A command writes lines "n/m words" to the descriptor $STINT_PROGRESS_FD. */
STINT_API void stint_call_progress(
    struct stint_call *call, uint64_t done, uint64_t total, const char *text);

/** Job and place of the task; 0 when it is of none. */
STINT_API uint64_t stint_call_job(const struct stint_call *c);
STINT_API uint64_t stint_call_seq(const struct stint_call *c);

/* ---- for those who build a worker of their own --------------------------- */

/** Job and place of a leased task; 0 when it is of none. */
STINT_API uint64_t stint_task_job(const struct stint_task *t);
STINT_API uint64_t stint_task_seq(const struct stint_task *t);

/**
 * As stint_task_post_done() and _fail(), with how the attempt went (NULL:
 * nothing is known of it; its number and the sizes of `out` and `err` are
 * filled in) and what it wrote.  The result is `out`, then `err`; of a task of
 * no job that is all that counts, and a failed one has no result.
 *
 * Returns: as those: STINT_ETOOLARGE when both together are longer than the
 *          master takes, and `t` is still the caller's.
 */
STINT_CHECK int stint_task_post_done_with(struct stint_task *t,
    const struct stint_attempt *how, struct stint_bytes out,
    struct stint_bytes err);
STINT_CHECK int stint_task_post_fail_with(struct stint_task *t,
    const char *reason, int64_t retry_ms, const struct stint_attempt *how,
    struct stint_bytes out, struct stint_bytes err);

/** As stint_task_post_release() of a task that was begun and not finished: the
 * next attempt has the next number. */
STINT_CHECK int stint_task_post_unfinished(
    struct stint_task *t, int64_t delay_ms);

/** Tell how far a task is: n of m (0: not known), and in words (up to 255
 * bytes; or NULL).  Gathered, not answered; nothing when no session stands. */
STINT_CHECK int stint_task_post_progress(const struct stint_task *t,
    uint64_t done, uint64_t total, const char *text);

/* What a job runs, as its worker hears it. */
struct stint_job_program {
    enum stint_program program;
    const char *name, *handler;
    struct stint_command command;
    int64_t timeout_ms;
    const struct stint_file_row *files; /* Its inputs. */
    size_t files_count;
};
/** Ask the master what a job runs: gives *out, one allocation, to be freed with
 * stint_job_program_free(). */
STINT_CHECK int stint_job_program_get(struct stint *s, uint64_t job,
    struct stint_job_program **out, int64_t timeout_ms);
STINT_API void stint_job_program_free(struct stint_job_program *p);

/* Somebody looks at what a task has written: answer with stint_show_post() as
 * soon as there is more than he has, or when his wait is over. */
struct stint_show {
    uint64_t number, task, out_from, err_from;
    uint64_t fence; /* stint_task_fence() */
    int64_t wait_ms;
};

/*
 * What the master asks of a worker between its tasks.
 *
 * `recalled`: the lease is over, as the task was cancelled; leave it and free
 * it.  Tasks that wait in a consumer are taken away without a call.  Whoever
 * has just taken one (stint_consumer_next(), stint_queue_take()) and did not
 * yet know its id when it was recalled sees that stint_task_remaining_ms() is
 * negative.
 *
 * Called in whatever thread reads the connection, which holds its lock: return
 * at once, do not use the connection or anything of it, and take no lock under
 * which another thread does.
 */
struct stint_duties {
    void (*recalled)(void *arg, uint64_t task, uint64_t fence);
    void (*show)(void *arg, const struct stint_show *show);
    void (*restarted)(void *arg); /* The session began anew, perhaps with
                                     another master: what was learned of jobs
                                     may be of other ones. */
    void *arg;
};
/** Set them; NULL: none.  Copies.  After it returns the old ones are not called
 * and none of their calls is under way. */
STINT_API void stint_duties(struct stint *s, const struct stint_duties *duties);

/** Answer a show: at most 64 KiB of each stream (else STINT_ETOOLARGE), from
 * the offsets on; `more`: there is more now.  Gathered, not answered; nothing
 * when no session stands, as who asked asks again. */
STINT_CHECK int stint_show_post(struct stint *s, const struct stint_show *show,
    struct stint_bytes out, struct stint_bytes err, bool more);

/** Read an input of a job from the master, or bring what a task leaves; as
 * stint_job_get_file() and stint_job_put_file().  `cancel_fd` (-1: none) may be
 * readable at any time: then it ends soon with STINT_ECANCELLED. */
STINT_CHECK int stint_task_get_input(struct stint *s, uint64_t job,
    const struct stint_file_row *file, const char *path, int cancel_fd,
    int64_t timeout_ms);
STINT_CHECK int stint_task_put_output(const struct stint_task *t,
    const char *path, const char *name, int cancel_fd, int64_t timeout_ms);

#ifdef __cplusplus
}
#endif

#endif
