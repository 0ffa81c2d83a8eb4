/**
 * disk.h - files as a store needs them.                        [layer: store]
 *
 * A table of functions, so that the same store runs on the operating system's
 * files and on a disk of the tests that tears, loses, reorders, fills up and
 * fails.  Names are plain file names in one directory.
 *
 * What is written may be lost in a power cut until disk_file.sync() has
 * returned 0; that a file was made, renamed or removed, until sync_dir() has.
 * Every function returns 0 (or what is said) or a negative errno (-ENOSPC,
 * -EIO, …); none is interrupted (EINTR) or does half of what it was asked
 * (short writes are gone on with).
 */
#ifndef DISK_H
#define DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"

struct disk_file; /* What an implementation makes of it. */

struct disk {
    /** Open or make (`make`: it must not be there, -EEXIST) for reading and
     * writing.  Gives *out; -ENOENT when it is not there. */
    int (*open)(
        struct disk *disk, const char *name, bool make, struct disk_file **out);
    void (*close)(struct disk *disk, struct disk_file *file);

    /** Read up to `length` bytes at `at`; returns how many (fewer only at the
     * end of the file). */
    int64_t (*read)(struct disk *disk, struct disk_file *file, uint64_t at,
        void *bytes, size_t length);

    /** Write all parts at `at`, one behind the other. */
    int (*write)(struct disk *disk, struct disk_file *file, uint64_t at,
        const struct slice *parts, unsigned count);

    /** What was written is on the disk (fdatasync).  After an error nobody
     * knows what is: do not try again. */
    int (*sync)(struct disk *disk, struct disk_file *file);

    int64_t (*size)(struct disk *disk, struct disk_file *file);

    int (*rename)(struct disk *disk, const char *from, const char *to);
    int (*remove)(struct disk *disk, const char *name);
    int (*sync_dir)(struct disk *disk);

    /** Call `see` for each file, in any order, until it returns non-zero, which
     * is returned. */
    int (*list)(
        struct disk *disk, int (*see)(void *arg, const char *name), void *arg);

    /** Where it is, for people. */
    const char *path;
};

/** The operating system's files in the directory `path` (copied), which is made
 * with mode 0700 if need be.  Files have mode 0600 and are closed on exec.
 * Gives *out; returns 0 or a negative errno. */
int disk_open(const char *path, struct disk **out);

/** The same for who only looks: the directory must be there, and may be on a
 * file system that cannot be written to. */
int disk_open_to_look(const char *path, struct disk **out);

/** NULL is fine. */
void disk_close(struct disk *disk);

#endif
