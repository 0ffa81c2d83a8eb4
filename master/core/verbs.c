#include "master/core/verbs.h"

#include "common/base.h"
#include "common/stint_error.h"
#include "master/core/reply.h"

verb_fn *
verbs_find(enum msg_type type)
{
    static const struct {
        enum msg_type type;
        verb_fn *verb;
    } verbs[] = {
        { MSG_put, put_tasks },
        { MSG_get, get_tasks },
        { MSG_done, finish_done },
        { MSG_renew, finish_renew },
        { MSG_fail, finish_fail },
        { MSG_release, finish_release },
        { MSG_get_cancel, get_cancel },
        { MSG_ping, greet_ping },
        { MSG_declare, queues_declare },
        { MSG_join, queues_join },
        { MSG_shutdown, queues_shutdown },
        { MSG_cancel, finish_cancel },
        { MSG_status, look_status },
        { MSG_list, look_list },
        { MSG_key_add, admin_key_add },
        { MSG_key_revoke, admin_key_revoke },
        { MSG_drain, admin_drain },
        { MSG_pause, admin_pause },
        { MSG_stop, admin_stop },
        { MSG_file_put, filing_put },
        { MSG_file_get, filing_get },
        { MSG_file_list, filing_list },
        { MSG_progress, show_progress },
        { MSG_shown, show_shown },
        { MSG_peek, peek_task },
        { MSG_explain, explain },
        { MSG_bye, greet_bye },
        { MSG_sync, sync_verb },
        { MSG_share, share_ops },
        { MSG_watch, watch_object },
        { MSG_pipe, pipe_end_verb },
        { MSG_pipe_send, pipe_flow_send },
        { MSG_pipe_recv, pipe_flow_receive },
        { MSG_object_open, objects_open },
        { MSG_object_delete, objects_delete },
        { MSG_schedule_set, schedule_verbs_set },
        { MSG_schedule_remove, schedule_verbs_remove },
        { MSG_job_open, job_open },
        { MSG_end_tasks, end_tasks },
        { MSG_job_close, job_verbs_close },
        { MSG_job_ends, job_read },
        { MSG_job_what, job_verbs_what },
        { MSG_job_change, job_verbs_change },
        { MSG_job_forget, job_verbs_forget },
    };

    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (verbs[i].type == type) return verbs[i].verb;
    }
    return NULL;
}

/* Every request starts with its number: messages.def keeps it the first field,
 * and C gives all members of a union that share a first field the same view. */
static uint64_t
request_of(const struct msg *m)
{
    return m->as.bye.request;
}

void
verbs_refuse(struct core *core, struct session *s, const struct msg *m)
{
    static const char text[] =
        "this key's role does not allow that: use a key with another role";

    core->refused += 1;
    if (m->type == MSG_ping || m->type == MSG_progress
        || m->type == MSG_shown) {
        return;
    }
    if (m->type == MSG_get) {
        reply_get_end(core, s, request_of(m), STINT_EROLE);
        return;
    }
    reply(core, s,
        &(struct msg){
            .type = MSG_error,
            .as.error = {
                .request = request_of(m),
                .code = STINT_EROLE,
                .text = slice_of(text),
                .count = m->type == MSG_put ? m->as.put.payloads.count : 0,
            },
        });
}

bool
verbs_may(const struct session *s, const struct msg *m)
{
    /* Looking at keys is the admins'. */
    if (m->type == MSG_list && m->as.list.what == 3) {
        return (s->key->role & ROLE_ADMIN) != 0;
    }
    return (codec_roles(m->type) & s->key->role) != 0;
}
