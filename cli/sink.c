#include "cli/sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/exit.h"
#include "cli/pace.h"
#include "cli/table.h"
#include "cli/value.h"

enum { PIECE_MS = 2000, SHOW_MS = 200, LINE_MS = 10000 };

void
sink_init(struct sink *sink, const struct run *run)
{
    int64_t attempts = setting_number(run, "attempts");

    *sink = (struct sink){
        .options = { .priority = (int)setting_number(run, "priority"),
            .delay_ms = setting_ms(run, "delay"),
            .expires_ms = setting_ms(run, "expires"),
            .attempts_max =
                attempts < UINT32_MAX ? (unsigned)attempts : UINT32_MAX,
            .handler = setting_text(run, "handler") },
        .timeout_ms = setting_ms(run, "timeout"),
        .result_ms = setting_ms(run, "result-timeout"),
        .queue = run->words[0],
        .timeout = setting_text(run, "timeout"),
        .result_timeout = setting_text(run, "result-timeout"),
        .wants_results = setting_flag(run, "result"),
        .is_json = setting_flag(run, "json"),
        .shows_progress = setting_progress(run) && !setting_flag(run, "quiet"),
        .shown_at = pace_now_ms(),
    };
    if (sink->options.expires_ms < 0) sink->options.expires_ms = 0;
}

/* ---- results ------------------------------------------------------------- */

static void
print_result(
    const struct sink *sink, struct stint_future *f, struct stint_bytes result)
{
    json_t *line;
    bool hex;
    char *text;

    if (!sink->is_json) {
        const char *bytes = result.data;

        fwrite(bytes, 1, result.size, stdout);
        /* What a command printed has one already. */
        if (result.size == 0 || bytes[result.size - 1] != '\n') putchar('\n');
        return;
    }
    text = value_show_bytes(result, &hex);
    line = json_pack("{s:I, s:b, s:i, s:s, s:s}", "task",
        (json_int_t)stint_future_task(f), "ok", 1, "attempts",
        (int)stint_future_attempts(f), "worker", stint_future_worker(f),
        hex ? "result_hex" : "result", text);
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
    free(text);
}

static void
print_failure(const struct sink *sink, struct stint_future *f, int code)
{
    json_t *line;

    exit_error(code);
    if (!sink->is_json) return;
    line = json_pack("{s:I, s:b, s:i, s:s, s:s, s:s}", "task",
        (json_int_t)stint_future_task(f), "ok", 0, "attempts",
        (int)stint_future_attempts(f), "worker", stint_future_worker(f),
        "error", stint_error_name(code), "reason", stint_error_message());
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

/* Whether a future ended with its task, rather than the wait for it. */
static bool
is_end(int code)
{
    return code == 0 || code == STINT_EDEAD || code == STINT_EWORKERLOST
           || code == STINT_ECANCELLED || code == STINT_EEXPIRED;
}

/* As stint_future_get(), but whoever waits hears when the master is gone. */
static int
wait_for(struct sink *sink, struct stint_future *f, struct stint_bytes *result)
{
    int64_t left = sink->result_ms;

    for (;;) {
        int64_t piece = left < 0 || left > PIECE_MS ? PIECE_MS : left;
        int code = stint_future_get(f, result, piece);

        if (code != STINT_ETIMEOUT && code != STINT_EUNREACHABLE) return code;
        if (stint_future_ready(f)) continue;
        if (left >= 0) left -= piece;
        if (left == 0) return code;
        if (code == STINT_EUNREACHABLE && !sink->said_gone) {
            exit_note("stint: the master is gone; waiting for it "
                      "(--result-timeout bounds this)");
            sink->said_gone = true;
        }
    }
}

static int
not_ended(const struct sink *sink, struct stint_future *f, int code)
{
    if (code != STINT_ETIMEOUT)
        return exit_say(exit_of(code),
            "of %" PRIu64 " tasks %" PRIu64 " have ended: %s", sink->next,
            sink->first, stint_error_message());
    return exit_say(EXIT_AGAIN,
        "of %" PRIu64 " tasks %" PRIu64 " have ended, and task %" PRIu64
        " has not after %s; is a worker serving queue '%s'? `stint workers` "
        "lists them",
        sink->next, sink->first, stint_future_task(f), sink->result_timeout,
        sink->queue);
}

/* Prints the oldest one.  Returns 0 or why it is not there. */
static int
print_oldest(struct sink *sink)
{
    struct stint_future **slot = &sink->window[sink->first % SINK_WINDOW];
    struct stint_bytes result = { 0 };
    int code = wait_for(sink, *slot, &result);

    if (!is_end(code)) return not_ended(sink, *slot, code);
    if (code == 0)
        print_result(sink, *slot, result);
    else
        print_failure(sink, *slot, code);
    if (code != 0) sink->failed++;
    stint_future_free(*slot);
    *slot = NULL;
    sink->first++;
    return EXIT_FINE;
}

static int
print_ready(struct sink *sink, bool all)
{
    int status = EXIT_FINE;

    while (
        status == EXIT_FINE && sink->first < sink->next
        && (all || stint_future_ready(sink->window[sink->first % SINK_WINDOW])))
        status = print_oldest(sink);
    return status;
}

/* ---- putting ------------------------------------------------------------- */

static int
submit(struct sink *sink, const struct stint_bytes *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct stint_future **slot = &sink->window[sink->next % SINK_WINDOW];
        int code, status = EXIT_FINE;

        if (sink->next - sink->first == SINK_WINDOW)
            status = print_oldest(sink);
        if (status != EXIT_FINE) return status;
        code = stint_queue_submit(
            sink->q, items[i].data, items[i].size, &sink->options, slot);
        if (code != 0) return exit_error(code);
        sink->next++;
        sink->accepted++;
    }
    return print_ready(sink, false) == EXIT_FINE ? table_flush() : EXIT_FAILED;
}

