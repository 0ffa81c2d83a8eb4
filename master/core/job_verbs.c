/* The verbs of a job that is there. */
#include "common/stint_error.h"
#include "master/core/jobs.h"
#include "master/core/lane.h"
#include "master/core/reply.h"
#include "master/core/verbs.h"

void
job_verbs_close(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_job_close *c = &m->as.job_close;
    struct job *job = jobs_of_request(core, s, c->job, c->request);

    (void)now;
    if (job == NULL) return;
    jobs_close(core, job);
    reply_ok(core, s, c->request, job->queue->accepted);
}

void
job_verbs_change(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_job_change *c = &m->as.job_change;
    struct job *job = jobs_of_request(core, s, c->job, c->request);
    uint32_t max = 0;

    (void)now;
    if (job == NULL) return;
    max = (c->set & 1) != 0 ? (uint32_t)c->running_max : job->running_max;
    int32_t priority = (c->set & 2) != 0 ? (int32_t)c->priority : job->priority;
    if (!lane_change(core, job, max, priority)) {
        reply_error(core, s, c->request, STINT_ENOMEM, NULL);
        return;
    }
    journal_job(core, job);
    reply_ok(core, s, c->request, 0);
}

/* Asked again after a restart it may be gone already (I6). */
void
job_verbs_forget(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_job_forget *f = &m->as.job_forget;

    (void)now;
    if (jobs_find(core, f->job) == NULL && f->job <= core->jobs.last) {
        reply_ok(core, s, f->request, 0);
        return;
    }
    struct job *job = jobs_of_request(core, s, f->job, f->request);
    if (job == NULL) return;
    if (job->ended == 0) {
        reply_error(core, s, f->request, STINT_EBUSY,
            "the job has not ended: cancel it first");
        return;
    }
    jobs_forget(core, job);
    reply_ok(core, s, f->request, 0);
}

/* Lends from `files`. */
static struct proto_list
write_inputs(struct buf *files, const struct job *job)
{
    struct proto_list list = { .count = 0 };

    for (const struct file *f = files_next_input(job, NULL); f != NULL;
         f = files_next_input(job, f)) {
        struct rec_file_row row = files_row(f);
        codec_record(files, RECORD_file_row, &row);
        list.count += 1;
    }
    list.bytes = (struct slice){ files->bytes, files->length };
    return list;
}

void
job_verbs_what(
    struct core *core, tick_ns now, struct session *s, const struct msg *m)
{
    const struct msg_job_what *w = &m->as.job_what;
    struct job *job = jobs_find(core, w->job);

    (void)now;
    if (job == NULL) {
        reply_error(core, s, w->request, STINT_ENOJOB, NULL);
        return;
    }
    if (!jobs_may(s, job) && (s->key->role & ROLE_WORK) == 0) {
        reply_error(core, s, w->request, STINT_EROLE, NULL);
        return;
    }
    struct buf files;
    buf_init(&files);
    struct proto_list list = write_inputs(&files, job);
    if (files.failed) {
        reply_broken(core, s);
    } else {
        reply(core, s,
            &(struct msg){
                .type = MSG_job_runs,
                .as.job_runs = {
                    .request = w->request,
                    .program = job->program,
                    .handler = slice_of(job->handler),
                    .command = job->command,
                    .timeout_ns = (uint64_t)job->timeout,
                    .name = slice_of(job->name),
                    .files = list,
                },
            });
    }
    buf_fini(&files);
}
