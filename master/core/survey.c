#include "master/core/survey.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base.h"
#include "master/core/place.h"
#include "master/core/words.h"

/* The live sessions that asked the queue for tasks. */
struct survey {
    uint64_t all;
    uint64_t open;   /* Not draining. */
    uint64_t suited; /* Of them those that have what is needed; */
    uint64_t drained_suited;
    uint64_t able;        /* and have it free. */
    uint64_t slots, held; /* Of the suited. */
};

static bool
asked(const struct session *s, const struct queue *q)
{
    if (s->state != SESSION_LIVE || s->restored || s->leaving) return false;
    for (uint32_t i = 0; i < s->serves_count; i++) {
        if (s->serves[i] == q->index) return true;
    }
    return false;
}

static bool
is_drained(const struct core *core, const struct session *s)
{
    return s->draining || (core->drains_all && s->kind == 1);
}

static void
add(struct survey *v, const struct core *core, const struct session *s,
    const struct job *job)
{
    bool drained = is_drained(core, s);
    bool suited = job == NULL || place_suits(s, job);

    v->all += 1;
    if (!drained) v->open += 1;
    if (!suited) return;
    if (drained) {
        v->drained_suited += 1;
        return;
    }
    v->suited += 1;
    v->slots += s->slots;
    v->held += s->leased;
    if (job == NULL || place_may(s, job)) v->able += 1;
}

static const char *
plural(uint64_t n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}

/* ---- what is lacking ----------------------------------------------------- */

/* Of those who are open: how many have it, and the most that one has. */
struct supply {
    uint64_t have, most, sum, used;
};

static struct supply
supply_of(
    const struct core *core, const struct queue *q, const struct trait *need)
{
    struct supply supply = { .have = 0 };
    struct trait copy = *need;
    const struct needs one = { .traits = &copy, .count = 1 };

    for (const struct session *s = core->by_id; s != NULL; s = s->by_id.next) {
        if (!asked(s, q) || is_drained(core, s)) continue;
        if (needs_lack(&one, &s->traits, false) == NULL) supply.have += 1;
        for (uint32_t i = 0; i < s->traits.count; i++) {
            const struct trait *t = &s->traits.traits[i];
            if (t->count == 0 || strcmp(t->name, need->name) != 0) continue;
            if (t->count > supply.most) supply.most = t->count;
            supply.sum += t->count;
            supply.used += t->used;
        }
    }
    return supply;
}

static struct words
amount(const struct trait *need, uint64_t count)
{
    return strcmp(need->name, "memory") == 0 ? words_size(count)
                                             : words_count(count);
}

/* How a command goes on that starts a worker for `q`. */
struct option {
    char text[WORDS_QUOTED_MAX + 16];
};

static struct option
option_of(const struct queue *q)
{
    struct option a = { "" };

    if (strcmp(q->name, "default") == 0) return a;
    (void)snprintf(
        a.text, sizeof a.text, " --queue %s", words_quote(q->name).text);
    return a;
}

/* What a worker finds out about its host nobody gives it by an option. */
static bool
is_of_host(const struct trait *need)
{
    static const char *const names[] = { "host", "cpus", "memory" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(need->name, names[i]) == 0) return true;
    }
    return false;
}

/* What a worker is to be started with that may run such a job. */
static const char *
program_of(const struct job *job)
{
    if (job == NULL || job->program == JOB_PROGRAM_WORKER) return "";
    return job->program == JOB_PROGRAM_COMMAND ? " --allow-exec"
                                               : " --plugin FILE";
}

struct advice {
    char text[WORDS_QUOTED_MAX + 1024];
};

/* ": start one with …", where that would help. */
static struct advice
advise(const struct queue *q, const struct job *job, const struct trait *need)
{
    struct advice a = { "" };
    char count[24] = "";

    if (is_of_host(need)) return a;
    if (need->count > 0) {
        (void)snprintf(count, sizeof count, "%" PRIu64, need->count);
    }
    const char *value = need->count > 0 ? count : need->value;
    (void)snprintf(a.text, sizeof a.text,
        ": start one with stint worker%s --%s %s%s%s%s", program_of(job),
        need->count > 0 ? "resource" : "label", need->name,
        value[0] != '\0' ? "=" : "", value, option_of(q).text);
    return a;
}

static void
say_too_few(struct because *b, const struct survey *v, const struct queue *q,
    const struct job *job, const struct trait *need, uint64_t most)
{
    struct words has = { "none" }, many = { "" };
    struct advice advice = advise(q, job, need);

    if (most > 0) has = amount(need, most);
    if (v->open > 1) many = words_count(v->open);
    because(b, BECAUSE_UNSUITED, "needs %s %s; the %s%s of queue %s %s %s%s%s",
        need->name, amount(need, need->count).text, many.text,
        plural(v->open, "worker", " workers"), q->name,
        plural(v->open, "has", "have"),
        v->open > 1 && most > 0 ? "at most " : "", has.text, advice.text);
}

