/**
 * blame_op.h - which key, place or value an operation failed for.
 *                                                             [layer: client]
 */
#ifndef BLAME_OP_H
#define BLAME_OP_H

#include "client/share/shared.h"

/** As those of blame.h: says it of one operation, and returns `code`. */
int blame_op(const struct named *n, const struct rec_op *op, int code);

#endif
