#include "common/sys/say.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char sentence[1024];

int
say(int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return code;
}

const char *
say_message(void)
{
    return sentence;
}
