/* What a job runs and how attempts went, to records and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "client/job/decode.h"
#include "client/job/encode.h"
#include "common/sys/say.h"
#include "proto/attempts.h"

static void
a_command_is_the_same_afterwards(void **state)
{
    const char *const argv[] = { "./sim ulate", "{}", "", NULL };
    const char *const env[] = { "A=1", "B=", NULL };
    const struct stint_command command = { .argv = argv,
        .env = env,
        .cwd = "/data",
        .cwd_must = true,
        .shell = true,
        .grace_ms = 1500,
        .memory_max = 1U << 30,
        .cpu_ms = 7,
        .files_max = 64,
        .output_max = 4096 };
    struct stint_command flags = { .argv = NULL };
    struct rec_command r;
    struct buf b;

    (void)state;
    buf_init(&b);
    assert_int_equal(encode_command(&b, &command), 0);
    assert_int_equal(
        decode_command((struct slice){ b.bytes, b.length }, &r), 0);
    assert_int_equal(r.argv.length, sizeof "./sim ulate\0{}\0");
    assert_memory_equal(r.argv.bytes, "./sim ulate\0{}\0", r.argv.length);
    assert_int_equal(decode_count_words(r.argv), 3);
    assert_int_equal(decode_count_words(r.env), 2);
    assert_memory_equal(r.env.bytes, "A=1\0B=", r.env.length);
    assert_int_equal(decode_count_words(r.outputs), 0);
    assert_true(slice_equal(r.cwd, slice_of("/data")));
    decode_flags(r.flags, &flags);
    assert_true(flags.shell && flags.cwd_must);
    assert_false(flags.input || flags.own_folder);
    assert_true(r.grace_ns == 1500000000 && r.cpu_ns == 7000000);
    assert_true(r.memory_max == 1U << 30 && r.files_max == 64);
    assert_int_equal(r.output_max, 4096);
    buf_fini(&b);
}

static void
what_is_no_command_is_refused(void **state)
{
    const char *const none[] = { NULL };
    const char *const argv[] = { "true", NULL };
    const char *const env[] = { "A=1", "=2", NULL };
    const struct stint_command wrong[] = { { .argv = NULL }, { .argv = none },
        { .argv = argv, .env = env }, { .argv = argv, .grace_ms = -1 },
        { .argv = argv, .cwd_must = true },
        { .argv = argv, .output_max = UINT64_MAX } };
    struct buf b;

    (void)state;
    buf_init(&b);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(encode_command(&b, &wrong[i]), STINT_EINVAL);
        assert_int_equal(b.length, 0);
    }
    buf_fini(&b);
}

static void
a_command_of_more_than_a_mebibyte_is_too_large(void **state)
{
    static char word[1048576];
    const char *const argv[] = { "true", word, NULL };
    const struct stint_command command = { .argv = argv };
    struct buf b;

    (void)state;
    memset(word, 'x', sizeof word - 1);
    buf_init(&b);
    assert_int_equal(encode_command(&b, &command), STINT_ETOOLARGE);
    buf_fini(&b);
}

static void
words_without_their_nul_are_no_command(void **state)
{
    struct rec_command r = { .argv = slice_of("true") };
    struct buf b;

    (void)state;
    buf_init(&b);
    codec_record(&b, RECORD_command, &r);
    assert_int_equal(decode_command((struct slice){ b.bytes, b.length }, &r),
        STINT_EMALFORMED);
    assert_int_equal(
        decode_command((struct slice){ b.bytes, b.length - 1 }, &r),
        STINT_EMALFORMED);
    assert_int_equal(
        decode_command((struct slice){ b.bytes, 0 }, &r), STINT_EMALFORMED);
    buf_fini(&b);
}

static void
traits_are_labels_and_counts_up_to_one_without_a_name(void **state)
{
    const struct stint_trait traits[] = { { .name = "zone", .value = "b" },
        { .name = "gpus", .count = 2 }, { .name = "exec" }, { .name = NULL } };
    struct proto_list list;
    struct rec_trait r;
    struct buf b;

    (void)state;
    buf_init(&b);
    assert_int_equal(encode_traits(&b, &list, traits, 3), 0);
    assert_int_equal(list.count, 3);
    assert_true(codec_list_next(&list, RECORD_trait, &r));
    assert_true(slice_equal(r.value, slice_of("b")));
    assert_true(codec_list_next(&list, RECORD_trait, &r));
    assert_true(slice_equal(r.name, slice_of("gpus")) && r.count == 2);
    assert_true(codec_list_next(&list, RECORD_trait, &r));
    assert_true(r.value.length == 0 && r.count == 0);
    assert_int_equal(encode_traits(&b, &list, traits, 2), STINT_EINVAL);
    assert_int_equal(encode_traits(&b, &list, NULL, 2), 0);
    assert_int_equal(list.count, 0);
    buf_fini(&b);
}

static void
a_trait_is_either_a_label_or_a_count(void **state)
{
    const struct stint_trait both[] = { { "gpus", "2", 2 }, { NULL, NULL, 0 } };
    const struct stint_trait empty[] = { { "", "2", 0 }, { NULL, NULL, 0 } };
    struct proto_list list;
    struct buf b;

    (void)state;
    buf_init(&b);
    assert_int_equal(encode_traits(&b, &list, both, 9), STINT_EINVAL);
    assert_int_equal(encode_traits(&b, &list, empty, 9), STINT_EINVAL);
    buf_fini(&b);
}

static void
attempts_are_read_one_behind_the_other(void **state)
{
    const struct stint_attempt first = { .cause = STINT_CAUSE_TIMEOUT,
        .signal = 9,
        .worker = "w1",
        .reason = "it took too long" };
    const struct stint_attempt second = { .code = 3,
        .err_cut = true,
        .began_ns = 1700000000000000000,
        .wall_ns = 5,
        .user_ns = 4,
        .system_ns = 3,
        .memory = 4096,
        .worker = "w2" };
    struct buf notes, room;

    (void)state;
    buf_init(&notes);
    buf_init(&room);
    encode_note(&notes, &first, 1, 10);
    encode_note(&notes, &second, 2, 7);
    const struct rec_end end = { .attempts = 2,
        .notes = { notes.bytes, notes.length },
        .output = slice_of("seven..err") };
    struct slice out, err;
    struct decode_attempts all =
        decode_attempts(&room, (struct slice){ notes.bytes, notes.length });
    assert_int_equal(all.count, 2);
    assert_int_equal(all.tries[1].attempt, 2);
    attempts_split(&end, &out, &err);
    assert_int_equal(out.length, 7);
    assert_int_equal(err.length, 3);
    assert_int_equal(all.tries[0].attempt, 1);
    assert_int_equal(all.tries[0].cause, STINT_CAUSE_TIMEOUT);
    assert_int_equal(all.tries[0].signal, 9);
    assert_string_equal(all.tries[0].worker, "w1");
    assert_string_equal(all.tries[0].reason, "it took too long");
    assert_int_equal(all.tries[1].code, 3);
    assert_true(all.tries[1].err_cut && !all.tries[1].out_cut);
    assert_true(all.tries[1].began_ns == 1700000000000000000);
    assert_int_equal(all.tries[1].wall_ns, 5);
    assert_int_equal(all.tries[1].memory, 4096);
    assert_string_equal(all.tries[1].reason, "");
    buf_fini(&notes);
    buf_fini(&room);
}

static void
behind_what_is_no_attempt_nothing_is_believed(void **state)
{
    const struct stint_attempt how = { .worker = "w" };
    struct buf notes, room;

    (void)state;
    buf_init(&notes);
    buf_init(&room);
    encode_note(&notes, &how, 1, 0);
    size_t whole = notes.length;
    encode_note(&notes, &how, 2, 0);
    for (size_t cut = whole; cut < notes.length; cut++) {
        struct decode_attempts all =
            decode_attempts(&room, (struct slice){ notes.bytes, cut });
        assert_int_equal(all.count, 1);
        assert_int_equal(all.tries[0].attempt, 1);
    }
    assert_int_equal(
        decode_attempts(&room, (struct slice){ NULL, 0 }).count, 0);
    buf_fini(&notes);
    buf_fini(&room);
}

static void
what_a_worker_says_at_length_is_cut_to_what_the_master_takes(void **state)
{
    static char text[3000];
    struct stint_attempt how = { .worker = text, .reason = text };
    struct buf notes, room;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    buf_init(&notes);
    buf_init(&room);
    encode_note(&notes, &how, 1, 0);
    assert_true(notes.length <= 4096);
    struct decode_attempts all =
        decode_attempts(&room, (struct slice){ notes.bytes, notes.length });
    assert_int_equal(all.count, 1);
    assert_int_equal(strlen(all.tries[0].worker), 255);
    assert_int_equal(strlen(all.tries[0].reason), 1024);
    buf_fini(&notes);
    buf_fini(&room);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_the_same_afterwards),
        cmocka_unit_test(what_is_no_command_is_refused),
        cmocka_unit_test(a_command_of_more_than_a_mebibyte_is_too_large),
        cmocka_unit_test(words_without_their_nul_are_no_command),
        cmocka_unit_test(traits_are_labels_and_counts_up_to_one_without_a_name),
        cmocka_unit_test(a_trait_is_either_a_label_or_a_count),
        cmocka_unit_test(attempts_are_read_one_behind_the_other),
        cmocka_unit_test(behind_what_is_no_attempt_nothing_is_believed),
        cmocka_unit_test(
            what_a_worker_says_at_length_is_cut_to_what_the_master_takes),
    };

    return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
