#include "cli/log.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/mem.h"
#include "cli/value.h"

enum { NAME_ROOM = 64, NOTE_ROOM = 64, DIGITS_MOST = 18, DELETE = 127 };

static bool in_json, in_journal;
static int loudest = LOG_INFO;

static const char *const level_names[] = { "emergency", "alert", "critical",
    "error", "warning", "notice", "info", "debug" };

/* "8:1234", device and inode of what the service manager gave as stderr: it may
 * have been redirected since. */
static bool
is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char own[64];
    struct stat st;

    if (stream == NULL || fstat(STDERR_FILENO, &st) != 0) return false;
    snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev,
        (uintmax_t)st.st_ino);
    return strcmp(stream, own) == 0;
}

static int
level_of(const char *name)
{
    for (int i = 0; i <= LOG_DEBUG; i++)
        if (strcmp(level_names[i], name) == 0) return i;
    return LOG_INFO;
}

void
log_init(const struct run *run)
{
    in_json = strcmp(setting_text(run, "log-format"), "json") == 0;
    in_journal = is_journal();
    loudest = level_of(setting_text(run, "log-level"));
    if (setting_flag(run, "quiet") && loudest > LOG_WARNING)
        loudest = LOG_WARNING;
}

bool
log_is_json(void)
{
    return in_json;
}

/* ---- JSON ---------------------------------------------------------------- */

/* A value without quotes is a number, yes or no, or a word. */
static json_t *
value_of(const char *text, size_t length, bool quoted)
{
    if (!quoted && length == 3 && memcmp(text, "yes", 3) == 0)
        return json_true();
    if (!quoted && length == 2 && memcmp(text, "no", 2) == 0)
        return json_false();
    if (!quoted && length > 0 && length <= DIGITS_MOST
        && strspn(text, "0123456789") >= length)
        return json_integer(strtoll(text, NULL, 10));
    return json_stringn(text, length);
}

static const char key_bytes[] = "abcdefghijklmnopqrstuvwxyz_";

/* Where a quoted value ends: its sentence may have quotes of its own, so it is
 * the quote behind which the line goes on as a line does. */
static const char *
closing_quote(const char *text)
{
    for (const char *end = strchr(text, '"'); end != NULL;
         end = strchr(end + 1, '"')) {
        if (end[1] == '\0' || (end[1] == ':' && end[2] == ' ')) return end;
        if (end[1] == ' ' && end[2 + strspn(end + 2, key_bytes)] == '=')
            return end;
    }
    return text + strlen(text);
}

/* Takes " key=value" off the front of *line into `object`; false, changing
 * nothing, when something else stands there. */
static bool
take_pair(json_t *object, const char **line)
{
    const char *key = *line + (**line == ' '), *value, *end;
    size_t length = strspn(key, key_bytes);
    char name[NAME_ROOM];
    bool quoted;

    if (length == 0 || length >= sizeof(name) || key[length] != '=')
        return false;
    value = key + length + 1;
    quoted = *value == '"';
    value += quoted;
    end = quoted ? closing_quote(value) : value + strcspn(value, " ");
    if (!quoted && end > value && end[-1] == ':') end--;
    memcpy(name, key, length);
    name[length] = '\0';
    if (json_object_get(object, name) != NULL) return false;
    json_object_set_new(
        object, name, value_of(value, (size_t)(end - value), quoted));
    *line = end + (quoted && *end == '"');
    return true;
}

static json_t *
fields_of(const char *when, int level, const char *line)
{
    size_t length = strcspn(line, " :");
    json_t *object = json_object(), *event = json_stringn(line, length);

    json_object_set_new(object, "time", json_string(when));
    json_object_set_new(object, "level", json_string(level_names[level]));
    json_object_set(object, "event", event);
    json_object_set_new(object, "message", event);
    line += length;
    while (take_pair(object, &line))
        ;
    line += strspn(line, ": ");
    if (*line != '\0')
        json_object_set_new(object, "message", json_string(line));
    return object;
}

static char *
json_of(const char *when, int level, const char *line)
{
    json_t *object = fields_of(when, level, line);
    char *text = json_dumps(object, JSON_COMPACT);

    json_decref(object);
    return text;
}

/* ---- lines --------------------------------------------------------------- */

/* A reader that has stopped reading must not stop the program: what it has no
 * room for is left out, and counted.  A pipe that can be written to takes a
 * line of up to 4 KiB whole. */
static void
put_line(char *line)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static unsigned long left_out;
    struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
    char note[NOTE_ROOM] = "";

    pthread_mutex_lock(&lock);
    if (poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0) {
        if (left_out > 0)
            snprintf(note, sizeof(note), "lines-left-out count=%lu", left_out);
        left_out = 0;
        if (write(STDERR_FILENO, line, strlen(line)) < 0) left_out = 1;
    } else {
        left_out++;
    }
    pthread_mutex_unlock(&lock);
    if (note[0] != '\0') log_line(NULL, LOG_WARNING, note);
}

void
log_line(void *arg, int level, const char *line)
{
    char when[VALUE_TEXT], priority[16] = "", *clean, *text;
    char *json = NULL;

    (void)arg;
    if (level < 0 || level > LOG_DEBUG) level = LOG_INFO;
    if (level > loudest) return;
    if (in_journal) snprintf(priority, sizeof(priority), "<%d>", level);
    value_show_time(value_now(), when);
    clean = mem_copy(line);
    for (char *c = clean; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == DELETE) *c = ' ';
    if (in_json) json = json_of(when, level, clean);
    if (json != NULL)
        text = mem_format("%s%s\n", priority, json);
    else if (in_journal)
        text = mem_format("%s%s\n", priority, clean);
    else
        text = mem_format("%s %s: %s\n", when, level_names[level], clean);
    put_line(text);
    free(text);
    free(clean);
    free(json);
}
