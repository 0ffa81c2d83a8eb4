#include "worker/agent/agent.h"

#include "common/check.h"

static unsigned
smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* A running mean in which each sample weighs an eighth: quick enough to follow
 * a change of work within some ten tasks, slow enough to ride out one. */
static int64_t
blend(int64_t mean, int64_t sample)
{
    return mean + (sample - mean) / 8;
}

void
agent_init(struct agent *a, const struct agent_config *config, tick_ns now)
{
    CHECK(config->slots >= 1 && config->slots <= AGENT_SLOTS_MAX);

    *a = (struct agent){
        .config = *config,
        .wait = config->slots,
        .quiet_since = now,
    };
}

bool
agent_ask(struct agent *a)
{
    if (a->draining) return false;
    if (a->config.tasks_max > 0
        && a->begun + (int64_t)a->asking >= a->config.tasks_max) {
        return false;
    }
    CHECK(a->asking + a->running < a->config.slots);
    a->asking += 1;
    return true;
}

void
agent_leave(struct agent *a)
{
    CHECK(a->asking > 0);
    a->asking -= 1;
}

void
agent_begin(struct agent *a, size_t bytes)
{
    CHECK(a->asking > 0);
    a->asking -= 1;
    a->running += 1;
    a->begun += 1;
    a->bytes = a->begun == 1 ? bytes
                             : (size_t)blend((int64_t)a->bytes, (int64_t)bytes);
}

/* The amount by time alone, before the slow growth. */
static unsigned
wait_by_time(const struct agent *a)
{
    unsigned slots = a->config.slots;
    tick_ns mean = a->mean > a->stuck ? a->mean : a->stuck;
    tick_ns ahead = a->config.ahead > 0 ? a->config.ahead : AGENT_LONG;

    if (mean > ahead || (!a->measured && ahead < AGENT_LONG))
        return slots - a->running;
    if (!a->measured) return slots;
    if (mean < 1) mean = 1;

    int64_t want = (AGENT_HORIZON / mean - 1) * (int64_t)slots;
    if (want < (int64_t)slots) return slots;
    return want > AGENT_HOLD_MAX - slots ? AGENT_HOLD_MAX - slots
                                         : (unsigned)want;
}

void
agent_end(struct agent *a, tick_ns now, tick_ns run)
{
    CHECK(a->running > 0);
    a->running -= 1;
    a->quiet_since = now;
    a->mean = a->measured ? blend(a->mean, run) : run;
    a->measured = true;
    a->stuck = 0;
    a->wait = smaller(a->wait + 1, wait_by_time(a));
}

void
agent_more(struct agent *a, size_t more)
{
    a->begun += (int64_t)more;
}

void
agent_observe(struct agent *a, tick_ns stuck)
{
    a->stuck = stuck;
    a->wait = smaller(a->wait, wait_by_time(a));
}

/* How many may wait for a slot. */
static unsigned
wait_max(const struct agent *a)
{
    unsigned most = a->wait;

    if (a->draining) return 0;
    if (a->config.prefetch_max > 0) {
        most = smaller(most, a->config.prefetch_max);
    }
    if (a->config.tasks_max > 0) {
        int64_t left = a->config.tasks_max - a->begun;
        if (left < (int64_t)most) most = left > 0 ? (unsigned)left : 0;
    }
    return most;
}

static size_t
bytes_max(const struct agent *a)
{
    size_t some = AGENT_BYTES_MIN;

    while (some < AGENT_BYTES_MAX && some / 16 < a->bytes) {
        some *= 2;
    }
    return some;
}

/* An eighth more or less is not worth a call. */
static bool
is_news(unsigned told, unsigned tasks)
{
    unsigned gap = told > tasks ? told - tasks : tasks - told;

    if (told == 0 || tasks == 0) return gap > 0;
    return gap > told / 8;
}

bool
agent_credit(struct agent *a, struct agent_credit *out)
{
    out->tasks = wait_max(a);
    out->bytes = bytes_max(a);
    if (!is_news(a->told.tasks, out->tasks) && a->told.bytes == out->bytes) {
        return false;
    }
    a->told = *out;
    return true;
}

unsigned
agent_excess(const struct agent *a, unsigned ready)
{
    unsigned most = wait_max(a);

    /* A free slot takes one at any moment: those are nobody's excess. */
    if (a->running < a->config.slots) return 0;
    return ready > most ? ready - most : 0;
}

void
agent_drain(struct agent *a)
{
    a->draining = true;
}

bool
agent_is_over(const struct agent *a, tick_ns now)
{
    if (a->draining) return true;
    if (a->config.tasks_max > 0 && a->begun >= a->config.tasks_max) return true;
    return now >= agent_next_deadline(a);
}

tick_ns
agent_next_deadline(const struct agent *a)
{
    if (a->config.idle == 0 || a->running > 0) return TICK_NEVER;
    return tick_after(a->quiet_since, a->config.idle);
}
