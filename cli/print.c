#include "cli/print.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/value.h"
#include "common/text.h"

void
print_init(struct print *p, const struct run *run, enum stint_program program)
{
    const struct setting *tag = setting_find(run, "tag");

    *p = (struct print){ .tag = tag != NULL && setting_flag(run, "tag"),
        .json = setting_flag(run, "json"),
        .lines = program != STINT_PROGRAM_COMMAND,
        .quiet = setting_flag(run, "quiet") };
}

const struct stint_attempt *
print_last_try(const struct stint_end *end)
{
    return end->tries_count > 0 ? &end->tries[end->tries_count - 1] : NULL;
}

/* ---- in words ------------------------------------------------------------ */

void
print_values(struct stint_bytes value, size_t width, char out[PRINT_TEXT])
{
    size_t length = value.size;
    bool is_cut;

    if (width > PRINT_TEXT - 4) width = PRINT_TEXT - 4;
    is_cut = length > width;
    if (is_cut) length = width;
    if (length > 0) memcpy(out, value.data, length);
    /* Not within a character. */
    while (
        is_cut && length > 0
        && ((unsigned char)((const char *)value.data)[length] & 0xc0) == 0x80)
        length--;
    text_clean((uint8_t *)out, length);
    memcpy(out + length, is_cut ? "..." : "", is_cut ? 4 : 1);
}

static const char *
or_unknown(const char *reason)
{
    return reason != NULL && *reason != '\0' ? reason : "no reason is known";
}

static void
say_signal(int number, char out[PRINT_TEXT])
{
    const char *name = sigabbrev_np(number);

    if (name != NULL)
        snprintf(
            out, PRINT_TEXT, "failed: killed by signal %d (%s)", number, name);
    else
        snprintf(out, PRINT_TEXT, "failed: killed by signal %d", number);
}

/* There is a reason where it is not run again because of that. */
static void
say_lost(const struct stint_attempt *last, char out[PRINT_TEXT])
{
    const char *worker = last->worker != NULL ? last->worker : "";

    if (last->reason != NULL && *last->reason != '\0')
        snprintf(out, PRINT_TEXT, "failed on %s: %s", worker, last->reason);
    else
        snprintf(out, PRINT_TEXT, "failed: its worker %s was lost", worker);
}

static void
say_attempt(const struct stint_attempt *last, const struct stint_end *end,
    char out[PRINT_TEXT])
{
    char time[VALUE_TEXT];

    switch (last->cause) {
    case STINT_CAUSE_ENDED:
        if (last->signal != 0)
            say_signal(last->signal, out);
        else if (last->code != 0)
            snprintf(out, PRINT_TEXT, "failed: exit %d", last->code);
        else
            snprintf(out, PRINT_TEXT, "failed: %s", or_unknown(end->reason));
        break;
    case STINT_CAUSE_TIMEOUT:
        value_show_duration(last->wall_ns, time);
        snprintf(out, PRINT_TEXT, "failed: timed out%s%s",
            last->wall_ns > 0 ? " after " : "", last->wall_ns > 0 ? time : "");
        break;
    case STINT_CAUSE_LOST:
        say_lost(last, out);
        break;
    case STINT_CAUSE_CANCELLED:
    case STINT_CAUSE_NOT_STARTED:
    case STINT_CAUSE_LIMIT:
    case STINT_CAUSE_LEASE:
    default:
        snprintf(out, PRINT_TEXT, "failed: %s",
            or_unknown(last->reason != NULL && *last->reason != '\0'
                           ? last->reason
                           : end->reason));
    }
}

void
print_how(const struct stint_end *end, char out[PRINT_TEXT])
{
    const struct stint_attempt *last = print_last_try(end);
    size_t length;

    if (end->code == 0)
        snprintf(out, PRINT_TEXT, "done");
    else if (end->code == STINT_ECANCELLED)
        snprintf(out, PRINT_TEXT, "cancelled");
    else if (end->code == STINT_EEXPIRED)
        snprintf(out, PRINT_TEXT, "expired: nobody began it in time");
    else if (last != NULL)
        say_attempt(last, end, out);
    else
        snprintf(out, PRINT_TEXT, "failed: %s", or_unknown(end->reason));
    length = strlen(out);
    if (end->code != 0 && end->attempts > 1)
        snprintf(
            out + length, PRINT_TEXT - length, " (%u tries)", end->attempts);
    text_clean((uint8_t *)out, strlen(out));
}

