/**
 * verbs.h - what each request does.                             [layer: core]
 *
 * One function for each message a client may send, of one shape; core.c has
 * checked that the session's key may send it.  Each decides first, evolves
 * second, and answers in every case.
 */
#ifndef VERBS_H
#define VERBS_H

#include "master/core/inside.h"

typedef void verb_fn(
    struct core *core, tick_ns now, struct session *s, const struct msg *m);

verb_fn put_tasks, get_tasks, get_cancel;
verb_fn finish_done, finish_fail, finish_release, finish_renew, finish_cancel;
verb_fn queues_declare, queues_join, queues_shutdown;
verb_fn look_status, look_list;
verb_fn admin_key_add, admin_key_revoke, admin_drain, admin_pause, admin_stop;
verb_fn filing_put, filing_get, filing_list;
verb_fn job_open, job_read, end_tasks;
verb_fn job_verbs_close, job_verbs_change, job_verbs_forget, job_verbs_what;
verb_fn show_progress, show_shown, peek_task, explain;
verb_fn objects_open, objects_delete, sync_verb, share_ops, watch_object;
verb_fn pipe_end_verb, pipe_flow_send, pipe_flow_receive;
verb_fn schedule_verbs_set, schedule_verbs_remove;
verb_fn greet_ping, greet_bye;

/** What does it; NULL: a client does not send this. */
verb_fn *verbs_find(enum msg_type type);

/** Whether the role of the session's key allows it. */
bool verbs_may(const struct session *s, const struct msg *m);

/** Answer that it does not. */
void verbs_refuse(struct core *core, struct session *s, const struct msg *m);

#endif
