/**
 * folder.h - the names in a directory, and which of them a power cut leaves.
 *                                                                      [tests]
 *
 * Names point at files that somebody else owns.  What was done since the last
 * sync is a list; a power cut does each of it or not, independently, but that
 * what is done with a name builds upon what was done with it before: a file
 * that was made and renamed is there under one name or under the other or not
 * at all, never under both.
 *
 * Memory that is not there is a CHECK.  Pure; not thread-safe.
 */
#ifndef FOLDER_H
#define FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/disk/luck.h"
#include "tests/disk/platter.h"

enum { FOLDER_NAME = 40, FOLDER_FILES = 256 };

struct file {
    struct platter data;
    unsigned handles; /* That are open. */
};

struct folder_entry {
    char name[FOLDER_NAME];
    struct file *file;
};

struct folder_names {
    struct folder_entry entries[FOLDER_FILES];
    size_t count;
};

struct folder_step {
    char from[FOLDER_NAME]; /* "": it was made. */
    char to[FOLDER_NAME];   /* "": it was removed. */
    struct file *file;
};

struct folder {
    struct folder_names seen, kept;
    struct folder_step steps[FOLDER_FILES]; /* Since the last sync. */
    size_t count;
};

/** NULL: there is none. */
struct file *folder_find(const struct folder *d, const char *name);

/** Each of these takes effect for readers at once.  `from` must be there; what
 * `to` was is replaced. */
void folder_make(struct folder *d, const char *name, struct file *file);
void folder_rename(struct folder *d, const char *from, const char *to);
void folder_remove(struct folder *d, const char *name);

/** All is kept. */
void folder_sync(struct folder *d);

/** The power is cut: what is kept is all there is. */
void folder_cut_power(struct folder *d, struct luck *luck);

/** A name, or a power cut, can still lead to the file. */
bool folder_needs(const struct folder *d, const struct file *file);

#endif
