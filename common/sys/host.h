/**
 * host.h - what this machine is and has.                        [layer: sys]
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Its name, as hostname(1) says it; "localhost" if it has none. */
void host_name(char out[256]);

/** Processors that this process may use; at least 1. */
unsigned host_cores(void);

/** Bytes of memory that this process may use: what is built in, or less where
 * a container (cgroup v2) sets a limit.  0 if nobody knows. */
size_t host_memory(void);

/** Raise the limit of open files to the most that is allowed; returns it. */
size_t host_raise_files(void);

/** Raise it to `wanted`, or as near as is allowed, if it is lower; returns it.
 * Programs that we start inherit it, so it is raised no further. */
size_t host_allow_files(size_t wanted);

/** Whether it can open `count` files more, just now.  At most 64. */
bool host_can_open(unsigned count);

/** How many files this process has open; 0 if nobody knows. */
size_t host_open_files(void);

/** Which start of the host this is, another number for each; all zero if nobody
 * knows. */
void host_boot(uint8_t out[16]);

#endif
