/* Thousands of batches, some of which fail, and some restarts: dict and list
 * are what a plain model of them says. */
#include "tests/unit/core/kept.h"
#include "tests/unit/core/share_rig.h"

#include "master/core/chance.h"

enum { KEYS = 6, LONGEST = 24, STEPS = 1500, BATCH_MAX = 6 };

struct model {
    char keys[KEYS][4], values[KEYS][4]; /* In order. */
    unsigned count;
    char list[LONGEST + 1][4];
    unsigned length;
};

static struct chance chance;

static unsigned
below(unsigned n)
{
    return (unsigned)(chance_draw(&chance) % n);
}

/* ---- the model ----------------------------------------------------------- */

static unsigned
find(const struct model *m, const char *key)
{
    unsigned i = 0;

    while (i < m->count && strcmp(m->keys[i], key) != 0)
        i++;
    return i;
}

static void
put(struct model *m, const char *key, const char *value)
{
    unsigned i = find(m, key);

    if (i == m->count) {
        memcpy(m->keys[i], key, sizeof m->keys[i]);
        m->count += 1;
    }
    memcpy(m->values[i], value, sizeof m->values[i]);
}

static bool
take(struct model *m, const char *key)
{
    unsigned i = find(m, key);

    if (i == m->count) return false;
    m->count -= 1;
    memmove(m->keys[i], m->keys[i + 1], (m->count - i) * sizeof m->keys[0]);
    memmove(
        m->values[i], m->values[i + 1], (m->count - i) * sizeof m->values[0]);
    return true;
}

static bool
insert(struct model *m, unsigned at, const char *value)
{
    if (at > m->length) at = m->length;
    memmove(m->list[at + 1], m->list[at], (m->length - at) * sizeof m->list[0]);
    memcpy(m->list[at], value, sizeof m->list[at]);
    m->length += 1;
    return true;
}

static bool
take_at(struct model *m, unsigned at)
{
    if (at >= m->length) return false;
    m->length -= 1;
    memmove(m->list[at], m->list[at + 1], (m->length - at) * sizeof m->list[0]);
    return true;
}

static void
reverse(struct model *m)
{
    struct model old = *m;

    for (unsigned i = 0; i < m->length; i++)
        memcpy(m->list[i], old.list[m->length - 1 - i], sizeof m->list[i]);
}

/* ---- one random operation, on both --------------------------------------- */

static bool
dict_step(
    struct model *m, struct rec_op *op, const char *key, const char *value)
{
    switch (below(5)) {
    case 0:
    case 1:
        *op = share_set("d", key, value);
        put(m, key, value);
        return true;
    case 2:
        *op = share_key("d", OP_SET_DEFAULT, key);
        op->value = slice_of(value);
        if (find(m, key) == m->count) put(m, key, value);
        return true;
    case 3:
        if (below(12) == 0) {
            *op = share_op("d", OP_CLEAR);
            m->count = 0;
            return true;
        }
        *op = share_set("d", key, value);
        op->only_if = -1;
        if (find(m, key) < m->count) return false;
        put(m, key, value);
        return true;
    default:
        *op = share_key("d", OP_POP, key);
        return take(m, key);
    }
}

static bool
list_step(struct model *m, struct rec_op *op, const char *value)
{
    unsigned at = below(m->length + 1);

    switch (below(8)) {
    case 0:
    case 1:
    case 2:
        if (m->length == LONGEST) break;
        *op = share_value("l", OP_INSERT, value);
        op->at = at;
        return insert(m, at, value);
    case 3:
        if (m->length == LONGEST) break;
        *op = share_value("l", OP_APPEND, value);
        return insert(m, m->length, value);
    case 4:
        *op = share_op("l", OP_REVERSE);
        reverse(m);
        return true;
    case 5:
        if (below(12) != 0) break;
        *op = share_op("l", OP_CLEAR);
        m->length = 0;
        return true;
    case 6:
        *op = share_at("l", OP_SET, at);
        op->value = slice_of(value);
        if (at == m->length) return false;
        memcpy(m->list[at], value, sizeof m->list[at]);
        return true;
    default:
        break;
    }
    *op = share_at("l", OP_POP, at);
    return take_at(m, at);
}

static void
batch(struct rig_peer *p, struct model *m)
{
    static char keys[BATCH_MAX][4], values[BATCH_MAX][4];
    unsigned count = 1 + below(BATCH_MAX), i = 0;
    struct rec_op ops[BATCH_MAX];
    struct model after = *m;
    bool fits = true;

    for (; fits && i < count; i++) {
        memset(values[i], 0, sizeof values[i]);
        memset(keys[i], 0, sizeof keys[i]);
        (void)snprintf(values[i], sizeof values[i], "%u", below(100));
        (void)snprintf(keys[i], sizeof keys[i], "k%u", below(KEYS));
        fits = below(2) == 0 ? dict_step(&after, &ops[i], keys[i], values[i])
                             : list_step(&after, &ops[i], values[i]);
    }
    struct share_answer a = share_all(p, ops, i);
    assert_int_equal(a.code == 0, fits);
    if (!fits) assert_int_equal(a.failed, i - 1);
    if (fits) *m = after;
}

/* ---- both are the same --------------------------------------------------- */

static void
compare(struct rig_peer *p, const struct model *m)
{
    char text[1024] = "";
    size_t length = 0;

    for (unsigned i = 0; i < m->count; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length,
            "%s%s=%s", i > 0 ? " " : "", m->keys[i], m->values[i]);
    }
    assert_string_equal(share_show(p, "d"), text);
    text[0] = '\0';
    length = 0;
    for (unsigned i = 0; i < m->length; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s",
            i > 0 ? " " : "", m->list[i]);
    }
    assert_string_equal(share_show(p, "l"), text);
}

static void
whatever_happens_all_is_as_it_should_be(void **state)
{
    struct rig_peer *p = rig_submitter(*state);
    struct model m = { .count = 0 };

    share_turn = kept_settle;
    chance_init(&chance, 11);
    share_open(p, "d", SHARE_DICT);
    share_open(p, "l", SHARE_LIST);
    for (int step = 0; step < STEPS; step++) {
        batch(p, &m);
        compare(p, &m);
        rig_forget_inbox(p);
        if (below(50) != 0) continue;
        kept_restart(*state);
        rig_hello(p, PROTO_VERSION);
        kept_settle(*state);
        compare(p, &m);
        assert_int_equal(kept_count_rows(ROW_entry), m.count + m.length);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whatever_happens_all_is_as_it_should_be,
            kept_set_up, kept_tear_down),
    };

    return cmocka_run_group_tests_name("share: a model", tests, NULL, NULL);
}
