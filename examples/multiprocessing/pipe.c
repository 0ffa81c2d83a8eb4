/*
 * pipe.c - two ends, both ways and one way:
 *
 *     a, b = Pipe()                    # duplex
 *     p = Process(target=child, args=(b,))
 *     a.send('hello'); print(a.recv())
 *     reader, writer = Pipe(duplex=False)
 *
 * An end goes to another process as a ticket, a few bytes in any message.
 */
#include <stint_pipe.h>
#include <stint_value.h>

#include "tutorial.h"

static struct stint_bytes for_child[2];

static int
child(void *arg)
{
    struct stint *s = manager_connect();
    struct stint_pipe *talk, *writer;
    struct stint_bytes message;

    (void)arg;
    check(stint_pipe_accept(s, for_child[0].data, for_child[0].size, &talk));
    check(stint_pipe_accept(s, for_child[1].data, for_child[1].size, &writer));
    check(stint_pipe_recv(talk, &message, STINT_FOREVER));
    printf("child got: %.*s\n", (int)message.size, (const char *)message.data);
    fflush(stdout);
    check(stint_pipe_send(talk, "hello, parent", 13, STINT_FOREVER));

    for (int i = 0; i < 3; i++) {
        char text[16];
        int length = snprintf(text, sizeof text, "line %d", i);
        check(stint_pipe_send(writer, text, (size_t)length, STINT_FOREVER));
    }
    stint_pipe_close(talk);
    stint_pipe_close(writer);
    return stint_close(s) == 0 ? 0 : 1;
}

int
main(void)
{
    struct stint_pipe_options one_way = { .one_way = true };
    struct stint_pipe *talk, *theirs, *reader, *writer;
    struct stint_bytes message;
    int rc;

    manager_start();
    struct stint *s = manager_connect();
    check(stint_pipe_new(s, NULL, &talk, &theirs));
    check(stint_pipe_new(s, &one_way, &reader, &writer));
    check(stint_pipe_pass(theirs, &for_child[0]));
    check(stint_pipe_pass(writer, &for_child[1]));
    struct stint_process *p = start("child", child, NULL);

    check(stint_pipe_send(talk, "hello, child", 12, STINT_FOREVER));
    check(stint_pipe_recv(talk, &message, STINT_FOREVER));
    printf("parent got: %.*s\n", (int)message.size, (const char *)message.data);
    while ((rc = stint_pipe_recv(reader, &message, STINT_FOREVER)) == 0)
        printf("parent read: %.*s\n", (int)message.size,
            (const char *)message.data);
    printf("and then: %s\n", stint_error_text(rc));
    if (stint_pipe_send(reader, "x", 1, 0) == STINT_EINVAL)
        printf("the reader's end only reads\n");

    join(p);
    stint_pipe_close(talk);
    stint_pipe_close(theirs);
    stint_pipe_close(reader);
    stint_pipe_close(writer);
    stint_bytes_free(&for_child[0]);
    stint_bytes_free(&for_child[1]);
    check(stint_close(s));
    stint_master_stop(manager);
    return 0;
}
