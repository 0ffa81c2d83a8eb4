/* ping and health: whether the master answers. */

#include <stdio.h>

#include <jansson.h>
#include <stint.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/pace.h"
#include "cli/table.h"
#include "cli/value.h"

static const struct opt ping_options[] = {
    { "count", 'c', OPT_COUNT, "N", "1", "How many round trips" },
    { "interval", 0, OPT_DURATION, "TIME", "1s", "Between two of them" },
    { 0 },
};
static const struct opt_group ping_group = { "ping", "Pings:", ping_options };

static void
print_trip(const struct run *run, int64_t number, int64_t us)
{
    char text[VALUE_TEXT];

    switch (table_form(run)) {
    case TABLE_JSON:
        printf("{\"ping\": %lld, \"round_trip\": %.6f}\n", (long long)number,
            (double)us / 1e6);
        break;
    case TABLE_PLAIN:
        printf("%lld\t%.6f\n", (long long)number, (double)us / 1e6);
        break;
    case TABLE_IDS:
        break;
    case TABLE_PEOPLE:
    default:
        value_show_duration(us * 1000, text);
        printf("the master answers in %s\n", text);
    }
}

static int
run_ping(struct run *run)
{
    int64_t count = setting_number(run, "count");
    struct stint *s;
    int status;

    if (count == 0)
        return exit_say(EXIT_USAGE, "-c wants a whole number from 1, not '0'");
    status = connect_as(run, STINT_TOOL, &s);
    if (status != EXIT_FINE) return status;
    for (int64_t i = 1; i <= count && status == EXIT_FINE; i++) {
        int64_t us = 0;
        int code = stint_ping(s, &us, setting_ms(run, "timeout"));

        if (code != 0) {
            status = exit_error(code);
            break;
        }
        print_trip(run, i, us);
        status = table_flush();
        if (i < count) pace_sleep_ms(setting_ms(run, "interval"));
    }
    stint_close(s);
    return status;
}

const struct command command_ping = {
    .name = "ping",
    .group = "Admin",
    .summary = "Measure a round trip to the master",
    .examples = "stint ping\n"
                "stint ping -c 10 --interval 200ms\n",
    .groups = { &ping_group, &opt_output, &opt_connection, &opt_general },
    .run = run_ping,
};

/* ---- health -------------------------------------------------------------- */

static const struct opt health_options[] = {
    { "timeout", 0, OPT_DURATION, "TIME", "3s",
        "The master is not well when it does not answer by then" },
    { 0 },
};
static const struct opt_group health_group = { "health",
    "Health:", health_options };

static int
run_health(struct run *run)
{
    struct stint_options options;
    int64_t timeout = setting_ms(run, "timeout");
    struct stint *s;
    int code, status;

    connect_options(run, &options);
    options.kind = STINT_TOOL;
    options.connect_timeout_ms = timeout > 0 ? timeout : 1;
    status = connect_with(&options, &s);
    if (status != EXIT_FINE) return status;
    code = stint_ping(s, NULL, timeout);
    if (code != 0) status = exit_error(code);
    stint_close(s);
    if (status != EXIT_FINE) return status;
    if (setting_flag(run, "json"))
        puts("{\"healthy\": true}");
    else if (!setting_flag(run, "quiet"))
        puts("healthy");
    return table_flush();
}

const struct command command_health = {
    .name = "health",
    .group = "Admin",
    .summary = "Tell by the exit code whether the master is well",
    .examples = "stint health\n"
                "HEALTHCHECK CMD stint health -q\n",
    .notes = "0: it answers; 69: nobody does; 75: not in time; 77: the key is "
             "refused.",
    .groups = { &health_group, &opt_output, &opt_connection, &opt_general },
    .run = run_health,
};
