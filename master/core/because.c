#include "master/core/because.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/codec.h"

void
because_init(struct because *b)
{
    buf_init(&b->rows);
    b->count = 0;
}

void
because(struct because *b, enum because_code code, const char *format, ...)
{
    enum { TEXT_MAX = 1024 };
    char text[TEXT_MAX + 1];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    codec_record(&b->rows, RECORD_because,
        &(struct rec_because){ code, { (uint8_t *)text, strlen(text) } });
    b->count += 1;
}
