/**
 * crc.h - CRC-32C (Castagnoli), as iSCSI and SSE4.2 have it.   [layer: store]
 */
#ifndef CRC_H
#define CRC_H

#include <stddef.h>
#include <stdint.h>

/** The checksum of what has the checksum `crc` (0: nothing) and then these
 * bytes.  Any thread. */
uint32_t crc_more(uint32_t crc, const void *bytes, size_t length);

/** The same without the processor's instruction; for processors that have
 * none, and for the test that both agree. */
uint32_t crc_more_by_table(uint32_t crc, const void *bytes, size_t length);

#endif
