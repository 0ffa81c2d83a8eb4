/**
 * stint_process.h - processes, programs and timers.
 *
 * Process and subprocess of Python, here and on other machines: a function or a
 * program runs in a process of its own, is waited for with a timeout, ended with
 * all that it started, and tells exactly how it ended.
 *
 *     static int greet(void *arg)
 *     {
 *         return printf("hello %s\n", (const char *)arg) < 0;
 *     }
 *
 *     struct stint_process_options options = { .target = greet, .arg = "bob" };
 *     struct stint_process *p;
 *     int code;
 *
 *     if (stint_process_start(&options, &p) != 0
 *         || stint_process_join(p, STINT_FOREVER) != 0
 *         || stint_process_exitcode(p, &code) != 0) …
 *     stint_process_free(p);
 *
 * What stint.h says of errors, timeouts and memory holds here.  Any number of
 * threads may share a handle.
 *
 * A function runs in a copy of this process, made by fork(): what it changes is
 * not seen here.  The copy has the calling thread only.  It has standard output
 * and standard error, what `keep_fds` names, and no other file of ours; so
 * connections to a master are not its own (STINT_ECLOSED), but it may open its
 * own.  Handlers of signals are default again.  It ends by _exit() with its
 * standard streams flushed, so atexit() functions do not run twice.
 *
 * Every process started here is the leader of a process group of its own (^C at the
 * terminal is for us alone), has nothing on its standard input, and takes its group
 * with it: signals go to all of it, and what is left of it when its leader has ended
 * is killed.  So no grandchild stays behind, as it does in Python, but for one in a
 * session of its own (setsid()).
 */
#ifndef STINT_PROCESS_H
#define STINT_PROCESS_H

#include <stint.h>
#include <stint_job.h>

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Process ------------------------------------------------------------- */

struct stint_process;

struct stint_process_options {
    int (*target)(void *arg); /* Returns the exit code, modulo 256; or */
    void *arg;
    const char *const *argv; /* a program, found in PATH; NULL-terminated. */
    const char *const *env;  /* Of a program, besides our own; or NULL. */
    const char *cwd;         /* Of a program; NULL: ours. */
    const char *name;        /* NULL: "Process-1", "Process-2", …; in Process-1
                                "Process-1:1", … */
    const int *keep_fds;     /* Descriptors that a function has besides standard
                                output and error, ending with -1; or NULL. */
    bool daemon;             /* Ended with us, however we end (also by SIGKILL);
                                as a function it may start no processes with
                                stint_process_start(). */
    int64_t grace_ms;        /* Of a daemon, and of the remote form: from TERM to
                                KILL, when the handle is freed or we end; 0: 2 s. */

    /* The remote form: it runs once, on a worker of that master. */
    struct stint *on;        /* NULL: here. */
    const char *queue;       /* Whose workers; NULL: "default". */
    const struct stint_trait *needs; /* Labels and resources, or NULL. */
    const char *handler;     /* Instead of argv (and target): a handler, */
    const void *payload;     /* given this. */
    size_t payload_size;
};

/**
 * Start it.  Of the remote form the output is in the job stint_process_job(); it
 * cannot be a daemon.
 *
 * Owns:    copies the options but for `arg`, which the copy of the process has;
 *          gives *out, free with stint_process_free().
 * Returns: 0, or STINT_EINVAL (not exactly one of target, argv and handler; or a
 *          daemon starts one), STINT_ENOPROGRAM (no such program or directory: the
 *          message says which), STINT_ESYSTEM (not executable, no more processes),
 *          STINT_ENOMEM; of the remote form as stint_job_open().
 * Source:  Process(target, name, args, daemon) and start().
 */
STINT_CHECK int stint_process_start(
    const struct stint_process_options *options, struct stint_process **out);

/** Wait for its end.  Returns 0 or STINT_ETIMEOUT (with timeout 0: it runs); or
 * STINT_EINVAL: it was started by the process that we are a copy of.
 * Source: join(timeout), which returns None in both cases. */
STINT_CHECK int stint_process_join(
    struct stint_process *p, int64_t timeout_ms);

/** Whether it has not ended. */
STINT_API bool stint_process_is_alive(struct stint_process *p);

