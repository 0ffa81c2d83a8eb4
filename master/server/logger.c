#include "master/server/logger.h"

#include <stdarg.h>
#include <stdio.h>

void
logger_say(const struct logger *l, int level, const char *format, ...)
{
    char line[1024];
    va_list args;

    if (l->write == NULL) return;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    l->write(l->arg, level, line);
}