/* ---- as it is ------------------------------------------------------------ */

void
print_label(struct stint_bytes value, FILE *to)
{
    const char *at = value.data;
    size_t left = value.size;

    while (left > 0) {
        const char *nul = memchr(at, '\0', left);
        size_t length = nul != NULL ? (size_t)(nul - at) : left;

        fwrite(at, 1, length, to);
        if (nul == NULL) break;
        putc(' ', to);
        at += length + 1;
        left -= length + 1;
    }
    putc('\t', to);
}

static void
print_tagged(struct stint_bytes value, struct stint_bytes text, FILE *to)
{
    const char *at = text.data;
    size_t left = text.size;

    while (left > 0) {
        const char *end = memchr(at, '\n', left);
        size_t length = end != NULL ? (size_t)(end - at) + 1 : left;

        print_label(value, to);
        fwrite(at, 1, length, to);
        at += length;
        left -= length;
    }
}

static void
print_stream(const struct print *p, const struct stint_end *end,
    struct stint_bytes text, FILE *to)
{
    if (p->tag)
        print_tagged(end->value, text, to);
    else if (text.size > 0)
        fwrite(text.data, 1, text.size, to);
}

static void
print_out(const struct print *p, const struct stint_end *end)
{
    const char *bytes = end->out.data;

    print_stream(p, end, end->out, stdout);
    if (!p->lines || end->code != 0) return;
    if (end->out.size == 0 && p->tag) print_label(end->value, stdout);
    if (end->out.size == 0 || bytes[end->out.size - 1] != '\n') putchar('\n');
}

/* In one write, as stderr has no buffer. */
static void
print_err(const struct print *p, const struct stint_end *end)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory;

    if (end->err.size == 0) return;
    memory = open_memstream(&text, &size);
    if (memory == NULL) exit_now(EXIT_AGAIN, "no memory is left");
    print_stream(p, end, end->err, memory);
    fclose(memory);
    fwrite(text, 1, size, stderr);
    free(text);
}

/* ---- JSON ---------------------------------------------------------------- */

static void
set_bytes(json_t *object, const char *name, struct stint_bytes bytes)
{
    json_t *text = json_stringn(bytes.size > 0 ? bytes.data : "", bytes.size);
    char *digits, *key;

    if (text != NULL) {
        json_object_set_new_nocheck(object, name, text);
        return;
    }
    digits = mem_new(bytes.size * 2 + 1, 1);
    for (size_t i = 0; i < bytes.size; i++)
        snprintf(
            digits + 2 * i, 3, "%02x", ((const unsigned char *)bytes.data)[i]);
    key = mem_format("%s_hex", name);
    json_object_set_new_nocheck(object, key, json_string(digits));
    free(key);
    free(digits);
}

static void
set_values(json_t *object, struct stint_bytes value)
{
    json_t *array = json_array();
    const char *at = value.size > 0 ? value.data : "";
    size_t left = value.size;

    for (;;) {
        const char *nul = left > 0 ? memchr(at, '\0', left) : NULL;
        size_t length = nul != NULL ? (size_t)(nul - at) : left;

        if (json_array_append_new(array, json_stringn(at, length)) != 0) break;
        if (nul == NULL) {
            json_object_set_new_nocheck(object, "values", array);
            return;
        }
        at += length + 1;
        left -= length + 1;
    }
    json_decref(array);
    set_bytes(object, "values", value);
}

static const char *
word_of(int code)
{
    switch (code) {
    case 0:
        return "done";
    case STINT_ECANCELLED:
        return "cancelled";
    case STINT_EEXPIRED:
        return "expired";
    case STINT_EWORKERLOST:
        return "lost";
    default:
        return "failed";
    }
}

