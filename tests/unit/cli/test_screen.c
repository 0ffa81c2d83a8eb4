/* What `stint top` draws: it fits, and shows what is selected. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/screen.h"
#include "cli/width.h"

enum { JOBS = 30, WORKERS = 20, QUEUES = 2 };

/* Thirty jobs, of which the odd ones have ended. */
static void
fill(struct snapshot *shot)
{
    char text[64];

    *shot = (struct snapshot){ .taken_ms = 1000 };
    snprintf(shot->status.software, sizeof(shot->status.software), "stint 0.1");
    for (uint64_t i = 1; i <= JOBS; i++) {
        snprintf(text, sizeof(text), "./simulate 日本 --with a long line %d",
            (int)i);
        snapshot_add_job(
            shot, &(struct stint_job_row){ .job = i,
                      .queue = "default",
                      .command = text,
                      .tasks = 1000,
                      .done = 100 * (i % 10),
                      .ends = 100 * (i % 10),
                      .state = i % 2 == 0 ? STINT_JOB_RUNNING : STINT_JOB_DONE,
                      .ended_ns = i % 2 == 0 ? 0 : 5,
                      .age_ns = 1000000000 });
    }
    for (int i = 1; i <= WORKERS; i++) {
        snprintf(text, sizeof(text), "node%d", i);
        snapshot_add_worker(shot, &(struct stint_peer_row){ .name = text,
                                      .host = "a-host",
                                      .kind = STINT_WORKER,
                                      .alive = i != 3,
                                      .draining = i == 2,
                                      .slots = 8,
                                      .leased = 4,
                                      .running = 4 });
    }
    for (int i = 1; i <= QUEUES; i++) {
        snprintf(text, sizeof(text), "queue%d", i);
        snapshot_add_queue(
            shot, &(struct stint_queue_row){
                      .name = text, .ready = 17, .paused = i == 2 });
    }
    snapshot_finish(shot, NULL);
}

/* The text of a screen; free it. */
static char *
draw(const struct screen *screen, const struct snapshot *shot)
{
    static char *text;
    static size_t size;
    FILE *out = open_memstream(&text, &size);

    screen_draw(screen, shot, out);
    fclose(out);
    return text;
}

/* Takes out the escapes in place. */
static void
strip(char *text)
{
    char *to = text;

    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\033') {
            at = strchr(at, 'm');
            assert_non_null(at);
            continue;
        }
        *to++ = *at;
    }
    *to = '\0';
}

static size_t
check_lines(char *text, size_t columns)
{
    size_t lines = 0;
    char *rest = text;

    strip(text);
    for (char *line; (line = strsep(&rest, "\n")) != NULL; lines++)
        assert_int_equal(width_of(line), columns);
    return lines;
}

static void
every_line_is_as_wide_as_the_terminal_and_there_are_as_many(void **state)
{
    static const size_t sizes[][2] = { { 80, 24 }, { 200, 60 }, { 40, 10 },
        { 20, 5 }, { 133, 100 }, { 1, 1 }, { 80, 2 }, { 80, 3 }, { 500, 30 } };
    struct snapshot shot;

    (void)state;
    fill(&shot);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        for (int help = 0; help < 2; help++) {
            struct screen screen = {
                .columns = sizes[i][0], .lines = sizes[i][1], .help = help != 0
            };
            char *text;

            screen_settle(&screen, &shot);
            text = draw(&screen, &shot);
            assert_int_equal(check_lines(text, screen.columns), screen.lines);
            free(text);
        }
    snapshot_fini(&shot);
}

static void
jobs_that_go_on_come_first_the_newest_first(void **state)
{
    struct snapshot shot;

    (void)state;
    fill(&shot);
    assert_int_equal(shot.jobs[0].job, 30);
    assert_int_equal(shot.jobs[14].job, 2);
    assert_int_equal(shot.jobs[15].job, 29);
    snapshot_fini(&shot);
}

