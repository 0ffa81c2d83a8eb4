#include "cli/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <jansson.h>

#include "cli/value.h"

static bool in_json;
static int loudest = LOG_INFO;

static const char *
level_name(int level)
{
    static const char *const names[] = { "emergency", "alert", "critical",
        "error", "warning", "notice", "info", "debug" };

    return names[level >= 0 && level <= LOG_DEBUG ? level : LOG_INFO];
}

void
log_init(const struct run *run)
{
    in_json = strcmp(setting_text(run, "log-format"), "json") == 0;
    if (setting_flag(run, "quiet")) loudest = LOG_WARNING;
}

static void
print_json(const char *when, const char *level, const char *line)
{
    json_t *object = json_pack(
        "{s:s, s:s, s:s}", "time", when, "level", level, "message", line);
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

    if (text != NULL) fprintf(stderr, "%s\n", text);
    free(text);
    json_decref(object);
}

void
log_line(void *arg, int level, const char *line)
{
    char when[VALUE_TEXT];

    (void)arg;
    if (level > loudest) return;
    value_show_time(value_now(), when);
    if (in_json)
        print_json(when, level_name(level), line);
    else
        fprintf(stderr, "%s %s: %s\n", when, level_name(level), line);
}
