#include "process/program.h"

#include "common/sys/say.h"

enum { OUTPUT_MAX = 1 << 20 };

#define GRACE (2 * TICK_S)

size_t
program_output_max(const struct stint_run_options *options)
{
    return options->output_max > 0 ? options->output_max : OUTPUT_MAX;
}

tick_ns
program_grace(const struct stint_run_options *options)
{
    int64_t ms = options->grace_ms;

    if (ms <= 0) return GRACE;
    return ms > TICK_NEVER / TICK_MS ? TICK_NEVER : ms * TICK_MS;
}

static int
check(const struct stint_run_options *o)
{
    if (o->grace_ms < 0 || o->cpu_ms < 0) {
        return say(STINT_EINVAL, "a length of time is negative: %lld ms",
            (long long)(o->grace_ms < 0 ? o->grace_ms : o->cpu_ms));
    }
    if (o->timeout_ms < 0 && o->timeout_ms != STINT_FOREVER) {
        return say(STINT_EINVAL, "timeout_ms is negative: %lld",
            (long long)o->timeout_ms);
    }
    return 0;
}

int
program_prepare(struct launch *l, const struct stint_run_options *options)
{
    const struct launch_config config = { .argv = options->argv,
        .shell = options->shell,
        .env = options->env,
        .env_only = options->env_only,
        .cwd = options->cwd };
    int rc = check(options);

    if (rc == 0) rc = launch_prepare(l, &config);
    if (rc != 0) return rc;
    l->start.our_output = options->pass_output;
    l->start.merge = options->merge;
    l->start.grace = program_grace(options);
    l->start.limits = (struct spawn_limits){ .memory = options->memory_max,
        .cpu_s = ((uint64_t)options->cpu_ms + 999) / 1000,
        .files = options->files_max };
    return 0;
}
