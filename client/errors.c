/* What stint.h says of errors.                               [layer: client] */
#include <stdio.h>

#include "client/stint.h"
#include "common/error.h"
#include "common/sys/say.h"

#define NAME_OF(name, number, retry, text) \
    case number:                           \
        return "STINT_" #name;

const char *
stint_error_name(int code)
{
    switch (code) {
        STINT_ERRORS(NAME_OF)
    case 0:
        return "STINT_OK";
    default:
        return "STINT_EUNKNOWN";
    }
}

const char *
stint_error_text(int code)
{
    return error_text(code);
}

bool
stint_error_can_retry(int code)
{
    return error_can_retry(code);
}

const char *
stint_error_message(void)
{
    return say_message();
}

const char *
stint_version(void)
{
    return STINT_VERSION;
}
