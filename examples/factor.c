/*
 * factor.c - a plug-in for `stint worker`: prime factors of a number.
 *
 *   cc -shared -fPIC factor.c -o libfactor.so
 *   stint worker --plugin ./libfactor.so
 *
 * The payload is a number as text, the result its factors: "2 2 5 197".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stint.h>

/* Of 64 bits there are at most 63 factors, of two characters at the least. */
struct factors {
    char text[256];
    size_t length;
};

static void
append(struct factors *f, unsigned long long prime)
{
    int n = snprintf(f->text + f->length, sizeof f->text - f->length, "%s%llu",
        f->length > 0 ? " " : "", prime);
    f->length += (size_t)n;
}

static int
factor(struct stint_call *call)
{
    struct stint_bytes payload = stint_call_payload(call);
    struct factors f = { .length = 0 };
    char digits[24] = "", *end;

    if (payload.size >= sizeof digits)
        return stint_call_fail(call, "%zu bytes are no number", payload.size);
    memcpy(digits, payload.data, payload.size);
    errno = 0;
    unsigned long long n = strtoull(digits, &end, 10);
    if (errno != 0 || end == digits || *end != '\0' || n < 2)
        return stint_call_fail(call, "'%s' is no number from 2", digits);

    for (unsigned long long d = 2; d <= n / d; d += d == 2 ? 1 : 2)
        for (; n % d == 0; n /= d)
            append(&f, d);
    if (n > 1) append(&f, n);
    return stint_call_result(call, f.text, f.length);
}

const struct stint_handler stint_handlers[] = { { "factor", factor }, { 0 } };
