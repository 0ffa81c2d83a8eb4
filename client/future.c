#include "client/future.h"

#include <stdlib.h>
#include <string.h>

#include "common/base.h"
#include "common/sys/say.h"

enum { CHUNK_FUTURES = 256 };

struct chunk {
    void *next;
    struct stint_future futures[CHUNK_FUTURES];
};

/* ---- memory -------------------------------------------------------------- */

static int
more_futures(struct stint *s)
{
    struct chunk *chunk = malloc(sizeof(*chunk));

    if (chunk == NULL) return say(STINT_ENOMEM, "no memory for futures");
    chunk->next = s->chunks;
    s->chunks = chunk;
    for (size_t i = 0; i < CHUNK_FUTURES; i++)
        list_push(&s->free_futures, &chunk->futures[i].node);
    return 0;
}

struct stint_future *
future_new(struct stint *s)
{
    if (list_is_empty(&s->free_futures) && more_futures(s) != 0) return NULL;

    struct list *node = s->free_futures.next;
    struct stint_future *f = CONTAINER_OF(node, struct stint_future, node);
    list_remove(node);
    *f = (struct stint_future){ .s = s };
    list_init(&f->node);
    return f;
}

void
future_recycle(struct stint_future *f)
{
    free(f->block);
    inbound_drop(f->in);
    list_remove(&f->node);
    list_push_front(&f->s->free_futures, &f->node);
}

/* ---- what comes ---------------------------------------------------------- */

static struct stint_future *
future_at(const struct stint *s, uint64_t number)
{
    return numbers_find(&s->futures, number);
}

static void
set_block(struct stint *s, struct stint_future *f, struct slice worker,
    struct slice result)
{
    bool lends = inbound_is_worth_holding(s->current, result.length);
    size_t copied = lends ? 0 : result.length;
    char *block = malloc(worker.length + 1 + copied + 1);

    if (block == NULL) {
        f->code = STINT_ENOMEM;
        return;
    }
    if (worker.length > 0) memcpy(block, worker.bytes, worker.length);
    block[worker.length] = '\0';
    char *copy = block + worker.length + 1;
    if (copied > 0) memcpy(copy, result.bytes, copied);
    f->block = block;
    f->result.size = result.length;
    f->result.data = lends ? (const void *)result.bytes : copy;
    if (lends) f->in = inbound_hold(s->current);
}

static void
end(struct stint *s, struct stint_future *f, int code, struct slice worker,
    struct slice result)
{
    f->code = code;
    set_block(s, f, worker, result);
    f->ready = true;
    if (f->ends != NULL) list_push(&f->ends->list, &f->node);
    s->futures_open--;
    numbers_remove(&s->futures, f->number, 1);
}

void
future_accepted(struct stint *s, uint64_t number, uint64_t count, uint64_t task,
    bool fleeting)
{
    for (uint64_t i = 0; i < count; i++) {
        struct stint_future *f = future_at(s, number + i);
        if (f == NULL) continue;
        f->task = task + i;
        f->fleeting = fleeting;
    }
}

void
future_refused(struct stint *s, uint64_t number, uint64_t count, int code,
    struct slice text)
{
    for (uint64_t i = 0; i < count; i++) {
        struct stint_future *f = future_at(s, number + i);
        if (f != NULL) end(s, f, code, slice_of(""), text);
    }
}

void
future_ended(struct stint *s, const struct rec_result *result)
{
    struct stint_future *f = future_at(s, result->ref);

    if (f == NULL) return; /* It was freed. */
    f->task = result->task;
    f->attempts = (unsigned)result->attempts;
    end(s, f, (int)result->code, result->worker, result->result);
}

struct failing {
    struct stint *s;
    int code;
    const char *text;
    enum { EACH, ACCEPTED, FLEETING, OF_ENDS } which;
    const struct future_ends *ends;
};

static void
fail_one(void *arg, uint64_t number, void *value)
{
    const struct failing *failing = arg;
    struct stint_future *f = value;

    (void)number;
    if (failing->which == OF_ENDS && f->ends != failing->ends) return;
    if (failing->which == ACCEPTED && f->task == 0) return;
    if (failing->which == FLEETING && (f->task == 0 || !f->fleeting)) return;
    end(failing->s, f, failing->code, slice_of(""), slice_of(failing->text));
}

void
future_fail_all(struct stint *s, int code, const char *text)
{
    struct failing failing = { s, code, text, EACH, NULL };

    numbers_each(&s->futures, fail_one, &failing);
}

void
future_fail_ends(
    struct stint *s, const struct future_ends *ends, int code, const char *text)
{
    struct failing failing = { s, code, text, OF_ENDS, ends };

    numbers_each(&s->futures, fail_one, &failing);
}

void
future_lose_accepted(struct stint *s)
{
    struct failing failing = { s, STINT_ELOST,
        "the master does not know our session any more: it was started again "
        "without what it had in memory, or we were away too long; what became "
        "of the task is not known",
        ACCEPTED, NULL };

    numbers_each(&s->futures, fail_one, &failing);
}

void
future_lose_fleeting(struct stint *s)
{
    struct failing failing = { s, STINT_ELOST,
        "the master was started again, and the queue of the task was in memory "
        "only; what became of the task is not known",
        FLEETING, NULL };

    numbers_each(&s->futures, fail_one, &failing);
}
