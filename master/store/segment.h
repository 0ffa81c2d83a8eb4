/**
 * segment.h - the files of a log: their names and how they begin.
 *                                                              [layer: store]
 *
 * A segment is named NNNNNNNN.log by its number, a file that waits to become
 * one spare-N.  Its header:
 *
 *     0  "stintlog"     8
 *     8  version        4
 *    12  checksum       4   CRC-32C of the other 60 bytes, in every version
 *    16  id             16  of the store, random
 *    32  number         4
 *    36  needed         4   segments below this one are needed no more
 *    40  size           8   blocks go no further
 *    48  first          8   number of its first block
 *    56  zeros          8
 *
 * Pure.
 */
#ifndef SEGMENT_H
#define SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

enum { SEGMENT_HEADER = 64, SEGMENT_ID = 16, SEGMENT_NAME = 24 };
enum { SEGMENT_VERSION = 1 };

struct segment_header {
    uint32_t version, number, needed;
    uint64_t size, first;
    uint8_t id[SEGMENT_ID];
};

void segment_encode(
    uint8_t out[SEGMENT_HEADER], const struct segment_header *h);

/** Returns 0, STINT_EDAMAGED, or STINT_EFORMAT (a whole header of another
 * version; `version` is set). */
int segment_decode(const uint8_t in[SEGMENT_HEADER], struct segment_header *h);

/** What the checksums of a store's blocks begin with. */
uint32_t segment_seed(const uint8_t id[SEGMENT_ID]);

void segment_name(char out[SEGMENT_NAME], uint32_t number);
void segment_spare_name(char out[SEGMENT_NAME], uint32_t number);

/** Whether it is such a name; then *number is set. */
bool segment_is_name(const char *name, uint32_t *number);
bool segment_is_spare_name(const char *name, uint32_t *number);

#endif