/** 0 with its exit code in *code, or the negative number of the signal that ended
 * it.  STINT_ENOTREADY while it runs; STINT_ESYSTEM: its end was not told, as this
 * program ignores SIGCHLD or waits for children that are not its own.  A remote one
 * that was not run to its end is STINT_EDEAD, STINT_EWORKERLOST or STINT_ECANCELLED
 * with *code 1, and the message says why. */
STINT_CHECK int stint_process_exitcode(struct stint_process *p, int *code);

/** SIGTERM, SIGKILL, SIGINT to its group.  Harmless after its end.  A remote one
 * is cancelled by all three: TERM, grace, KILL. */
STINT_API int stint_process_terminate(struct stint_process *p);
STINT_API int stint_process_kill(struct stint_process *p);
STINT_API int stint_process_interrupt(struct stint_process *p);

/** Lends until freed. */
STINT_API const char *stint_process_name(const struct stint_process *p);
/** 0 of a remote one. */
STINT_API pid_t stint_process_pid(const struct stint_process *p);
STINT_API bool stint_process_daemon(const struct stint_process *p);
/** A descriptor that is readable when it has ended; for poll(), not to be read or
 * closed.  Lends until freed.  Of a remote one as stint_job_sentinel(), which may
 * return a negative error. */
STINT_API int stint_process_sentinel(const struct stint_process *p);
/** Of the remote form; NULL: it is none.  Lends until freed. */
STINT_API struct stint_job *stint_process_job(const struct stint_process *p);

/* What it has used, once it has ended. */
struct stint_usage {
    int64_t wall_ns; /* Until its end was seen. */
    int64_t user_ns, system_ns; /* Its own, and of children that it waited for. */
    uint64_t memory; /* Most bytes that were resident, at most (those of a copy
                        begin with ours); 0: not known. */
};
/** STINT_ENOTREADY while it runs. */
STINT_CHECK int stint_process_usage(
    struct stint_process *p, struct stint_usage *out);

/** Wait until at least one of `count` has ended.  Returns how many have, or
 * STINT_ETIMEOUT.  Source: connection.wait() on sentinels. */
STINT_CHECK int stint_processes_wait(
    struct stint_process *const processes[], size_t count, int64_t timeout_ms);

/** Free the handle.  One that runs goes on, and nobody need wait for it, nor does
 * the end of this program (Python's waits); but a daemon is ended: TERM, grace,
 * KILL.  NULL is fine.
 * Source: close(), which refuses one that runs. */
STINT_API void stint_process_free(struct stint_process *p);

/* ---- subprocess: run ----------------------------------------------------- */

struct stint_run_options {
    const char *const *argv; /* NULL-terminated, found in PATH; or */
    const char *shell;       /* a line for `sh -c`. */
    const char *const *env;  /* "NAME=VALUE", NULL-terminated; or NULL. */
    bool env_only;           /* `env` is all of it, also if it is empty. */
    const char *cwd;
    const void *input;       /* Its standard input; NULL: /dev/null. */
    size_t input_size;
    int64_t timeout_ms;      /* 0: none.  Then TERM to its group, */
    int64_t grace_ms;        /* after this (0: 2 s) KILL. */
    size_t output_max;       /* Of each stream that is kept; 0: 1 MiB.  More is
                                read and dropped: it never blocks. */
    bool pass_output;        /* Its streams are ours; nothing is kept. */
    bool merge;              /* Standard error goes to standard output. */
    uint64_t memory_max;     /* Bytes of address space; 0: no limit. */
    int64_t cpu_ms;          /* 0: no limit. */
    uint64_t files_max;      /* 0: as ours. */
};

struct stint_completed {
    int returncode;          /* Exit code; negative: the signal that ended it. */
    bool timed_out;
    bool out_cut, err_cut;   /* There was more than output_max. */
    struct stint_bytes out, err; /* With merge all is in `out`. */
    struct stint_usage usage;
};

/**
 * Run a program to its end.  What it leaves behind in its group is killed then, and
 * who left the group and still holds its streams is not waited for.
 *
 * Owns:    gives *out, stint_completed_free(); what it wrote so far also when it
 *          timed out.
 * Returns: 0 when it ran, however it ended; STINT_ETIMEOUT; STINT_ENOPROGRAM (no
 *          such program or directory), STINT_ESYSTEM, STINT_EINVAL, STINT_ENOMEM.
 * Source:  subprocess.run(capture_output, input, timeout, env, cwd), whose timeout
 *          leaves grandchildren running.
 */
