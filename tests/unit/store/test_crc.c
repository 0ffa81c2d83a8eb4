#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base.h"
#include "master/store/crc.h"

enum { BYTES = 300 };

static void
make_bytes(uint8_t bytes[BYTES])
{
    for (unsigned i = 0; i < BYTES; i++)
        bytes[i] = (uint8_t)(i * 167 + (i >> 3));
}

/* A bit at a time, as the polynomial says: too slow to be wrong. */
static uint32_t
by_hand(uint32_t crc, const uint8_t *bytes, size_t length)
{
    crc = ~crc;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78U : crc >> 1;
    }
    return ~crc;
}

static void
the_known_vectors_come_out(void **state)
{
    (void)state;
    /* RFC 3720, B.4, and the check value of the catalogues. */
    uint8_t zeros[32] = { 0 }, ones[32], up[32], down[32];
    const struct {
        const void *bytes;
        size_t length;
        uint32_t crc;
    } vectors[] = {
        { "123456789", 9, 0xe3069283 },
        { "", 0, 0 },
        { "a", 1, 0xc1d04330 },
        { zeros, sizeof zeros, 0x8a9136aa },
        { ones, sizeof ones, 0x62a8ab43 },
        { up, sizeof up, 0x46dd794e },
        { down, sizeof down, 0x113fdb5c },
    };

    memset(ones, 0xff, sizeof ones);
    for (unsigned i = 0; i < 32; i++) {
        up[i] = (uint8_t)i;
        down[i] = (uint8_t)(31 - i);
    }
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        assert_int_equal(
            crc_more(0, vectors[i].bytes, vectors[i].length), vectors[i].crc);
        assert_int_equal(
            crc_more_by_table(0, vectors[i].bytes, vectors[i].length),
            vectors[i].crc);
    }
}

static void
any_start_and_any_length_agree_with_the_definition(void **state)
{
    (void)state;
    uint8_t bytes[BYTES];

    make_bytes(bytes);
    for (size_t start = 0; start < 16; start++) {
        for (size_t length = 0; length < 80; length++) {
            uint32_t want = by_hand(7, bytes + start, length);
            assert_int_equal(crc_more(7, bytes + start, length), want);
            assert_int_equal(crc_more_by_table(7, bytes + start, length), want);
        }
    }
}

static void
the_sum_of_pieces_is_the_sum_of_all(void **state)
{
    (void)state;
    uint8_t bytes[BYTES];

    make_bytes(bytes);
    uint32_t want = crc_more(0, bytes, BYTES);
    for (size_t cut = 0; cut <= BYTES; cut++) {
        uint32_t crc = crc_more(0, bytes, cut);
        assert_int_equal(crc_more(crc, bytes + cut, BYTES - cut), want);
    }
}

static void
every_flipped_bit_changes_the_sum(void **state)
{
    (void)state;
    uint8_t bytes[BYTES];

    make_bytes(bytes);
    uint32_t want = crc_more(0, bytes, BYTES);
    for (size_t bit = 0; bit < (size_t)BYTES * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_not_equal(crc_more(0, bytes, BYTES), want);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_known_vectors_come_out),
        cmocka_unit_test(any_start_and_any_length_agree_with_the_definition),
        cmocka_unit_test(the_sum_of_pieces_is_the_sum_of_all),
        cmocka_unit_test(every_flipped_bit_changes_the_sum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