/* A handler that failed has a reason, and no exit code. */
static void
set_attempt(json_t *object, const struct stint_end *end,
    const struct stint_attempt *last)
{
    static const char *const causes[] = { "ended", "timeout", "cancelled",
        "not started", "limit", "lost", "lease" };
    char began[VALUE_TEXT];
    json_t *more;

    value_show_time(last->began_ns, began);
    more = json_pack("{s:i, s:i, s:s?, s:s?, s:f, s:f, s:f, s:I, s:b, s:b}",
        "exit", last->code, "signal", last->signal, "cause",
        (unsigned)last->cause < 7 ? causes[last->cause] : NULL, "began",
        last->began_ns > 0 ? began : NULL, "seconds",
        (double)last->wall_ns / 1e9, "user_seconds",
        (double)last->user_ns / 1e9, "system_seconds",
        (double)last->system_ns / 1e9, "max_memory", (json_int_t)last->memory,
        "stdout_cut", (int)last->out_cut, "stderr_cut", (int)last->err_cut);
    if (end->code != 0 && last->cause == STINT_CAUSE_ENDED && last->code == 0
        && last->signal == 0)
        json_object_set_new(more, "exit", json_null());
    json_object_update_new(object, more);
}

static void
print_json(const struct stint_end *end)
{
    const struct stint_attempt *last = print_last_try(end);
    char how[PRINT_TEXT];
    json_t *object;

    print_how(end, how);
    object = json_pack("{s:I, s:I, s:b, s:s, s:i, s:s?, s:s?}", "seq",
        (json_int_t)end->seq, "task", (json_int_t)end->task, "ok",
        end->code == 0, "end", word_of(end->code), "attempts",
        (int)end->attempts, "worker", value_or_none(end->worker), "reason",
        end->code != 0 ? how : NULL);
    set_values(object, end->value);
    set_bytes(object, "stdout", end->out);
    set_bytes(object, "stderr", end->err);
    if (last != NULL) set_attempt(object, end, last);
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
    putchar('\n');
    json_decref(object);
}

/* ---- all together -------------------------------------------------------- */

static bool
is_failure(const struct stint_end *end)
{
    return end->code != 0 && end->code != STINT_ECANCELLED;
}

bool
print_is_cut(const struct stint_end *end)
{
    const struct stint_attempt *last = print_last_try(end);

    return last != NULL && (last->out_cut || last->err_cut);
}

bool
print_is_loud(const struct print *p, const struct stint_end *end)
{
    if (!p->json && !p->silent && end->err.size > 0) return true;
    return print_is_cut(end) || (!p->quiet && is_failure(end));
}

/* An error, with -q as well: who reads the output takes it for all there is. */
static void
say_cut(const struct stint_end *end)
{
    const struct stint_attempt *last = print_last_try(end);
    char values[PRINT_TEXT], kept[VALUE_TEXT];
    bool both = last->out_cut && last->err_cut;

    print_values(end->value, 60, values);
    value_show_size(last->out_cut ? end->out.size : end->err.size, kept);
    (void)exit_say(EXIT_FAILED,
        "task %" PRIu64 " (%s) wrote more than is kept: %s of its %s%s; "
        "--output-max keeps more, --get a file whole",
        end->task, values, kept, last->out_cut ? "stdout" : "stderr",
        both ? ", and of its stderr" : "");
}

static void
say(const struct print *p, const struct stint_end *end)
{
    char values[PRINT_TEXT], how[PRINT_TEXT];

    if (print_is_cut(end)) say_cut(end);
    if (p->quiet || !is_failure(end)) return;
    print_values(end->value, 60, values);
    print_how(end, how);
    exit_note("stint: task %" PRIu64 " (%s) %s", end->task, values, how);
}

void
print_end(const struct print *p, const struct stint_end *end)
{
    if (p->json)
        print_json(end);
    else if (!p->silent)
        print_out(p, end);
    if (!print_is_loud(p, end)) return;
    fflush(stdout);
    if (!p->json && !p->silent) print_err(p, end);
    say(p, end);
}

/* An error of an earlier fwrite() is kept in the stream, its errno is not. */
static bool
has_no_reader(int error)
{
    struct pollfd to = { .fd = STDOUT_FILENO, .events = POLLOUT };

    if (error == EPIPE) return true;
    return poll(&to, 1, 0) == 1 && (to.revents & POLLERR) != 0;
}

int
print_flush(void)
{
    int error;

    if (!ferror(stdout) && fflush(stdout) == 0) return EXIT_FINE;
    error = errno;
    if (has_no_reader(error)) return EXIT_SIGNAL + SIGPIPE;
    return exit_say(EXIT_FAILED,
        "stdout cannot be written: %s; check what it leads to",
        strerror(error));
}
