#include "master/server/mend_files.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/row.h"

enum { HASH_BYTES = 32 };

struct mend_file {
    uint64_t size, have;
    uint64_t attempt;
    uint8_t hash[HASH_BYTES];
    bool is_told; /* That a piece of it is lost. */
    size_t key_length;
    UT_hash_handle by_key;
    uint8_t key[]; /* Job, place, name. */
};

void
mend_files_fini(struct mend_files *m)
{
    while (m->files != NULL) {
        struct mend_file *f = m->files;
        HASH_DELETE(by_key, m->files, f);
        free(f);
    }
}

/* The file of a row; made, with nothing of it there, if it is not known. */
static struct mend_file *
file_of(struct mend_files *m, const struct rec_kept_file *row)
{
    const uint64_t whose[2] = { row->job, row->seq };
    size_t length = sizeof whose + row->name.length;
    struct mend_file *made = calloc(1, sizeof *made + length), *found;

    if (made == NULL) return NULL;
    memcpy(made->key, whose, sizeof whose);
    memcpy(made->key + sizeof whose, row->name.bytes, row->name.length);
    HASH_FIND(by_key, m->files, made->key, length, found);
    if (found != NULL) {
        free(made);
        return found;
    }
    made->size = row->size;
    made->attempt = row->attempt;
    memcpy(made->hash, row->hash.bytes, HASH_BYTES);
    made->key_length = length;
    HASH_ADD_KEYPTR(by_key, m->files, made->key, length, made);
    if (HASH_IS_IN(by_key, made)) return made;
    free(made);
    return NULL;
}

static bool
follows(const struct mend_file *f, const struct rec_kept_file *row)
{
    return row->from == f->have && row->size == f->size
           && row->attempt == f->attempt
           && memcmp(row->hash.bytes, f->hash, HASH_BYTES) == 0
           && row->from <= row->size
           && row->bytes.length <= row->size - row->from;
}

static void
tell(struct mend_file *f, const struct rec_kept_file *row,
    void (*told)(void *arg, const char *what), void *arg)
{
    char line[512];

    if (f->is_told || told == NULL) return;
    f->is_told = true;
    (void)snprintf(line, sizeof line,
        "job %" PRIu64
        ": a piece of the file \"%.*s\" is lost: it is not given "
        "to anybody",
        row->job, (int)(row->name.length < 256 ? row->name.length : 256),
        (const char *)row->name.bytes);
    told(arg, line);
}

bool
mend_files_see(struct mend_files *m, uint64_t id,
    const struct rec_kept_file *row, struct buf *ops,
    void (*told)(void *arg, const char *what), void *arg)
{
    struct mend_file *f = file_of(m, row);

    if (f == NULL) return false;
    if (follows(f, row)) {
        f->have += row->bytes.length;
    } else {
        row_delete(ops, ROW_file, id);
        tell(f, row, told, arg);
    }
    return true;
}
