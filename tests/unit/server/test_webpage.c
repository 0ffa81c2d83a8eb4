/* The pages as text: a core, meters, and what is shown of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base.h"
#include "master/server/webmetrics.h"
#include "master/server/webpage.h"
#include "master/server/webtext.h"

struct sight {
    struct core *core;
    struct meters meters;
    struct webview view;
    struct webquery query;
    struct buf text;
};

static int
make_sight(void **state)
{
    static struct sight s;
    struct core_config config;

    memset(&s, 0, sizeof s);
    core_config_init(&config);
    s.core = core_new(&config, TICK_S);
    s.view = (struct webview){
        .core = s.core, .meters = &s.meters, .now = 4 * TICK_S
    };
    buf_init(&s.text);
    *state = &s;
    return s.core == NULL;
}

static int
end_sight(void **state)
{
    struct sight *s = *state;

    core_free(s->core);
    buf_fini(&s->text);
    return 0;
}

/* The page's text, as a string. */
static const char *
see(struct sight *s, const char *path, unsigned status)
{
    const struct webpage *page = webpage_find(path);

    assert_non_null(page);
    buf_clear(&s->text);
    assert_int_equal(page->render(&s->text, &s->view, &s->query), status);
    buf_append(&s->text, "", 1);
    assert_false(s->text.failed);
    return (const char *)s->text.bytes;
}

static void
make_queues(struct sight *s, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "q%u", i);
        assert_int_equal(core_queue_add(s->core, TICK_S, slice_of(name)), 0);
    }
}

static unsigned
count(const char *text, const char *what)
{
    unsigned n = 0;

    while ((text = strstr(text, what)) != NULL) {
        text += strlen(what);
        n++;
    }
    return n;
}

static void
probes_say_whether_it_lives_and_whether_it_takes_work(void **state)
{
    struct sight *s = *state;

    assert_string_equal(see(s, "/healthz", 200), "ok\n");
    assert_string_equal(see(s, "/readyz", 200), "ready\n");
    s->meters.stopping = true;
    assert_string_equal(see(s, "/healthz", 200), "ok\n");
    assert_string_equal(see(s, "/readyz", 503), "stopping\n");
    assert_true(webpage_find("/healthz")->is_open);
    assert_true(webpage_find("/readyz")->is_open);
}

static void
everything_else_is_for_those_with_a_token(void **state)
{
    static const char *const paths[] = { "/metrics", "/v1/master", "/v1/queues",
        "/v1/jobs", "/v1/workers", "/v1/tasks" };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        assert_false(webpage_find(paths[i])->is_open);
    }
    assert_null(webpage_find("/"));
    assert_null(webpage_find("/v1/queues/"));
    assert_null(webpage_find("/metrics/../healthz"));
}

static void
a_histogram_is_cumulative_and_ends_with_all(void **state)
{
    struct sight *s = *state;

    histogram_add(&s->meters.turns, 50 * TICK_US);
    histogram_add(&s->meters.turns, 100 * TICK_US); /* A bound is inside. */
    histogram_add(&s->meters.turns, 2 * TICK_MS);
    histogram_add(&s->meters.turns, 100 * 3600 * TICK_S);
    const char *text = see(s, "/metrics", 200);
    assert_non_null(strstr(text, "# TYPE stint_loop_lag_seconds histogram\n"));
    assert_non_null(
        strstr(text, "stint_loop_lag_seconds_bucket{le=\"0.0001\"} 2\n"));
    assert_non_null(
        strstr(text, "stint_loop_lag_seconds_bucket{le=\"0.001\"} 2\n"));
    assert_non_null(
        strstr(text, "stint_loop_lag_seconds_bucket{le=\"0.0025\"} 3\n"));
    assert_non_null(
        strstr(text, "stint_loop_lag_seconds_bucket{le=\"7200\"} 3\n"));
    assert_non_null(
        strstr(text, "stint_loop_lag_seconds_bucket{le=\"+Inf\"} 4\n"));
    assert_non_null(strstr(text, "stint_loop_lag_seconds_sum 360000.00215\n"));
    assert_non_null(strstr(text, "stint_loop_lag_seconds_count 4\n"));
}

static void
a_queue_shows_its_backlog(void **state)
{
    struct sight *s = *state;

    make_queues(s, 1);
    assert_non_null(
        strstr(see(s, "/v1/queues", 200), "\"queue\":\"q0\",\"kind\":\"fifo\","
                                          "\"backlog\":0,\"ready\":0"));
    assert_non_null(strstr(
        see(s, "/metrics", 200), "stint_queue_backlog{queue=\"q0\"} 0\n"));
}

static void
a_name_is_quoted_for_both_formats(void **state)
{
    struct sight *s = *state;

    assert_int_equal(core_queue_add(s->core, 0, slice_of("a\"b\\c")), 0);
    assert_non_null(
        strstr(see(s, "/v1/queues", 200), "\"queue\":\"a\\\"b\\\\c\""));
    assert_non_null(strstr(
        see(s, "/metrics", 200), "stint_queue_bytes{queue=\"a\\\"b\\\\c\"} 0"));
}

static void
what_is_no_plain_text_is_made_so(void **state)
{
    struct sight *s = *state;

    webtext_quote(&s->text, slice_of("one\ntwo\x1b[0m \xff\xc3"));
    buf_append(&s->text, "", 1);
    const char *text = (const char *)s->text.bytes;
    assert_null(strpbrk(text, "\n\x1b\xff\xc3"));
    assert_memory_equal(text, "\"one two", 8);
}

