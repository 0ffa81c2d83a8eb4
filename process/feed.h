/**
 * feed.h - writing to a process that may not read.           [layer: process]
 */
#ifndef FEED_H
#define FEED_H

#include <stddef.h>
#include <sys/types.h>

/** write(2) without SIGPIPE: where nobody reads any more it is EPIPE and
 * nothing else, whatever the program around us does with signals. */
ssize_t feed_write(int fd, const void *bytes, size_t size);

#endif
