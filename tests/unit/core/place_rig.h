/**
 * place_rig.h - workers that have something, jobs that need it.       [tests]
 */
#ifndef PLACE_RIG_H
#define PLACE_RIG_H

#include <stdio.h>

#include "tests/unit/core/rig.h"

/* Traits as words: "exec", "zone=eu", "gpus*2". */
static inline struct proto_list
place_traits(struct buf *b, const char *words)
{
    struct proto_list list = { .count = 0 };
    char copy[256], *rest = copy;

    buf_init(b);
    (void)snprintf(copy, sizeof copy, "%s", words);
    for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
        struct rec_trait t = { .count = 0 };
        char *mark = strpbrk(word, "=*");
        if (mark != NULL && *mark == '=') t.value = slice_of(mark + 1);
        if (mark != NULL && *mark == '*') {
            t.count = strtoull(mark + 1, NULL, 10);
        }
        if (mark != NULL) *mark = '\0';
        t.name = slice_of(word);
        codec_record(b, RECORD_trait, &t);
        list.count += 1;
    }
    list.bytes = (struct slice){ b->bytes, b->length };
    return list;
}

/* Say hello as a worker of so many slots that has this. */
static inline void
place_hello(struct rig_peer *p, uint64_t slots, const char *traits)
{
    struct msg m = { .type = MSG_hello };
    struct buf b;

    if (p->conn == 0) p->conn = ++p->rig->conns;
    m.as.hello.version = PROTO_VERSION;
    m.as.hello.session = (struct slice){ p->session, PROTO_SESSION_BYTES };
    m.as.hello.name = slice_of("peer");
    m.as.hello.kind = 1;
    m.as.hello.slots = slots;
    m.as.hello.traits = place_traits(&b, traits);
    rig_bare(p, &m);
    buf_fini(&b);
    rig_turn(p->rig);
}

static inline struct rig_peer *
place_worker(
    struct rig *rig, const char *key, uint64_t slots, const char *traits)
{
    struct rig_peer *p = rig_stranger(rig, key, ROLE_WORK);

    place_hello(p, slots, traits);
    assert_int_equal(p->inbox[0].type, MSG_welcome);
    return p;
}

/* Open a job on `jobs` whose options are in `open`; its number, if told. */
static inline uint64_t
place_open(struct rig_peer *p, struct msg_job_open open, const char *needs)
{
    struct msg m = { .type = MSG_job_open, .as.job_open = open };
    struct buf b;

    m.as.job_open.queue = slice_of("jobs");
    m.as.job_open.needs = place_traits(&b, needs);
    (void)rig_say(p, m);
    buf_fini(&b);
    rig_turn(p->rig);
    const struct msg *is = rig_find(p, MSG_job_is, p->last);
    return is != NULL ? is->as.job_is.job : 0; /* Yet to be committed. */
}

static inline uint64_t
place_job(struct rig_peer *p, const char *needs)
{
    return place_open(p, (struct msg_job_open){ .priority = 0 }, needs);
}

/* Put so many tasks to the job. */
static inline void
place_put(struct rig_peer *p, uint64_t job, unsigned count)
{
    struct msg_put put = { .queue = slice_of("jobs"), .job = job };
    const char *payload = "x";

    for (unsigned i = 0; i < count; i++)
        (void)rig_put_as(p, put, 1, &payload);
    rig_turn(p->rig);
}

/* Ask `jobs` for tasks, and wait. */
static inline uint64_t
place_get(struct rig_peer *p, uint64_t tasks)
{
    struct msg_get get = {
        .tasks = tasks, .keep = 1, .wait_ns = (uint64_t)(1000 * TICK_S)
    };
    const char *queue = "jobs";
    uint64_t request = rig_get_from(p, get, 1, &queue);

    rig_turn(p->rig);
    return request;
}

/* How many tasks came for a get so far. */
static inline unsigned
place_got(const struct rig_peer *p, uint64_t request)
{
    struct rig_task tasks[256];

    return rig_tasks(p, request, tasks, 256);
}

/* The tasks of a get are done, from the one at `from` on. */
static inline void
place_done(struct rig_peer *p, uint64_t request, unsigned from, unsigned count)
{
    struct rig_task tasks[256];
    unsigned got = rig_tasks(p, request, tasks, 256);

    assert_true(from + count <= got);
    for (unsigned i = from; i < from + count; i++) {
        uint64_t done = rig_done(p, &tasks[i], "");
        rig_turn(p->rig);
        assert_int_equal(rig_outcome(p, done), 0);
    }
}

static inline int64_t
place_pause(struct rig_peer *p, const char *queue, uint64_t job, bool undo)
{
    struct msg m = { .type = MSG_pause };

    m.as.pause.queue = slice_of(queue);
    m.as.pause.job = job;
    m.as.pause.undo = undo;
    uint64_t request = rig_say(p, m);
    rig_turn(p->rig);
    return rig_code(p, request);
}

#endif