static void
queues_come_in_pages(void **state)
{
    struct sight *s = *state;

    make_queues(s, 250);
    const char *text = see(s, "/v1/queues", 200);
    assert_int_equal(count(text, "\"queue\":"), WEBPAGE_LIMIT);
    assert_non_null(strstr(text, "\"next\":100}"));
    s->query.after = 100;
    s->query.limit = 1000;
    for (unsigned rows = 0; rows < 150;) {
        text = see(s, "/v1/queues", 200);
        assert_true(s->text.length < 50000);
        assert_true(count(text, "\"queue\":") > 0);
        rows += count(text, "\"queue\":");
        s->query.after = 100 + rows;
    }
    assert_int_equal(s->query.after, 250);
    assert_non_null(strstr(text, "\"q249\""));
    assert_non_null(strstr(text, "\"next\":null}"));
    s->query.after = UINT64_MAX;
    assert_non_null(strstr(see(s, "/v1/queues", 200), "\"next\":null}"));
}

static void
one_queue_can_be_asked_for_and_must_be_there(void **state)
{
    struct sight *s = *state;

    make_queues(s, 3);
    assert_null(webpage_ask(&s->query, "queue", "q1"));
    const char *text = see(s, "/v1/queues", 200);
    assert_int_equal(count(text, "\"queue\":"), 1);
    assert_non_null(strstr(text, "\"q1\""));
    assert_null(webpage_ask(&s->query, "queue", "q7"));
    assert_string_equal(
        see(s, "/v1/queues", 404), "{\"error\":\"no such queue\"}\n");
    assert_string_equal(
        see(s, "/v1/tasks", 404), "{\"error\":\"no such queue\"}\n");
}

static void
metrics_have_a_bound_and_say_what_they_leave_out(void **state)
{
    struct sight *s = *state;

    make_queues(s, WEBMETRICS_QUEUES + 5);
    const char *text = see(s, "/metrics", 200);
    assert_int_equal(count(text, "stint_queue_backlog{"), WEBMETRICS_QUEUES);
    assert_non_null(strstr(text, "stint_queues_hidden 5\n"));
    assert_true(s->text.length < 1 << 20);
}

static void
wrong_questions_are_said_to_be_wrong(void **state)
{
    static const char *const wrong[][2] = { { "limit", "0" },
        { "limit", "1001" }, { "limit", "" }, { "limit", "-1" },
        { "limit", "1x" }, { "after", "1234567890123456789" },
        { "after", " 1" }, { "state", "gone" }, { "state", "" },
        { "payload", "1" } };
    struct webquery query = { .limit = 0 };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_non_null(webpage_ask(&query, wrong[i][0], wrong[i][1]));
    }
    assert_null(webpage_ask(&query, "state", "dead"));
    assert_int_equal(query.state, 5);
    assert_null(webpage_ask(&query, "limit", "1000"));
    assert_null(webpage_ask(&query, "after", "123456789012345678"));
    assert_int_equal(query.after, 123456789012345678);
}

static void
an_error_is_json_where_the_answers_are(void **state)
{
    struct sight *s = *state;

    assert_string_equal(
        webpage_error(&s->text, "/v1/x", "\"x\""), "application/json");
    assert_memory_equal(
        s->text.bytes, "{\"error\":\"\\\"x\\\"\"}\n", s->text.length);
    buf_clear(&s->text);
    assert_non_null(strstr(webpage_error(&s->text, "/v1", "no"), "text/plain"));
    assert_memory_equal(s->text.bytes, "no\n", s->text.length);
}

static void
seconds_are_numbers_without_needless_digits(void **state)
{
    static const struct {
        tick_ns length;
        const char *text;
    } cases[] = { { 0, "0" }, { 1, "0.000000001" },
        { 250 * TICK_US, "0.00025" }, { TICK_S, "1" }, { 10 * TICK_S, "10" },
        { 3600 * TICK_S, "3600" }, { 2500 * TICK_MS, "2.5" }, { -5, "0" } };
    struct sight *s = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        buf_clear(&s->text);
        webtext_seconds(&s->text, cases[i].length);
        assert_int_equal(s->text.length, strlen(cases[i].text));
        assert_memory_equal(
            s->text.bytes, cases[i].text, strlen(cases[i].text));
    }
}

int
main(void)
{
#define SEEN(test) cmocka_unit_test_setup_teardown(test, make_sight, end_sight)
    const struct CMUnitTest tests[] = {
        SEEN(probes_say_whether_it_lives_and_whether_it_takes_work),
        SEEN(everything_else_is_for_those_with_a_token),
        SEEN(a_histogram_is_cumulative_and_ends_with_all),
        SEEN(a_queue_shows_its_backlog),
        SEEN(a_name_is_quoted_for_both_formats),
        SEEN(what_is_no_plain_text_is_made_so),
        SEEN(queues_come_in_pages),
        SEEN(one_queue_can_be_asked_for_and_must_be_there),
        SEEN(metrics_have_a_bound_and_say_what_they_leave_out),
        SEEN(wrong_questions_are_said_to_be_wrong),
        SEEN(an_error_is_json_where_the_answers_are),
        SEEN(seconds_are_numbers_without_needless_digits),
    };
#undef SEEN

    return cmocka_run_group_tests(tests, NULL, NULL);
}
