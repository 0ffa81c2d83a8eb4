/**
 * gate.h - a disk that waits, fills up and fails when told.    [unit: server]
 *
 * The operating system's files in a directory of the test's, behind a gate:
 * while it is shut, syncs wait; while it is full, no file grows; while it has
 * an error, writes or syncs return it.
 */
#ifndef GATE_H
#define GATE_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base.h"
#include "master/store/disk.h"

struct gate {
    struct disk disk; /* What the store gets. */
    struct disk *real;
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool shut;                   /* Syncs wait. */
    bool full;                   /* No file grows. */
    int write_error, sync_error; /* 0, or -EIO, … */
    unsigned waiting;            /* Syncs that do. */
};

static inline struct gate *
gate_of(struct disk *disk)
{
    return CONTAINER_OF(disk, struct gate, disk);
}

static inline int
gate_open_file(
    struct disk *disk, const char *name, bool make, struct disk_file **out)
{
    struct disk *real = gate_of(disk)->real;

    return real->open(real, name, make, out);
}

static inline void
gate_close_file(struct disk *disk, struct disk_file *file)
{
    struct disk *real = gate_of(disk)->real;

    real->close(real, file);
}

static inline int64_t
gate_read(struct disk *disk, struct disk_file *file, uint64_t at, void *bytes,
    size_t length)
{
    struct disk *real = gate_of(disk)->real;

    return real->read(real, file, at, bytes, length);
}

static inline int
gate_write(struct disk *disk, struct disk_file *file, uint64_t at,
    const struct slice *parts, unsigned count)
{
    struct gate *g = gate_of(disk);

    uint64_t end = at;

    for (unsigned i = 0; i < count; i++)
        end += parts[i].length;
    bool grows = end > (uint64_t)g->real->size(g->real, file);
    (void)pthread_mutex_lock(&g->lock);
    int error = g->full && grows ? -ENOSPC : g->write_error;
    (void)pthread_mutex_unlock(&g->lock);
    return error != 0 ? error : g->real->write(g->real, file, at, parts, count);
}

static inline int
gate_sync(struct disk *disk, struct disk_file *file)
{
    struct gate *g = gate_of(disk);

    (void)pthread_mutex_lock(&g->lock);
    g->waiting++;
    while (g->shut)
        (void)pthread_cond_wait(&g->opened, &g->lock);
    g->waiting--;
    int error = g->sync_error;
    (void)pthread_mutex_unlock(&g->lock);
    return error != 0 ? error : g->real->sync(g->real, file);
}

static inline int64_t
gate_size(struct disk *disk, struct disk_file *file)
{
    struct disk *real = gate_of(disk)->real;

    return real->size(real, file);
}

static inline int
gate_rename(struct disk *disk, const char *from, const char *to)
{
    struct disk *real = gate_of(disk)->real;

    return real->rename(real, from, to);
}

static inline int
gate_remove(struct disk *disk, const char *name)
{
    struct disk *real = gate_of(disk)->real;

    return real->remove(real, name);
}

static inline int
gate_sync_dir(struct disk *disk)
{
    struct disk *real = gate_of(disk)->real;

    return real->sync_dir(real);
}

static inline int
gate_list(struct disk *disk, int (*see)(void *arg, const char *name), void *arg)
{
    struct disk *real = gate_of(disk)->real;

    return real->list(real, see, arg);
}

/* Returns whether there is such a directory. */
static inline bool
gate_init(struct gate *g, const char *path)
{
    *g = (struct gate){ .disk = { .open = gate_open_file,
                            .close = gate_close_file,
                            .read = gate_read,
                            .write = gate_write,
                            .sync = gate_sync,
                            .size = gate_size,
                            .rename = gate_rename,
                            .remove = gate_remove,
                            .sync_dir = gate_sync_dir,
                            .list = gate_list } };
    (void)pthread_mutex_init(&g->lock, NULL);
    (void)pthread_cond_init(&g->opened, NULL);
    if (disk_open(path, &g->real) != 0) return false;
    g->disk.path = g->real->path;
    return true;
}

static inline void
gate_fini(struct gate *g)
{
    disk_close(g->real);
    (void)pthread_cond_destroy(&g->opened);
    (void)pthread_mutex_destroy(&g->lock);
}

static inline void
gate_shut(struct gate *g, bool shut)
{
    (void)pthread_mutex_lock(&g->lock);
    g->shut = shut;
    (void)pthread_cond_broadcast(&g->opened);
    (void)pthread_mutex_unlock(&g->lock);
}

static inline void
gate_fill(struct gate *g, bool full)
{
    (void)pthread_mutex_lock(&g->lock);
    g->full = full;
    (void)pthread_mutex_unlock(&g->lock);
}

static inline void
gate_break(struct gate *g, int write_error, int sync_error)
{
    (void)pthread_mutex_lock(&g->lock);
    g->write_error = write_error;
    g->sync_error = sync_error;
    (void)pthread_mutex_unlock(&g->lock);
}

/* Whether somebody waits for it to open. */
static inline bool
gate_is_waited_for(struct gate *g)
{
    (void)pthread_mutex_lock(&g->lock);
    bool waited = g->waiting > 0;
    (void)pthread_mutex_unlock(&g->lock);
    return waited;
}

/* A new directory, whose name is lent until the next one. */
static inline const char *
gate_folder(void)
{
    static char path[64];

    (void)snprintf(path, sizeof path, "/tmp/stint-gate-XXXXXX");
    return mkdtemp(path);
}

static inline void
gate_remove_folder(const char *path)
{
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf '%s'", path);
    if (system(command) != 0) perror(path);
}

#endif