static void
the_selected_row_is_always_to_be_seen(void **state)
{
    struct snapshot shot;
    struct screen screen = { .columns = 80, .lines = 24 };

    (void)state;
    fill(&shot);
    screen_settle(&screen, &shot);
    assert_int_equal(screen.job, 30);
    for (int i = 0; i < JOBS + 3; i++) {
        char *text = draw(&screen, &shot), *at = strstr(text, "\033[7m");

        assert_non_null(at);
        assert_int_equal(strtoull(at + 4, NULL, 10), screen.job);
        free(text);
        screen_move(&screen, &shot, 1);
    }
    assert_int_equal(screen.job, 1);
    screen_move(&screen, &shot, -1000);
    assert_int_equal(screen.job, 30);
    snapshot_fini(&shot);
}

static void
a_row_that_is_gone_gives_its_selection_to_the_first(void **state)
{
    struct snapshot shot;
    struct screen screen = { .columns = 80,
        .lines = 24,
        .job = 99,
        .worker = "node7",
        .queue = "gone" };

    (void)state;
    fill(&shot);
    screen_settle(&screen, &shot);
    assert_int_equal(screen.job, 30);
    assert_string_equal(screen.worker, "node7");
    assert_string_equal(screen.queue, "queue1");
    screen_next_panel(&screen, -1);
    assert_int_equal(screen.panel, SCREEN_QUEUES);
    screen_next_panel(&screen, 1);
    assert_int_equal(screen.panel, SCREEN_JOBS);
    snapshot_fini(&shot);
}

static void
no_panel_starves_another(void **state)
{
    struct snapshot shot;
    struct screen screen = { .columns = 80, .lines = 24 };
    char *text;

    (void)state;
    fill(&shot);
    text = draw(&screen, &shot);
    assert_non_null(strstr(text, "node1 "));
    assert_non_null(strstr(text, "draining"));
    assert_non_null(strstr(text, "silent"));
    assert_non_null(strstr(text, "queue1"));
    assert_non_null(strstr(text, "paused"));
    assert_non_null(strstr(text, "/30 "));
    free(text);
    snapshot_fini(&shot);
}

static void
a_plain_one_has_all_rows_and_no_escapes(void **state)
{
    struct snapshot shot;
    struct screen screen = { .columns = 80, .plain = true };
    size_t lines = 1;
    char *text;

    (void)state;
    fill(&shot);
    text = draw(&screen, &shot);
    assert_null(strchr(text, '\033'));
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, 1 + 3 + JOBS + WORKERS + QUEUES);
    free(text);
    snapshot_fini(&shot);
}

static void
finish_again(struct snapshot *now, const struct snapshot *before)
{
    free(now->job_rates);
    free(now->job_paces);
    free(now->queue_rates);
    snapshot_finish(now, before);
}

static void
rates_come_from_two_looks(void **state)
{
    struct snapshot before, now;

    (void)state;
    fill(&before);
    fill(&now);
    now.taken_ms = before.taken_ms + 2000;
    for (size_t i = 0; i < now.job_count; i++)
        now.jobs[i].ends += 50;
    finish_again(&now, &before);
    assert_float_equal(now.job_rates[0], 25, 0.001);
    assert_float_equal(now.job_rates[20], 0, 0.001);
    snapshot_fini(&now);
    snapshot_fini(&before);
}

static void
age(struct snapshot *shot, int64_t seconds)
{
    for (size_t i = 0; i < shot->job_count; i++)
        shot->jobs[i].age_ns = seconds * 1000000000;
}

