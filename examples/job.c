/*
 * job.c - run a command for each line of the input, on all workers.
 *
 *   seq 1000 | job ./simulate --seed {}
 *
 * A job lives in the master: its workers (started with --allow-exec) run it
 * whether or not this program is there.  Results are printed in the order of
 * the lines; a task that failed is said with its exit code, and the exit code
 * is 1 if any did.  Master and key come from the environment or this host's
 * access file.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stint_job.h>

enum { WINDOW = 1000 };

static int
complain(const char *what)
{
    fprintf(stderr, "job: %s: %s\n", what, stint_error_message());
    return 1;
}

/* Not further ahead of the workers than the window is wide. */
static void *
put_lines(void *arg)
{
    struct stint_job *job = arg;
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    int code = 0;

    while (code == 0 && (length = getline(&line, &room, stdin)) > 0) {
        if (line[length - 1] == '\n') length--;
        code = stint_job_put(job, line, (size_t)length, STINT_FOREVER);
    }
    free(line);
    if (code == 0) code = stint_job_close_input(job, STINT_FOREVER);
    if (code != 0) complain("put");
    return NULL;
}

static void
print_end(const struct stint_end *end)
{
    fwrite(end->out.data, 1, end->out.size, stdout);
    fwrite(end->err.data, 1, end->err.size, stderr);
    if (end->code == 0) return;
    fprintf(stderr, "job: %.*s: %s\n", (int)end->value.size,
        (const char *)end->value.data,
        end->reason[0] != '\0' ? end->reason : stint_error_text(end->code));
}

/* 0 when all ended well. */
static int
print_ends(struct stint_job *job)
{
    struct stint_end end;
    int failed = 0, code;

    while ((code = stint_job_next(job, &end, STINT_FOREVER)) == 0) {
        print_end(&end);
        failed |= end.code != 0;
    }
    return code == STINT_EEMPTY ? failed : complain("read");
}

int
main(int argc, char **argv)
{
    struct stint_job_options options = {
        .name = argv[0], .program = STINT_PROGRAM_COMMAND, .window = WINDOW
    };
    struct stint *s;
    struct stint_job *job;
    pthread_t putter;

    if (argc < 2) {
        fprintf(stderr, "usage: job COMMAND [WORD...]  ({}: the line)\n");
        return 64;
    }
    options.command.argv = (const char *const *)(argv + 1);
    if (stint_connect(NULL, &s) != 0) return complain("connect");
    if (stint_job_open(s, &options, &job) != 0) return complain("open");
    if (pthread_create(&putter, NULL, put_lines, job) != 0) return 1;
    int failed = print_ends(job);
    pthread_join(putter, NULL);
    stint_job_free(job);
    if (stint_close(s) != 0) return complain("close");
    return failed;
}