static int
found_no_room(const struct sink *sink)
{
    const char *stay = sink->accepted > 0 ? " and stay" : "";
    char *word = value_quote(sink->queue);

    if (sink->timeout_ms == 0)
        (void)exit_say(EXIT_AGAIN,
            "queue '%s' is full; %" PRIu64 " tasks were accepted%s; wait for "
            "room with --timeout 5s, or drain it (stint get %s)",
            sink->queue, sink->accepted, stay, word);
    else
        (void)exit_say(EXIT_AGAIN,
            "queue '%s' is full and had no room within %s; %" PRIu64
            " tasks were accepted%s; raise --timeout, or drain it (stint get "
            "%s)",
            sink->queue, sink->timeout, sink->accepted, stay, word);
    free(word);
    return EXIT_AGAIN;
}

static int
stopped_at(const struct sink *sink, int code)
{
    if (code == STINT_EFULL) return found_no_room(sink);
    if (code == STINT_ENOSPACE)
        return exit_say(EXIT_AGAIN,
            "the master's disk is full; %" PRIu64 " tasks were accepted; it "
            "takes more as soon as there is room in its data directory",
            sink->accepted);
    if (sink->accepted == 0) return exit_error(code);
    return exit_say(exit_of(code),
        "%" PRIu64 " tasks were accepted and stay, then: %s", sink->accepted,
        stint_error_message());
}

static void
show_progress(struct sink *sink, bool last)
{
    int64_t now = pace_now_ms();

    if (!sink->shows_progress || sink->wants_results) return;
    if (!last && now - sink->shown_at < SHOW_MS) return;
    if (isatty(STDERR_FILENO) == 1)
        fprintf(stderr, "\r%" PRIu64 " task%s put%s", sink->accepted,
            value_plural(sink->accepted), last ? "\n" : "");
    else if (last || now - sink->shown_at >= LINE_MS)
        fprintf(stderr, "%" PRIu64 " task%s put\n", sink->accepted,
            value_plural(sink->accepted));
    else
        return;
    sink->shown_at = now;
}

int
sink_put(struct sink *sink, const struct stint_bytes *items, size_t count)
{
    size_t accepted = 0;
    int code;

    if (count == 0) return EXIT_FINE;
    if (sink->wants_results) return submit(sink, items, count);
    code = stint_queue_put_many(
        sink->q, items, count, &sink->options, &accepted, sink->timeout_ms);
    sink->accepted += accepted;
    show_progress(sink, code != 0);
    return code == 0 ? EXIT_FINE : stopped_at(sink, code);
}

int
sink_finish(struct sink *sink)
{
    int status;

    if (sink->wants_results) {
        status = print_ready(sink, true);
        if (table_flush() != 0) return EXIT_FAILED;
        if (status != EXIT_FINE) return status;
        return sink->failed > 0 ? EXIT_FAILED : EXIT_FINE;
    }
    show_progress(sink, true);
    if (sink->is_json) printf("{\"accepted\": %" PRIu64 "}\n", sink->accepted);
    return table_flush();
}

void
sink_fini(struct sink *sink)
{
    for (; sink->first < sink->next; sink->first++)
        stint_future_free(sink->window[sink->first % SINK_WINDOW]);
}
