#include "cli/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/exit.h"

static void *
need(void *memory)
{
    if (memory == NULL)
        exit_now(EXIT_AGAIN, "no memory is left; end other programs and try "
                             "again");
    return memory;
}

void *
mem_new(size_t count, size_t size)
{
    return need(calloc(count > 0 ? count : 1, size));
}

void *
mem_grow(void *old, size_t count, size_t size)
{
    return need(reallocarray(old, count, size));
}

char *
mem_copy(const char *text)
{
    return need(strdup(text));
}

char *
mem_format(const char *format, ...)
{
    char *text = NULL;
    va_list list;
    int n;

    va_start(list, format);
    n = vasprintf(&text, format, list);
    va_end(list);
    return need(n < 0 ? NULL : text);
}
