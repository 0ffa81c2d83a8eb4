/**
 * lock.h - one master for each directory.                    [layer: server]
 */
#ifndef LOCK_H
#define LOCK_H

/**
 * Lock the directory `dir` by its file `lock`, which gets our process number;
 * `what` it is, for people ("state directory").  The lock ends with the
 * descriptor, so with the process too.
 *
 * Returns: 0 with *fd (close it to unlock), or STINT_EBUSY (another master has
 *          it; the sentence names its process), STINT_ESYSTEM; a sentence is
 *          said.
 */
int lock_dir(const char *what, const char *dir, int *fd);

#endif
