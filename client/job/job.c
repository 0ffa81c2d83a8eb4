#include "client/job/job.h"

#include <stdlib.h>

#include "common/sys/say.h"

struct stint_job *
job_new(struct stint *s, struct slice queue, uint64_t number, uint64_t window)
{
    struct stint_job *job = calloc(1, sizeof(*job));

    if (job == NULL) {
        (void)say(STINT_ENOMEM, "no memory for a job's handle");
        return NULL;
    }
    job->s = s;
    job->number = number;
    memcpy(job->queue, queue.bytes, queue.length);
    list_init(&job->puts.batches);
    job->puts.window = window;
    inside_hold(s);
    return job;
}

void
job_free(struct stint_job *job)
{
    free(job);
}

void
job_note(char text[INSIDE_TEXT], struct slice from)
{
    size_t length = from.length;

    if (length > INSIDE_TEXT - 1) length = INSIDE_TEXT - 1;
    if (length > 0) memcpy(text, from.bytes, length);
    text[length] = '\0';
}
