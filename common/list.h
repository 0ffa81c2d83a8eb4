/**
 * list.h - intrusive doubly linked list.                      [layer: common]
 *
 * Nodes live inside the caller's structs: nothing allocates, nothing fails.
 * The list's head is a node of the ring, so that removing needs no head.
 * A node in no list points at itself.  Not thread-safe.
 */
#ifndef LIST_H
#define LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

/** Make `l` an empty list, or a node that is in none. */
static inline void
list_init(struct list *l)
{
    l->next = l->prev = l;
}

static inline bool
list_is_empty(const struct list *l)
{
    return l->next == l;
}

/** Add `node` at the end of the list `head`. */
static inline void
list_push(struct list *head, struct list *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

/** Add `node` at the start of the list `head`. */
static inline void
list_push_front(struct list *head, struct list *node)
{
    list_push(head->next, node);
}

/** Take `node` out of whichever list it is in; harmless if in none. */
static inline void
list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->next = node->prev = node;
}

/** The first node, still in the list; NULL when empty. */
static inline struct list *
list_first(const struct list *head)
{
    return head->next == head ? NULL : head->next;
}

/** The last node, still in the list; NULL when empty. */
static inline struct list *
list_last(const struct list *head)
{
    return head->prev == head ? NULL : head->prev;
}

/** Take out and return the first node; NULL when empty. */
static inline struct list *
list_pop(struct list *head)
{
    struct list *first = list_first(head);

    if (first != NULL) list_remove(first);
    return first;
}

/** Move all nodes of `from` to the end of `to`. */
static inline void
list_splice(struct list *to, struct list *from)
{
    if (list_is_empty(from)) return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

/* Every node in turn; `node` itself may be removed meanwhile. */
#define LIST_FOREACH(node, after, head)                         \
    for (struct list *node = (head)->next, *after = node->next; \
         node != (head); node = after, after = after->next)

#endif
