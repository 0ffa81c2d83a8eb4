/* round_trip TEXT - put TEXT, get it back, print it: a user's first program;
 * then the same as the only task of a job. */

#include <stdio.h>
#include <string.h>

#include <stint_job.h>

static int
fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, stint_error_message());
    return 1;
}

/* Put, run and read a job of one task. */
static int
run_job(struct stint *s, struct stint_queue *workers, const char *text)
{
    const struct stint_job_options options = { .queue = text };
    const struct stint_attempt how = { .code = 0 };
    struct stint_bytes none = { NULL, 0 };
    struct stint_job *job;
    struct stint_task *t;
    struct stint_end end;

    if (stint_job_open(s, &options, &job) != 0) return fail("job");
    if (stint_job_put(job, text, strlen(text), 5000) != 0) return fail("job");
    if (stint_job_close_input(job, 5000) != 0) return fail("close job");
    if (stint_queue_take(workers, NULL, &t, 5000) != 0) return fail("take");
    if (stint_task_post_done_with(t, &how, stint_task_payload(t), none) != 0)
        return fail("done");
    if (stint_job_next(job, &end, 5000) != 0) return fail("next");
    if (end.seq != 1 || end.out.size != strlen(text)) return 1;
    stint_job_free(job);
    return 0;
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
    if (run_job(s, q, text) != 0) return 1;
    return stint_close(s) == 0 ? 0 : fail("close");
}
