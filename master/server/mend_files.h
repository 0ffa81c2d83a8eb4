/**
 * mend_files.h - what is left of files of jobs.               [layer: server]
 *
 * Pieces of a file come in the order of their rows.  Where one is missing what
 * came behind it is of no use, and is left out: the file is not whole then, and
 * nobody is given it.
 */
#ifndef MEND_FILES_H
#define MEND_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "proto/proto.h"

struct mend_file;

struct mend_files {
    struct mend_file *files; /* uthash */
};

void mend_files_fini(struct mend_files *m);

/** A row was seen; write to `ops` what is to go with it, and tell.  False: no
 * memory. */
bool mend_files_see(struct mend_files *m, uint64_t id,
    const struct rec_kept_file *row, struct buf *ops,
    void (*told)(void *arg, const char *what), void *arg);

#endif
