/**
 * number.h - integers and doubles packed as msgpack.            [layer: core]
 *
 * What an add reads and writes, and what values of a type take.
 */
#ifndef NUMBER_H
#define NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/slice.h"

enum { NUMBER_BYTES = 9 };

struct number {
    bool is_double;
    int64_t whole;
    double real;
};

/** Read one that is all of `packed`.  Returns 0, STINT_ETYPE (it is no number),
 * or STINT_EOVERFLOW (more than 64 bits with a sign). */
int number_read(struct slice packed, struct number *out);

/** Pack it.  Lends the bytes of `out`. */
struct slice number_write(
    const struct number *n, uint8_t out[static NUMBER_BYTES]);

/** *n += by.  Returns 0; STINT_ETYPE when one is whole and the other is not;
 * STINT_EOVERFLOW; then nothing changed. */
int number_add(struct number *n, const struct number *by);

/** Whether both are the same number of the same type. */
bool number_equal(const struct number *a, const struct number *b);

#endif
