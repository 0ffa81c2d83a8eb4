/* round_trip TEXT - put TEXT, get it back, print it: a user's first program. */

#include <stdio.h>
#include <string.h>

#include <stint.h>

static int
fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, stint_error_message());
    return 1;
}

int
main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : "hello";
    struct stint *s;
    struct stint_queue *q;
    struct stint_bytes item;

    if (strcmp(stint_version(), STINT_VERSION) != 0) {
        fprintf(stderr, "stint.h and the library are not of one version\n");
        return 1;
    }
    if (stint_connect(NULL, &s) != 0) return fail("connect");
    if (stint_queue_open(s, text, NULL, &q) != 0) return fail("open");
    if (stint_queue_put(q, text, strlen(text), 5000) != 0) return fail("put");
    if (stint_queue_get(q, &item, 5000) != 0) return fail("get");
    printf("%.*s\n", (int)item.size, (const char *)item.data);
    return stint_close(s) == 0 ? 0 : fail("close");
}
