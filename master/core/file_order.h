/**
 * file_order.h - the files of a job, as they came.             [layer: core]
 *
 * An array by serial.  A file that goes leaves a hole, and when holes are the
 * half the array is closed up: adding and removing cost O(1) by and by, finding
 * where a page goes on O(log n), whether or not the file that it ended with is
 * still there, and however many clients read in turns.
 */
#ifndef FILE_ORDER_H
#define FILE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;

struct file_slot {
    uint64_t serial;
    struct file *file; /* NULL: a hole. */
};

/* All zero is an empty one. */
struct file_order {
    struct file_slot *slots; /* Owned; by serial, ascending. */
    size_t count, capacity, holes;
};

void file_order_fini(struct file_order *o);

/** Room for one more.  Returns false, changing nothing, without memory. */
bool file_order_reserve(struct file_order *o);

/** `serial` is the highest so far; room was reserved. */
void file_order_add(struct file_order *o, uint64_t serial, struct file *f);

/** The file with this serial, which must be there, goes. */
void file_order_remove(struct file_order *o, uint64_t serial);

/** The first file behind `serial` (0: of all), or NULL. */
struct file *file_order_next(const struct file_order *o, uint64_t serial);

/** Bytes of memory. */
size_t file_order_memory(const struct file_order *o);

#endif
