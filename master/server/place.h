/**
 * place.h - the directories of a master, for who is none.     [layer: server]
 */
#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "master/store/disk.h"

enum { PLACE_ROOM = 4096 + 64 };

/** "DIR/leaf".  Returns 0, or STINT_EINVAL when it is too long (said). */
int place_path(char out[PLACE_ROOM], const char *dir, const char *leaf);

/** Open DIR/store, which must be there, to look into it.  Gives *out,
 * disk_close() it. Returns 0, STINT_EINVAL (there is none), STINT_ESYSTEM; a
 * sentence is said.
 */
int place_open(const char *dir, struct disk **out);

/** Make `path`, an empty directory with mode 0700, and open it; what was there
 * before is removed. Returns 0 or STINT_ESYSTEM; a sentence is said. */
int place_make(const char *path, struct disk **out);

/** Whether a master has the store in DIR open now. */
bool place_in_use(const char *dir);

/** Whether the master that runs in DIR leaves the store there alone: it keeps
 * tasks in memory only. */
bool place_is_in_memory(const char *dir);

/** Whether there is nothing in `path`, or only the file `but` (may be NULL);
 * also when it is not there. */
bool place_is_empty(const char *path, const char *but);

/** Remove a directory and all files in it, and one level of directories below
 * it with their files.  As far as it can. */
void place_remove(const char *path);

/** Put the directory `from` in the place of `to`, which is empty or not there,
 * so that it is there after a power cut.  Returns 0 or STINT_ESYSTEM; a
 * sentence is said. */
int place_move(const char *from, const char *to);

#endif
