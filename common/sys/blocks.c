#include "common/sys/blocks.h"

#include <malloc.h>

/* The largest that glibc takes. */
enum { KEEP_BYTES = 32 << 20, TRIM_BYTES = 256 << 20 };

void
blocks_keep(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, KEEP_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, TRIM_BYTES);
}
