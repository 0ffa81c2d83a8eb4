/*
 * imap: results one by one, of an input that may have no end.   [layer: pool]
 *
 *     next() ──gather──> batch ──pool──> ready ──> given ──> freed
 *
 * All but a batch's end happens in the caller's thread.  `batches` has those
 * that are out or not given, oldest first; of an unordered one those that ended
 * move to `ended`, in that order.
 */
#include <stdlib.h>
#include <string.h>

#include "client/pool/pool.h"
#include "common/base.h"
#include "common/list.h"
#include "common/sys/say.h"

enum { WINDOW = 4, NAME = 65, CHUNK_MAX = 65536 };

struct batch {
    struct chunk chunk;
    struct list node;
    struct stint_imap *it;
    bool ready;
    bool garbled;
    size_t given;
    struct ended_one how;
    struct cursor at; /* At the next outcome. */
};

struct stint_imap {
    struct stint_pool *pool;
    int (*next)(void *arg, struct stint_bytes *item);
    void *arg;
    char function[NAME];
    size_t chunk, window;
    bool unordered;

    size_t read;         /* Items of the input, so far. */
    size_t out;          /* Of them those that were not given. */
    int input;           /* 1: there may be more; 0: the end; else its error. */
    char why[512];       /* Of the error. */
    struct fault fault;  /* Of the item that was given last. */
    struct batch *spent; /* Its last result was lent; or NULL. */

    /* Under the pool's lock. */
    pthread_cond_t changed;
    struct list batches, ended;
    size_t running; /* Batches that have not ended. */
    bool dropped;
};

/* ---- memory -------------------------------------------------------------- */

static void
free_batch(struct batch *b)
{
    if (b == NULL) return;
    ended_forget(b->it->pool->ended, &b->chunk.future, 1);
    free(b);
}

static void
destroy(struct stint_imap *it)
{
    struct list *node;

    while ((node = list_pop(&it->ended)) != NULL)
        free_batch(CONTAINER_OF(node, struct batch, node));
    while ((node = list_pop(&it->batches)) != NULL)
        free_batch(CONTAINER_OF(node, struct batch, node));
    free_batch(it->spent);
    (void)pthread_cond_destroy(&it->changed);
    free(it);
}

void
stint_imap_free(struct stint_imap *it)
{
    if (it == NULL) return;
    struct stint_pool *pool = it->pool;
    pool_lock(pool);
    it->dropped = true;
    bool last = it->running == 0;
    pool_unlock(pool);
    if (last) destroy(it);
}

/* ---- what ends ----------------------------------------------------------- */

static void
batch_ended(struct chunk *c, const struct ended_one *how)
{
    struct batch *b = c->owner;
    struct stint_imap *it = b->it;
    struct stint_pool *pool = it->pool;

    b->how = *how;
    if (how->code == 0)
        b->garbled = !chunk_read(&b->at, &how->result, c->count);
    pool_lock(pool);
    b->ready = true;
    it->running--;
    if (it->unordered) {
        list_remove(&b->node);
        list_push(&it->ended, &b->node);
    }
    bool last = it->dropped && it->running == 0;
    (void)pthread_cond_broadcast(&it->changed);
    pool_unlock(pool);
    if (last) destroy(it);
}

/* ---- what goes out ------------------------------------------------------- */

static void
fail_input(struct stint_imap *it, int code, const char *why)
{
    size_t length = strnlen(why, sizeof it->why - 1);

    it->input = code;
    memcpy(it->why, why, length);
    it->why[length] = '\0';
}

/* Items as they are read: each is lent until the next one only. */
static int
gather(struct stint_imap *it, struct stint_pack *p, size_t *count)
{
    struct stint_bytes item;
    size_t bytes = 0;

    while (*count < it->chunk && bytes < CHUNK_BYTES) {
        int rc = it->next(it->arg, &item);
        if (rc <= 0) {
            if (rc == 0) it->input = 0;
            if (rc < 0) fail_input(it, rc, "the input of an imap failed");
            return 0;
        }
        stint_pack_add_bytes(p, item.data, item.size);
        bytes += item.size;
        *count += 1;
    }
    return p->error;
}

/* The array that `items` are in. */
static int
wrap(struct stint_pack *items, size_t count, struct stint_bytes *out)
{
    const struct stint_bytes inner = { items->data, items->size };
    struct stint_pack p = { 0 };

    stint_pack_add_array(&p, count);
    stint_pack_add_packed(&p, &inner);
    return stint_pack_end(&p, out);
}

static struct batch *
new_batch(struct stint_imap *it, size_t count)
{
    struct batch *b = calloc(1, sizeof *b);

    if (b == NULL) return NULL;
    b->it = it;
    b->chunk = (struct chunk){
        .ended = batch_ended, .owner = b, .first = it->read, .count = count
    };
    pool_lock(it->pool);
    list_push(&it->batches, &b->node);
    it->running++;
    pool_unlock(it->pool);
    return b;
}

static void
take_back(struct stint_imap *it, struct batch *b)
{
    pool_lock(it->pool);
    list_remove(&b->node);
    it->running--;
    pool_unlock(it->pool);
    free(b);
}

/* From here to ended() of the chunk the batch is the result thread's. */
static int
send_batch(struct stint_imap *it, struct stint_pack *items, size_t count)
{
    struct stint_bytes packed;

    int rc = wrap(items, count, &packed);
    if (rc != 0) return say(rc, "no memory for the items of a chunk");
    struct batch *b = new_batch(it, count);
    if (b == NULL) rc = say(STINT_ENOMEM, "no memory for a chunk");
    if (b != NULL) {
        rc = pool_submit(it->pool, it->function, &b->chunk, &packed, true);
        if (rc != 0) take_back(it, b);
    }
    stint_bytes_free(&packed);
    return rc;
}

