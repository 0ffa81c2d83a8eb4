#include "cli/summary.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/exit.h"
#include "cli/snapshot.h"
#include "cli/value.h"

int
summary_say(uint64_t job, const struct stint_job_row *row)
{
    char took[VALUE_TEXT], failed[VALUE_TEXT] = "", cancelled[VALUE_TEXT] = "";
    bool is_bad = row->failed + row->cancelled > 0;
    const char *state = snapshot_job_state(row);

    value_show_duration(row->age_ns - row->ended_ns, took);
    if (row->failed > 0)
        snprintf(failed, sizeof(failed), ", %" PRIu64 " failed", row->failed);
    if (row->cancelled > 0)
        snprintf(cancelled, sizeof(cancelled), ", %" PRIu64 " cancelled",
            row->cancelled);
    if (row->failed > 0)
        exit_note("job %" PRIu64 " %s: %" PRIu64
                  " ok%s%s in %s  ->  %s failures --job %" PRIu64
                  "   %s retry --failed --job %" PRIu64,
            job, state, row->done, failed, cancelled, took, exit_program(), job,
            exit_program(), job);
    else
        exit_note("job %" PRIu64 " %s: %" PRIu64 " ok%s in %s", job, state,
            row->done, cancelled, took);
    return is_bad ? EXIT_FAILED : EXIT_FINE;
}

int
summary_lost(uint64_t job, const char *more)
{
    return exit_say(EXIT_FAILED,
        "job %" PRIu64
        " is not there any more: its master was started anew without a store, "
        "or somebody has forgotten it; what is not printed is lost%s",
        job, more);
}
