#include "master/core/wait.h"

#include <stdlib.h>

#include "common/base.h"
#include "common/check.h"
#include "common/stint_error.h"
#include "master/core/job.h"
#include "master/core/session.h"
#include "master/core/shared/object.h"

static bool
due_sooner(const struct heap_node *a, const struct heap_node *b)
{
    return CONTAINER_OF_CONST(a, struct wait, by_deadline)->deadline
           < CONTAINER_OF_CONST(b, struct wait, by_deadline)->deadline;
}

void
wait_book_init(struct wait_book *book, size_t bytes_max)
{
    heap_init(&book->by_deadline, due_sooner);
    book->count = 0;
    book->bytes = 0;
    book->bytes_max = bytes_max;
}

int
wait_check(const struct wait_book *book, const struct session *session,
    uint64_t wait_ns)
{
    if (session->waits_count >= SESSION_WAITS_MAX) return STINT_ELIMIT;
    return wait_ns > 0 && book->bytes >= book->bytes_max ? STINT_EBUDGET : 0;
}

static bool
is_for_object(const struct wait *w)
{
    return w->kind == WAIT_SYNC || w->kind == WAIT_WATCH || w->kind == WAIT_SEND
           || w->kind == WAIT_RECEIVE;
}

static size_t
size_of(uint32_t links)
{
    return sizeof(struct wait) + links * sizeof(struct wait_link);
}

/* With what it owns besides. */
static size_t
memory_of(const struct wait *w)
{
    size_t key = w->kind == WAIT_WATCH ? w->as.watch.key_length : 0;

    return size_of(w->links_count) + key;
}

struct wait *
wait_new(enum wait_kind kind, uint32_t links)
{
    struct wait *w = calloc(1, size_of(links));

    if (w == NULL) return NULL;
    w->kind = kind;
    w->links_count = links;
    if (kind == WAIT_PUT) list_init(&w->as.put.tasks);
    if (is_for_object(w)) list_init(&w->as.object.node);
    if (kind == WAIT_SEND) list_init(&w->as.send.messages);
    list_init(&w->of_session);
    for (uint32_t i = 0; i < links; i++)
        list_init(&w->links[i].node);
    return w;
}

void
wait_begin(struct wait_book *book, struct wait *w, struct session *session,
    uint64_t request, tick_ns deadline)
{
    w->session = session;
    w->request = request;
    w->deadline = deadline;
    heap_add(&book->by_deadline, &w->by_deadline);
    list_push(&session->waits, &w->of_session);
    session->waits_count += 1;
    book->count += 1;
    book->bytes += memory_of(w);
}

void
wait_line_up(struct wait *w, uint32_t index, struct queue *queue)
{
    struct wait_link *link = &w->links[index];

    link->wait = w;
    link->queue = queue;
    switch (w->kind) {
    case WAIT_GET:
        list_push(&queue->getters, &link->node);
        queue->getters_count += 1;
        break;
    case WAIT_PUT:
        list_push(&queue->putters, &link->node);
        queue->putters_count += 1;
        break;
    case WAIT_JOIN:
        list_push(&queue->joiners, &link->node);
        break;
    case WAIT_ENDS:
        list_push(&queue->job->readers, &link->node);
        break;
    case WAIT_SWEEP: /* In no line of a queue. */
        break;
    case WAIT_PEEK:
    case WAIT_SYNC:
    case WAIT_WATCH:
    case WAIT_SEND:
    case WAIT_RECEIVE:
        break;
    }
}

static void
step_out(struct wait *w)
{
    struct wait_object *at = &w->as.object;

    if (at->object == NULL) return;
    list_remove(&at->node);
    at->object->waiting -= 1;
    at->object = NULL;
}

void
wait_stand(struct wait *w, struct object *object, struct list *line)
{
    step_out(w);
    w->as.object.object = object;
    list_push(line, &w->as.object.node);
    object->waiting += 1;
}

void
wait_until(struct wait_book *book, struct wait *w, tick_ns deadline)
{
    heap_remove(&book->by_deadline, &w->by_deadline);
    w->deadline = deadline;
    heap_add(&book->by_deadline, &w->by_deadline);
}

void
wait_end(struct wait_book *book, struct wait *w)
{
    for (uint32_t i = 0; i < w->links_count; i++) {
        struct wait_link *link = &w->links[i];
        list_remove(&link->node);
        if (link->queue == NULL) continue;
        if (w->kind == WAIT_GET) link->queue->getters_count -= 1;
        if (w->kind == WAIT_PUT) link->queue->putters_count -= 1;
    }
    CHECK(w->kind != WAIT_PUT || list_is_empty(&w->as.put.tasks));
    CHECK(w->kind != WAIT_SYNC || w->as.sync.hold == NULL);
    CHECK(w->kind != WAIT_SEND || list_is_empty(&w->as.send.messages));
    if (is_for_object(w)) step_out(w);
    heap_remove(&book->by_deadline, &w->by_deadline);
    list_remove(&w->of_session);
    w->session->waits_count -= 1;
    book->count -= 1;
    book->bytes -= memory_of(w);
    if (w->kind == WAIT_WATCH) free(w->as.watch.key);
    free(w);
}

struct wait *
wait_peek_due(const struct wait_book *book, tick_ns now)
{
    struct heap_node *first = heap_peek(&book->by_deadline);

    if (first == NULL) return NULL;
    struct wait *w = CONTAINER_OF(first, struct wait, by_deadline);
    return now >= w->deadline ? w : NULL;
}

tick_ns
wait_next_deadline(const struct wait_book *book)
{
    const struct heap_node *first = heap_peek(&book->by_deadline);

    if (first == NULL) return TICK_NEVER;
    return CONTAINER_OF_CONST(first, struct wait, by_deadline)->deadline;
}
