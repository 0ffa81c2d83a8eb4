/**
 * whole.h - reading and writing all of something.               [layer: sys]
 */
#ifndef WHOLE_H
#define WHOLE_H

#include <stddef.h>
#include <sys/types.h>

/** Write all `size` bytes to a file or blocking descriptor.  Returns 0 or an
 * errno; some may have been written then. */
int whole_write(int fd, const void *bytes, size_t size);

/** Read until `size` bytes are there, or the end.  Returns how many; -1 and
 * errno on an error. */
ssize_t whole_read(int fd, void *bytes, size_t size);

#endif