static void
say_unlabelled(struct because *b, const struct queue *q, const struct job *job,
    const struct trait *need)
{
    struct advice advice = advise(q, job, need);

    because(b, BECAUSE_UNSUITED, "no worker of queue %s is labelled %s%s%s%s",
        q->name, need->name, need->value[0] != '\0' ? "=" : "", need->value,
        advice.text);
}

static void
say_lacking(struct because *b, const struct survey *v, const struct queue *q,
    const struct job *job, const struct trait *need,
    const struct supply *supply)
{
    if (strcmp(need->name, "exec") == 0) {
        because(b, BECAUSE_NO_EXEC,
            "no worker that may run commands serves queue %s: start one with "
            "stint worker --allow-exec%s",
            q->name, option_of(q).text);
    } else if (strcmp(need->name, "handler") == 0) {
        because(b, BECAUSE_UNSUITED,
            "no worker of queue %s has the handler %s: start one with stint "
            "worker --plugin FILE%s",
            q->name, need->value, option_of(q).text);
    } else if (need->count > 0) {
        say_too_few(b, v, q, job, need, supply->most);
    } else {
        say_unlabelled(b, q, job, need);
    }
}

/* Nobody suits: for want of one thing that none has, or as none has all. */
static void
say_unsuited(struct because *b, const struct core *core, const struct survey *v,
    const struct queue *q, const struct job *job)
{
    uint32_t said = b->count;

    for (uint32_t i = 0; i < job->needs.count; i++) {
        const struct trait *need = &job->needs.traits[i];
        const struct supply supply = supply_of(core, q, need);
        if (supply.have == 0 && b->count < said + 4) {
            say_lacking(b, v, q, job, need, &supply);
        }
    }
    if (b->count == said) {
        because(b, BECAUSE_UNSUITED,
            "it needs %" PRIu32 " things, and no "
            "single worker of queue %s has all of them",
            job->needs.count, q->name);
    }
}

/* Those who suit have no more of it free. */
static void
say_used(struct because *b, const struct core *core, const struct queue *q,
    const struct job *job)
{
    for (uint32_t i = 0; i < job->needs.count; i++) {
        const struct trait *need = &job->needs.traits[i];
        if (need->count == 0) continue;
        const struct supply supply = supply_of(core, q, need);
        if (supply.sum - supply.used >= supply.sum) continue;
        because(b, BECAUSE_USED,
            "needs %s %s; of the %s of queue %s %s are "
            "in use",
            need->name, amount(need, need->count).text,
            amount(need, supply.sum).text, q->name,
            amount(need, supply.used).text);
    }
}

/* ---- all of it ----------------------------------------------------------- */

static void
say_open(struct because *b, const struct core *core, const struct survey *v,
    const struct queue *q, const struct job *job)
{
    if (v->able == 0 && job != NULL) say_used(b, core, q, job);
    if (v->slots > 0 && v->held >= v->slots) {
        because(b, BECAUSE_FULL,
            "no slot is free: the %s%s that suit%s it "
            "%s %s task%s in %s slot%s",
            v->suited == 1 ? "" : words_count(v->suited).text,
            plural(v->suited, "worker", " workers"), plural(v->suited, "s", ""),
            plural(v->suited, "holds", "hold"), words_count(v->held).text,
            plural(v->held, "", "s"), words_count(v->slots).text,
            plural(v->slots, "", "s"));
    }
}

void
survey_workers(struct because *b, const struct core *core,
    const struct queue *q, const struct job *job)
{
    struct survey v = { .all = 0 };

    for (const struct session *s = core->by_id; s != NULL; s = s->by_id.next) {
        if (asked(s, q)) add(&v, core, s, job);
    }
    if (v.all == 0) {
        because(b, BECAUSE_UNSERVED,
            "no worker serves queue %s: start one "
            "with stint worker%s%s",
            q->name, program_of(job), option_of(q).text);
    } else if (v.suited > 0) {
        say_open(b, core, &v, q, job);
    } else if (v.drained_suited > 0) {
        because(b, BECAUSE_DRAINING,
            "%s that could run it %s and %s given no "
            "more tasks: stint drain --all --undo",
            v.drained_suited == 1 ? "the worker" : "the workers",
            plural(v.drained_suited, "drains", "drain"),
            plural(v.drained_suited, "is", "are"));
    } else if (v.open == 0) {
        because(b, BECAUSE_DRAINING,
            "all workers of queue %s drain and are "
            "given no more tasks: stint drain --all --undo",
            q->name);
    } else {
        say_unsuited(b, core, &v, q, job);
    }
}
