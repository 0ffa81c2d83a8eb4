#include "worker/programs.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base.h"
#include "common/list.h"
#include "common/sys/say.h"

enum { KEPT_MAX = 64, ASK_MS = 10000 };
#define BYTES_MAX ((size_t)16 << 20)

struct entry {
    struct program program; /* What is lent. */
    struct list node;       /* The one used last is last. */
    uint64_t job, epoch;
    unsigned refs;
    bool asking;   /* Its first user asks the master. */
    bool outdated; /* Found by nobody any more; freed with its last user. */
    struct stint_job_program *what; /* Owned, as `command`. */
    struct command *command;
};

struct programs {
    struct stint *s;
    const struct environment *environment;
    atomic_ullong epoch; /* Another one after programs_forget(). */
    pthread_mutex_t lock;
    pthread_cond_t told; /* One that was asked for is there, or will not be. */
    struct list entries;
    unsigned count;
    size_t bytes;
};

/* ---- life ---------------------------------------------------------------- */

struct programs *
programs_new(struct stint *s, const struct environment *environment)
{
    struct programs *all = calloc(1, sizeof *all);

    if (all == NULL) return NULL;
    all->s = s;
    all->environment = environment;
    atomic_init(&all->epoch, 0);
    (void)pthread_mutex_init(&all->lock, NULL);
    (void)pthread_cond_init(&all->told, NULL);
    list_init(&all->entries);
    return all;
}

static size_t
size_of(const struct entry *e)
{
    return sizeof *e + (e->command != NULL ? command_size(e->command) : 0);
}

static void
free_entry(struct programs *all, struct entry *e)
{
    list_remove(&e->node);
    all->count -= 1;
    all->bytes -= size_of(e);
    command_free(e->command);
    stint_job_program_free(e->what);
    free(e);
}

static struct entry *
entry_of(struct list *node)
{
    return CONTAINER_OF(node, struct entry, node);
}

void
programs_free(struct programs *all)
{
    if (all == NULL) return;
    while (!list_is_empty(&all->entries)) {
        free_entry(all, entry_of(all->entries.next));
    }
    (void)pthread_cond_destroy(&all->told);
    (void)pthread_mutex_destroy(&all->lock);
    free(all);
}

void
programs_forget(struct programs *all)
{
    (void)atomic_fetch_add(&all->epoch, 1);
}

/* ---- keeping ------------------------------------------------------------- */

static struct entry *
add(struct programs *all, uint64_t job)
{
    struct entry *e = calloc(1, sizeof *e);

    if (e == NULL) return NULL;
    e->job = job;
    e->epoch = atomic_load(&all->epoch);
    e->asking = true;
    e->refs = 1;
    list_push(&all->entries, &e->node);
    all->count += 1;
    all->bytes += size_of(e);
    return e;
}

static void
drop(struct programs *all, struct entry *e)
{
    e->refs -= 1;
    if (e->refs == 0 && e->outdated) free_entry(all, e);
}

static void
outdate(struct programs *all, struct entry *e)
{
    e->outdated = true;
    e->refs += 1;
    drop(all, e);
}

/* The entry of a job, with one user more; NULL: nobody knows it yet. */
static struct entry *
find(struct programs *all, uint64_t job)
{
    for (struct list *n = all->entries.next; n != &all->entries; n = n->next) {
        struct entry *e = entry_of(n);

        if (e->job != job || e->outdated) continue;
        if (!e->asking && e->epoch != atomic_load(&all->epoch)) {
            outdate(all, e);
            return NULL;
        }
        e->refs += 1;
        list_remove(&e->node);
        list_push(&all->entries, &e->node);
        return e;
    }
    return NULL;
}

static void
make_room(struct programs *all)
{
    struct list *next;

    for (struct list *n = all->entries.next; n != &all->entries; n = next) {
        struct entry *e = entry_of(n);

        next = n->next;
        if (all->count <= KEPT_MAX && all->bytes <= BYTES_MAX) return;
        if (e->refs == 0) free_entry(all, e);
    }
}

/* ---- asking -------------------------------------------------------------- */

/* Without the lock: nobody else looks at what is asked for. */
static int
ask(struct programs *all, struct entry *e, struct stint_job_program **what,
    struct command **command)
{
    int code = stint_job_program_get(all->s, e->job, what, ASK_MS);

    *command = NULL;
    if (code != 0 || (*what)->program != STINT_PROGRAM_COMMAND) return code;
    *command = command_new(&(*what)->command, all->environment);
    if (*command != NULL) return 0;
    stint_job_program_free(*what);
    *what = NULL;
    return say(STINT_ENOMEM, "no memory for a job's command");
}

/* Ask for a new entry.  What a master said before another one took its place is
 * not to be used: *again. */
static int
learn(struct programs *all, struct entry *e, bool *again)
{
    struct stint_job_program *what;
    struct command *command;

    (void)pthread_mutex_unlock(&all->lock);
    int code = ask(all, e, &what, &command);
    (void)pthread_mutex_lock(&all->lock);
    e->what = what;
    e->command = command;
    e->program = (struct program){ what, command };
    all->bytes += size_of(e) - sizeof *e;
    e->asking = false;
    *again = code == 0 && e->epoch != atomic_load(&all->epoch);
    if (code != 0 || *again) {
        outdate(all, e);
        drop(all, e);
    } else {
        make_room(all);
    }
    (void)pthread_cond_broadcast(&all->told);
    return code;
}

static int
get(struct programs *all, uint64_t job, struct entry **out)
{
    for (;;) {
        struct entry *e = find(all, job);
        bool again;

        *out = e;
        if (e != NULL && !e->asking) return 0;
        if (e != NULL) {
            (void)pthread_cond_wait(&all->told, &all->lock);
            drop(all, e);
            continue;
        }
        *out = e = add(all, job);
        if (e == NULL) return say(STINT_ENOMEM, "no memory for a job");
        int code = learn(all, e, &again);
        if (!again) return code;
    }
}

int
programs_get(struct programs *all, uint64_t job, const struct program **out)
{
    struct entry *e;

    (void)pthread_mutex_lock(&all->lock);
    int code = get(all, job, &e);
    (void)pthread_mutex_unlock(&all->lock);
    *out = code == 0 ? &e->program : NULL;
    return code;
}

void
programs_drop(struct programs *all, const struct program *program)
{
    /* What was lent as const is ours. */
    struct entry *e = (struct entry *)(uintptr_t)program;

    (void)pthread_mutex_lock(&all->lock);
    drop(all, e);
    (void)pthread_mutex_unlock(&all->lock);
}