/* As much as the window has room for. */
static void
fill(struct stint_imap *it)
{
    while (
        it->input == 1 && (it->out == 0 || it->out + it->chunk <= it->window)) {
        struct stint_pack items = { 0 };
        size_t count = 0;

        int rc = gather(it, &items, &count);
        if (rc != 0) (void)say(rc, "no memory for the items of a chunk");
        if (rc == 0 && count > 0) rc = send_batch(it, &items, count);
        stint_pack_free(&items);
        if (rc != 0) {
            fail_input(it, rc, stint_error_message());
            return;
        }
        it->read += count;
        it->out += count;
    }
}

/* ---- what is given ------------------------------------------------------- */

/* The batch whose turn it is; NULL: it has not ended, or there is none. */
static struct batch *
turn(const struct stint_imap *it)
{
    const struct list *from = it->unordered ? &it->ended : &it->batches;
    struct list *node = list_first(from);
    struct batch *b =
        node != NULL ? CONTAINER_OF(node, struct batch, node) : NULL;

    return b != NULL && b->ready ? b : NULL;
}

static int
give(struct stint_imap *it, struct batch *b, struct stint_bytes *result,
    size_t *index)
{
    size_t at = b->chunk.first + b->given;
    struct outcome outcome = { .failed = false };

    if (index != NULL) *index = at;
    if (b->how.code != 0) {
        chunk_lost(&it->fault, &b->how, at);
        chunk_on(&it->fault, it->pool->host);
    } else if (b->garbled || !chunk_next(&b->at, &outcome)) {
        b->garbled = true;
        chunk_garbled(&it->fault, &b->how, at);
        chunk_on(&it->fault, it->pool->host);
    } else if (outcome.failed) {
        chunk_failed(&it->fault, &outcome, &b->how, at);
    } else {
        it->fault.code = 0;
        *result = outcome.bytes;
    }
    it->out--;
    if (++b->given == b->chunk.count) {
        pool_lock(it->pool);
        list_remove(&b->node);
        pool_unlock(it->pool);
        it->spent = b;
    }
    return it->fault.code == 0 ? 0 : say(it->fault.code, "%s", it->fault.text);
}

/* The end of the input; its error is told once, behind all results. */
static int
finish(struct stint_imap *it)
{
    int rc = it->input;

    it->input = 0;
    if (rc < 0) return say(rc, "%s", it->why);
    return say(STINT_EEMPTY, "there are no more results");
}

int
stint_imap_next(struct stint_imap *it, struct stint_bytes *result,
    size_t *index, int64_t timeout_ms)
{
    struct stint_pool *pool = it->pool;
    struct batch *b = NULL;
    bool in_time = true;
    tick_ns until;

    *result = (struct stint_bytes){ NULL, 0 };
    int rc = pool_deadline(timeout_ms, &until);
    if (rc == 0) rc = pool_check_ours(pool);
    if (rc != 0) return rc;
    if (pool_is_inside(pool)) {
        return say(STINT_EBUSY, "a callback cannot wait for its own pool");
    }
    free_batch(it->spent);
    it->spent = NULL;
    it->fault.code = 0;
    fill(it);
    if (it->out == 0) return finish(it);
    pool_lock(pool);
    while ((b = turn(it)) == NULL && in_time)
        in_time = pool_wait(pool, &it->changed, until);
    pool_unlock(pool);
    if (b != NULL) return give(it, b, result, index);
    return say(STINT_ETIMEOUT, "the next result has not come after %lld ms",
        (long long)timeout_ms);
}

int
stint_imap_failure(struct stint_imap *it, struct stint_failure *out)
{
    *out = (struct stint_failure){ .code = 0 };
    if (it->fault.code == 0) {
        return say(STINT_EINVAL, "the last result was no failure");
    }
    *out = chunk_failure(&it->fault);
    return 0;
}

/* ---- beginning ----------------------------------------------------------- */

static int
check(struct stint_pool *pool, const char *function,
    const struct stint_imap_options *o)
{
    if (o->chunk > CHUNK_MAX) {
        return say(STINT_EINVAL,
            "a chunk of %zu items: an imap takes at most %d", o->chunk,
            CHUNK_MAX);
    }
    int rc = pool_check_function(pool, function);
    if (rc != 0) return rc;
    pool_lock(pool);
    rc = pool_obstacle(pool, false);
    pool_unlock(pool);
    return rc;
}

int
stint_pool_imap(struct stint_pool *pool, const char *function,
    int (*next)(void *arg, struct stint_bytes *item), void *arg,
    const struct stint_imap_options *options, struct stint_imap **out)
{
    static const struct stint_imap_options none = { .chunk = 0 };
    const struct stint_imap_options *o = options != NULL ? options : &none;

    *out = NULL;
    int rc = check(pool, function, o);
    if (rc != 0) return rc;
    struct stint_imap *it = calloc(1, sizeof *it);
    if (it == NULL || pool_init_cond(&it->changed) != 0) {
        free(it);
        return say(STINT_ENOMEM, "no memory for an imap");
    }
    it->pool = pool;
    it->next = next;
    it->arg = arg;
    memcpy(it->function, function, strlen(function) + 1);
    it->chunk = pool_chunk(pool, o->chunk != 0 ? o->chunk : 1, 1);
    it->window = o->window != 0
                     ? o->window
                     : (size_t)WINDOW * stint_pool_processes(pool) * it->chunk;
    if (it->chunk > it->window) it->chunk = it->window;
    it->unordered = o->unordered;
    it->input = 1;
    list_init(&it->batches);
    list_init(&it->ended);
    *out = it;
    return 0;
}
