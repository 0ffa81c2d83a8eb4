/**
 * dir.h - a directory that stays.                                [layer: sys]
 */
#ifndef SYS_DIR_H
#define SYS_DIR_H

/** Make a directory of mode 0700, if there is none, so that it is still there
 * after a power cut.  Returns 0 or a negative errno; blocks for the disk. */
int dir_make(const char *path);

#endif
