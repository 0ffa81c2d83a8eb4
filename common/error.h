/**
 * error.h - what to say of an error code.                     [layer: common]
 */
#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>

#include "common/stint_error.h"

/** "EFULL" for STINT_EFULL; "EUNKNOWN" for what is no code.  Lends for ever. */
const char *error_name(int code);

/** What happened, in a few words.  Lends for ever. */
const char *error_text(int code);

/** Whether the same call may succeed later without anybody changing it. */
bool error_can_retry(int code);

#endif
