/**
 * text.h - is it fit for a terminal?                          [layer: common]
 *
 * Names and reasons come from peers and go to people.  Plain text is valid
 * UTF-8 without control characters (C0, DEL, C1) and without those that turn
 * the direction of writing, which can make a line read as another.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>

#include "common/slice.h"

/** Whether all of it is plain. */
bool text_is_plain(struct slice text);

/** Replace, in place, what is not plain: a control character by a blank, every
 * byte of the rest by '?'.  The length stays. */
void text_clean(uint8_t *bytes, size_t length);

#endif