static void
the_end_that_is_told_does_not_jump(void **state)
{
    struct snapshot before, now;
    double steady;

    (void)state;
    fill(&before);
    age(&before, 60);
    steady = before.job_paces[1];
    /* A look just behind another, as a key makes it, in which something ended;
     * then one in which nothing did. */
    for (int i = 0; i < 6; i++) {
        fill(&now);
        age(&now, 60);
        now.taken_ms = before.taken_ms + (i % 2 == 0 ? 10 : 990);
        for (size_t j = 0; j < now.job_count; j++)
            now.jobs[j].ends =
                before.jobs[j].ends + (i % 2 == 0 ? (uint64_t)steady : 0);
        finish_again(&now, &before);
        snapshot_fini(&before);
        before = now;
        assert_true(now.job_paces[1] > steady * 0.85);
        assert_true(now.job_paces[1] < steady * 1.15);
    }
    snapshot_fini(&now);
}

static void
what_does_not_fit_is_left_out_whole(void **state)
{
    static const enum screen_panel panels[] = { SCREEN_JOBS, SCREEN_WORKERS,
        SCREEN_QUEUES };
    struct snapshot shot;

    (void)state;
    fill(&shot);
    for (size_t columns = 10; columns < 120; columns++)
        for (size_t p = 0; p < 3; p++) {
            struct screen screen = {
                .columns = columns, .lines = 24, .panel = panels[p]
            };
            char *text = draw(&screen, &shot), *last, *first_end;

            strip(text);
            last = strrchr(text, '\n') + 1;
            assert_int_equal(strncmp(last, "q quit ", 7), 0);
            assert_null(strstr(last, "…"));
            if (columns >= 80) assert_non_null(strstr(last, "? help"));
            first_end = strchr(text, '\n');
            *first_end = '\0';
            if (columns >= 25) assert_null(strstr(text, "…"));
            free(text);
        }
    snapshot_fini(&shot);
}

static void
a_small_window_shows_rows_of_the_active_panel(void **state)
{
    struct snapshot shot;
    struct screen screen = { .columns = 20, .lines = 5 };
    char *text;

    (void)state;
    fill(&shot);
    screen_settle(&screen, &shot);
    text = draw(&screen, &shot);
    assert_non_null(strstr(text, "   30 "));
    assert_int_equal(check_lines(text, 20), 5);
    free(text);
    screen_next_panel(&screen, 1);
    text = draw(&screen, &shot);
    assert_non_null(strstr(text, "node2"));
    assert_int_equal(check_lines(text, 20), 5);
    free(text);
    snapshot_fini(&shot);
}

static void
what_others_named_plays_no_tricks(void **state)
{
    struct snapshot shot = { .taken_ms = 1 };
    struct screen screen = { .columns = 80, .lines = 24 };
    char *text;

    (void)state;
    snapshot_add_job(&shot,
        &(struct stint_job_row){
            .job = 1, .queue = "q", .name = "\033[2J\xff\nx", .tasks = 1 });
    snapshot_finish(&shot, NULL);
    text = draw(&screen, &shot);
    assert_null(strstr(text, "\033[2J"));
    assert_int_equal(check_lines(text, 80), 24);
    free(text);
    snapshot_fini(&shot);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            every_line_is_as_wide_as_the_terminal_and_there_are_as_many),
        cmocka_unit_test(jobs_that_go_on_come_first_the_newest_first),
        cmocka_unit_test(the_selected_row_is_always_to_be_seen),
        cmocka_unit_test(a_row_that_is_gone_gives_its_selection_to_the_first),
        cmocka_unit_test(no_panel_starves_another),
        cmocka_unit_test(a_plain_one_has_all_rows_and_no_escapes),
        cmocka_unit_test(rates_come_from_two_looks),
        cmocka_unit_test(the_end_that_is_told_does_not_jump),
        cmocka_unit_test(what_does_not_fit_is_left_out_whole),
        cmocka_unit_test(a_small_window_shows_rows_of_the_active_panel),
        cmocka_unit_test(what_others_named_plays_no_tricks),
    };

    unsetenv("LC_ALL");
    unsetenv("LC_CTYPE");
    unsetenv("LANG");
    width_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