STINT_CHECK int stint_run(
    const struct stint_run_options *options, struct stint_completed *out);
/** Of what stint_run() gave.  NULL is fine. */
STINT_API void stint_completed_free(struct stint_completed *c);

/* ---- subprocess: Popen --------------------------------------------------- */

struct stint_popen;

/** Start a program; options as above, but `input` and `timeout_ms` are those of
 * communicate: its standard input is a pipe until it is closed.
 * Owns:    copies; gives *out, free with stint_popen_free().
 * Returns: 0, or as stint_run().
 * Thread:  one may write while another one reads, and others wait. */
STINT_CHECK int stint_popen(
    const struct stint_run_options *options, struct stint_popen **out);

/**
 * Write `input` (NULL: nothing more; its standard input is closed behind it), read
 * both streams, wait for the end.  A timeout ends nothing: call again, with input
 * NULL, to go on; no input and no output is lost.  *out is set in both cases, with
 * what was not read by stint_popen_read(), and lent until the next call or the free.
 *
 * Returns: 0 (it has ended; later calls return the same), STINT_ETIMEOUT,
 *          STINT_EINVAL (more input, when there is some still, or it is closed),
 *          STINT_ENOMEM (for the output: what came then is lost).
 * Source:  Popen.communicate.
 */
STINT_CHECK int stint_popen_communicate(struct stint_popen *p,
    const void *input, size_t size, int64_t timeout_ms,
    struct stint_completed *out);

/** In pieces: write some input (blocks while the pipe is full), close it (a write of
 * another thread goes on first); read what one stream has (1: out, 2: err): 1 to
 * `size` bytes, 0 at its end.  Returns the number of bytes, fewer than `size` if the
 * time was over or nobody reads any more, or a negative error when there were none:
 * STINT_ETIMEOUT, STINT_EEOF for a write that nobody reads, STINT_EINVAL. */
STINT_CHECK int64_t stint_popen_write(struct stint_popen *p, const void *data,
    size_t size, int64_t timeout_ms);
STINT_API void stint_popen_close_input(struct stint_popen *p);
STINT_CHECK int64_t stint_popen_read(struct stint_popen *p, int stream,
    void *data, size_t size, int64_t timeout_ms);

/** Returns 0 with its return code, STINT_ENOTREADY, or of the wait STINT_ETIMEOUT;
 * both streams are read meanwhile, so that a full pipe cannot block it. */
STINT_CHECK int stint_popen_poll(struct stint_popen *p, int *returncode);
STINT_CHECK int stint_popen_wait(
    struct stint_popen *p, int *returncode, int64_t timeout_ms);

/** To its whole group; harmless after its end. */
STINT_API int stint_popen_signal(struct stint_popen *p, int signal);
STINT_API pid_t stint_popen_pid(const struct stint_popen *p);

/** TERM, grace, KILL to its group if it runs; then free.  NULL is fine. */
STINT_API void stint_popen_free(struct stint_popen *p);

/* ---- Timer --------------------------------------------------------------- */

struct stint_timer;

struct stint_timer_options {
    int64_t interval_ms; /* 0 or negative: at once. */
    bool periodic;       /* Again and again, by the clock: a slow run makes the next
                            one late, and never two at once. */
    void (*run)(void *arg);
    void *arg;
};

/** Run a function later, in a thread of the library's that all timers share: it
 * must be quick.  Gives *out, free with stint_timer_free().
 * Source: threading.Timer, which has a thread each and does not repeat. */
STINT_CHECK int stint_timer_start(
    const struct stint_timer_options *options, struct stint_timer **out);
/** After this it does not run any more; one that runs is waited for, unless it is
 * called from within.  Harmless after it fired. */
STINT_API void stint_timer_cancel(struct stint_timer *t);
/** How often it has run. */
STINT_API uint64_t stint_timer_runs(struct stint_timer *t);
/** Wait until it has fired or was cancelled.  Returns 0 or STINT_ETIMEOUT. */
STINT_CHECK int stint_timer_join(struct stint_timer *t, int64_t timeout_ms);
/** Cancel and free; also from within its own run.  NULL is fine. */
STINT_API void stint_timer_free(struct stint_timer *t);

#ifdef __cplusplus
}
#endif

#endif
