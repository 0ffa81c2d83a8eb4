/* Dicts, lists, values and batches through the public library, as
 * multiprocessing's managers have them; of a master in this process. */
#include "tests/integration/with_master.h"

#include <stint_shared.h>

static struct stint_dict *
open_dict(struct stint *on, const char *name)
{
    struct stint_dict *d;

    OK(stint_dict_open(on, name, NULL, &d));
    return d;
}

static struct stint_list *
open_list(struct stint *on, const char *name)
{
    struct stint_list *l;

    OK(stint_list_open(on, name, NULL, &l));
    return l;
}

static struct stint_value *
open_value(struct stint *on, const char *name, struct stint_value_options o)
{
    struct stint_value *v;

    OK(stint_value_open(on, name, &o, &v));
    return v;
}

static void
set(struct stint_dict *d, const char *key, const char *value)
{
    OK(stint_dict_set(d, key, strlen(key), value, strlen(value)));
}

static void
assert_has(struct stint_dict *d, const char *key, const char *value)
{
    struct stint_bytes got;

    OK(stint_dict_get(d, key, strlen(key), &got));
    assert_int_equal(got.size, strlen(value));
    assert_memory_equal(got.data, value, got.size);
    stint_bytes_free(&got);
    assert_null(got.data);
}

static void
append(struct stint_list *l, const char *value)
{
    OK(stint_list_append(l, value, strlen(value)));
}

static void
assert_at(struct stint_list *l, int64_t at, const char *value)
{
    struct stint_bytes got;

    OK(stint_list_get(l, at, &got));
    assert_int_equal(got.size, strlen(value));
    assert_memory_equal(got.data, value, got.size);
    stint_bytes_free(&got);
}

/* ---- dict ---------------------------------------------------------------- */

static void
a_dict_is_shared_by_whoever_opens_its_name(void **state)
{
    struct stint *other = connect_as("other");
    const char *name = fresh();
    struct stint_dict *mine = open_dict(s, name);
    struct stint_dict *theirs = open_dict(other, name);

    (void)state;
    set(mine, "ada", "36");
    assert_has(theirs, "ada", "36");
    set(theirs, "ada", "37");
    assert_has(mine, "ada", "37");
    stint_dict_close(theirs);
    stint_close(other);
    assert_has(mine, "ada", "37");
    stint_dict_close(mine);
}

static void
dict_errors_are_keyerror(void **state)
{
    struct stint_dict *d = open_dict(s, fresh());
    struct stint_bytes value;

    (void)state;
    assert_int_equal(stint_dict_get(d, "a", 1, &value), STINT_ENOENTRY);
    assert_null(value.data);
    assert_int_equal(stint_dict_delete(d, "a", 1), STINT_ENOENTRY);
    assert_int_equal(stint_dict_pop(d, "a", 1, &value), STINT_ENOENTRY);
    stint_dict_close(d);
}

static void
dict_methods_do_what_those_of_a_proxy_do(void **state)
{
    struct stint_dict *d = open_dict(s, fresh());
    struct stint_bytes value;
    uint64_t length;

    (void)state;
    OK(stint_dict_setdefault(d, "a", 1, "1", 1, &value));
    assert_memory_equal(value.data, "1", 1);
    stint_bytes_free(&value);
    OK(stint_dict_setdefault(d, "a", 1, "2", 1, &value));
    assert_memory_equal(value.data, "1", 1);
    stint_bytes_free(&value);
    assert_int_equal(stint_dict_contains(d, "a", 1), 1);
    assert_int_equal(stint_dict_contains(d, "b", 1), 0);
    OK(stint_dict_pop(d, "a", 1, &value));
    stint_bytes_free(&value);
    set(d, "b", "");
    assert_has(d, "b", "");
    OK(stint_dict_delete(d, "b", 1));
    set(d, "c", "3");
    OK(stint_dict_len(d, &length));
    assert_int_equal(length, 1);
    OK(stint_dict_clear(d));
    OK(stint_dict_len(d, &length));
    assert_int_equal(length, 0);
    stint_dict_close(d);
}

/* As of Python's d['a'].append(2), which leaves [1]. */
static void
what_is_read_is_a_copy_until_it_is_assigned_back(void **state)
{
    struct stint_dict *d = open_dict(s, fresh());
    struct stint_bytes copy;

    (void)state;
    set(d, "a", "one");
    OK(stint_dict_get(d, "a", 1, &copy));
    memcpy((void *)(uintptr_t)copy.data, "two", 3);
    assert_has(d, "a", "one");
    OK(stint_dict_set(d, "a", 1, copy.data, copy.size));
    assert_has(d, "a", "two");
    stint_bytes_free(&copy);
    stint_dict_close(d);
}

enum { ADDERS = 4, ADDS = 300 };

static void *
add_many(void *arg)
{
    for (int i = 0; i < ADDS; i++) {
        if (stint_dict_add(arg, "n", 1, 1, NULL) != 0) return arg;
    }
    return NULL;
}

/* Of Python's d[k] += 1 by 4 threads, 408 and 463 of 1,200 were left. */
static void
dict_increments_of_many_threads_are_all_counted(void **state)
{
    struct stint_dict *d = open_dict(s, fresh());
    pthread_t threads[ADDERS];
    void *failed;
    int64_t sum;

    (void)state;
    for (int i = 0; i < ADDERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, d), 0);
    }
    for (int i = 0; i < ADDERS; i++) {
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    OK(stint_dict_add(d, "n", 1, 0, &sum));
    assert_int_equal(sum, ADDERS * ADDS);
    stint_dict_close(d);
}

static void
an_add_that_does_not_fit_changes_nothing(void **state)
{
    struct stint_dict *d = open_dict(s, fresh());
    int64_t sum = 5;

    (void)state;
    OK(stint_dict_add(d, "n", 1, INT64_MAX, &sum));
    assert_int_equal(sum, INT64_MAX);
    assert_int_equal(stint_dict_add(d, "n", 1, 1, &sum), STINT_EOVERFLOW);
    OK(stint_dict_add(d, "n", 1, INT64_MIN, &sum));
    assert_int_equal(sum, -1);
    set(d, "text", "text");
    assert_int_equal(stint_dict_add(d, "text", 4, 1, &sum), STINT_ETYPE);
    stint_dict_close(d);
}

static void
compare_and_set_tells_the_version_that_was_in_the_way(void **state)
{
    struct stint_dict *d = open_dict(s, fresh());
    uint64_t version = 0, now;
    struct stint_bytes value;

    (void)state;
    OK(stint_dict_compare_and_set(d, "a", 1, "1", 1, &version));
    assert_true(version > 0);
    now = 0;
    assert_int_equal(
        stint_dict_compare_and_set(d, "a", 1, "2", 1, &now), STINT_ECHANGED);
    assert_int_equal(now, version);
    OK(stint_dict_compare_and_set(d, "a", 1, "2", 1, &now));
    assert_true(now > version);
    OK(stint_dict_get_version(d, "a", 1, &value, &version));
    assert_int_equal(version, now);
    assert_memory_equal(value.data, "2", 1);
    stint_bytes_free(&value);
    OK(stint_dict_delete(d, "a", 1));
    assert_int_equal(
        stint_dict_compare_and_set(d, "a", 1, "3", 1, &now), STINT_ECHANGED);
    assert_int_equal(now, 0);
    stint_dict_close(d);
}

struct seen {
    unsigned count, until;
    size_t bytes;
    bool in_order;
};

static int
see(void *arg, const struct stint_entry *entry)
{
    struct seen *seen = arg;
    char key[16];

    (void)snprintf(key, sizeof key, "key-%u", seen->count);
    if (entry->key.size != strlen(key)
        || memcmp(entry->key.data, key, entry->key.size) != 0
        || entry->version == 0) {
        seen->in_order = false;
    }
    seen->count += 1;
    seen->bytes += entry->value.size;
    return seen->count == seen->until ? 7 : 0;
}

static void
iterating_goes_through_all_pages_in_the_order_of_adding(void **state)
{
    enum { ENTRIES = 2500, PIECE = 100 };
    struct stint_dict *d = open_dict(s, fresh());
    struct stint_batch *b = stint_batch_new(s);
    struct seen seen = { .in_order = true };

    (void)state;
    for (unsigned i = 0; i < ENTRIES; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key-%u", i);
        stint_batch_dict_set(b, d, key, strlen(key), key, strlen(key));
        if ((i + 1) % PIECE != 0) continue;
        OK(stint_batch_run(b, NULL));
        stint_batch_free(b);
        b = stint_batch_new(s);
    }
    stint_batch_free(b);
    OK(stint_dict_each(d, see, &seen));
    assert_int_equal(seen.count, ENTRIES);
    assert_true(seen.in_order);
    seen = (struct seen){ .in_order = true, .until = 1200 };
    assert_int_equal(stint_dict_each(d, see, &seen), 7);
    assert_int_equal(seen.count, 1200);
    stint_dict_close(d);
}

static void
a_page_of_large_values_comes_in_pieces(void **state)
{
    enum { ENTRIES = 5, SIZE = 700 << 10 };
    struct stint_dict *d = open_dict(s, fresh());
    struct seen seen = { .in_order = true };
    char *value = calloc(1, SIZE);

    (void)state;
    for (unsigned i = 0; i < ENTRIES; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key-%u", i);
        OK(stint_dict_set(d, key, strlen(key), value, SIZE));
    }
    OK(stint_dict_each(d, see, &seen));
    assert_int_equal(seen.count, ENTRIES);
    assert_int_equal(seen.bytes, ENTRIES * SIZE);
    free(value);
    stint_dict_close(d);
}

static void
bad_arguments_are_refused_here(void **state)
{
    struct stint_dict *d = open_dict(s, fresh());
    static char key[5000];

    (void)state;
    assert_int_equal(stint_dict_set(d, key, sizeof key, "1", 1), STINT_EINVAL);
    assert_int_equal(stint_dict_set(d, NULL, 1, "1", 1), STINT_EINVAL);
    assert_int_equal(stint_dict_set(d, "a", 1, NULL, 1), STINT_EINVAL);
    stint_dict_close(d);
    assert_int_equal(stint_dict_open(s, "", NULL, &d), STINT_EINVAL);
    assert_null(d);
}

static void
an_object_of_another_kind_is_not_opened(void **state)
{
    const struct stint_object_options only = { .only_open = true };
    const char *name = fresh();
    struct stint_dict *d = open_dict(s, name), *again;
    struct stint_list *l;

    (void)state;
    assert_int_equal(stint_list_open(s, name, NULL, &l), STINT_EEXISTS);
    OK(stint_dict_open(s, name, &only, &again));
    stint_dict_close(again);
    assert_int_equal(
        stint_dict_open(s, "nobody made it", &only, &again), STINT_ENOOBJECT);
    OK(stint_object_delete(s, name));
    assert_int_equal(stint_dict_set(d, "a", 1, "1", 1), STINT_ENOOBJECT);
    stint_dict_close(d);
}

static void
a_handle_outlives_its_connection_and_says_so(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_dict *d = open_dict(other, fresh());
    struct stint_batch *b = stint_batch_new(other);
    uint64_t length, version = 0;

    (void)state;
    stint_batch_dict_get(b, d, "a", 1);
    OK(stint_close(other));
    assert_int_equal(stint_dict_set(d, "a", 1, "1", 1), STINT_ECLOSED);
    assert_int_equal(stint_dict_len(d, &length), STINT_ECLOSED);
    assert_int_equal(stint_dict_watch(d, NULL, 0, &version, 0), STINT_ECLOSED);
    assert_int_equal(stint_batch_run(b, NULL), STINT_ECLOSED);
    stint_batch_free(b);
    stint_dict_close(d);
}

/* Python's keeps a name that begins with '_' in the proxy. */
static void
all_names_of_a_namespace_are_shared(void **state)
{
    struct stint *other = connect_as("other");
    const char *name = fresh();
    struct stint_dict *mine = open_dict(s, name);
    struct stint_dict *theirs = open_dict(other, name);
    struct stint_bytes value;

    (void)state;
    OK(stint_namespace_set(mine, "_hidden", "1", 1));
    OK(stint_namespace_get(theirs, "_hidden", &value));
    assert_memory_equal(value.data, "1", 1);
    stint_bytes_free(&value);
    OK(stint_namespace_delete(theirs, "_hidden"));
    assert_int_equal(
        stint_namespace_get(mine, "_hidden", &value), STINT_ENOENTRY);
    stint_dict_close(theirs);
    stint_dict_close(mine);
    stint_close(other);
}

/* ---- list ---------------------------------------------------------------- */

static void
list_methods_do_what_those_of_a_proxy_do(void **state)
{
    struct stint_list *l = open_list(s, fresh());
    const struct stint_bytes more[] = { { "c", 1 }, { "d", 1 } };
    struct stint_bytes value;
    uint64_t number;

    (void)state;
    append(l, "a");
    append(l, "b");
    OK(stint_list_extend(l, more, 2));
    OK(stint_list_insert(l, 1, "x", 1));
    OK(stint_list_insert(l, -100, "first", 5));
    OK(stint_list_insert(l, 100, "last", 4)); /* first a x b c d last */
    OK(stint_list_len(l, &number));
    assert_int_equal(number, 7);
    assert_at(l, 0, "first");
    assert_at(l, 2, "x");
    assert_at(l, -1, "last");
    OK(stint_list_set(l, -1, "b", 1));
    OK(stint_list_count(l, "b", 1, &number));
    assert_int_equal(number, 2);
    OK(stint_list_index(l, "b", 1, &number));
    assert_int_equal(number, 3);
    OK(stint_list_remove(l, "b", 1));
    OK(stint_list_index(l, "b", 1, &number));
    assert_int_equal(number, 5);
    OK(stint_list_pop(l, -1, &value));
    stint_bytes_free(&value);
    OK(stint_list_delete(l, 0)); /* a x c d */
    OK(stint_list_reverse(l));
    assert_at(l, 0, "d");
    assert_at(l, 3, "a");
    OK(stint_list_clear(l));
    OK(stint_list_len(l, &number));
    assert_int_equal(number, 0);
    stint_list_close(l);
}

static void
list_errors_are_indexerror_and_valueerror(void **state)
{
    struct stint_list *l = open_list(s, fresh());
    struct stint_bytes value;
    uint64_t at;

    (void)state;
    append(l, "a");
    assert_int_equal(stint_list_get(l, 1, &value), STINT_ENOENTRY);
    assert_int_equal(stint_list_get(l, -2, &value), STINT_ENOENTRY);
    assert_int_equal(stint_list_set(l, 1, "b", 1), STINT_ENOENTRY);
    assert_int_equal(stint_list_pop(l, 1, &value), STINT_ENOENTRY);
    assert_int_equal(stint_list_delete(l, 1), STINT_ENOENTRY);
    assert_int_equal(stint_list_remove(l, "b", 1), STINT_ENOENTRY);
    assert_int_equal(stint_list_index(l, "b", 1, &at), STINT_ENOENTRY);
    stint_list_close(l);
}

struct cut {
    uint64_t next, count;
    bool right;
};

static int
see_slice(void *arg, uint64_t at, const struct stint_bytes *value)
{
    struct cut *cut = arg;
    unsigned number;

    if (cut->count == 0) cut->next = at;
    memcpy(&number, value->data, sizeof number);
    if (at != cut->next || number != at) cut->right = false;
    cut->next = at + 1;
    cut->count += 1;
    return 0;
}

static void
slices_are_cut_as_python_cuts_them(void **state)
{
    enum { VALUES = 2500, PIECE = 500 };
    static const struct {
        int64_t first, last;
        uint64_t from, count;
    } cases[] = {
        { 0, INT64_MAX, 0, VALUES },
        { 1, -1, 1, VALUES - 2 },
        { -3, INT64_MAX, VALUES - 3, 3 },
        { -10000, 2, 0, 2 },
        { 2490, 10000, 2490, 10 },
        { 5, 5, 0, 0 },
        { 9, 3, 0, 0 },
    };
    struct stint_list *l = open_list(s, fresh());
    static unsigned numbers[VALUES];
    static struct stint_bytes values[VALUES];

    (void)state;
    for (unsigned i = 0; i < VALUES; i++) {
        numbers[i] = i;
        values[i] = (struct stint_bytes){ &numbers[i], sizeof numbers[i] };
    }
    for (size_t i = 0; i < VALUES; i += PIECE)
        OK(stint_list_extend(l, values + i, PIECE));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cut cut = { .right = true };
        OK(stint_list_slice(l, cases[i].first, cases[i].last, see_slice, &cut));
        assert_true(cut.right);
        assert_int_equal(cut.count, cases[i].count);
        assert_int_equal(
            cut.next, cut.count > 0 ? cases[i].from + cut.count : 0);
    }
    stint_list_close(l);
}

/* ---- Value, Array -------------------------------------------------------- */

static void
a_value_has_a_type_and_never_wraps(void **state)
{
    struct stint_value_options bytes = { .type = STINT_BYTES };
    struct stint_value *v =
        open_value(s, fresh(), (struct stint_value_options){ .length = 0 });
    struct stint_value *text = open_value(s, fresh(), bytes);
    struct stint_bytes got;
    int64_t n;

    (void)state;
    assert_int_equal(stint_value_length(v), 1);
    OK(stint_value_get_int(v, 0, &n));
    assert_int_equal(n, 0);
    OK(stint_value_set_int(v, 0, INT64_MAX));
    assert_int_equal(stint_value_add(v, 0, 1, &n), STINT_EOVERFLOW);
    OK(stint_value_get_int(v, 0, &n));
    assert_int_equal(n, INT64_MAX);
    assert_int_equal(stint_value_set_double(v, 0, 1.5), STINT_ETYPE);
    assert_int_equal(stint_value_set_bytes(v, 0, "a", 1), STINT_ETYPE);
    assert_int_equal(stint_value_set_int(v, 1, 1), STINT_ENOENTRY);
    OK(stint_value_set_bytes(text, 0, "hello", 5));
    OK(stint_value_get_bytes(text, 0, &got));
    assert_int_equal(got.size, 5);
    stint_bytes_free(&got);
    stint_value_close(text);
    stint_value_close(v);
}

static void
an_array_is_zeroed_and_its_places_are_checked(void **state)
{
    struct stint_value_options options = { .type = STINT_DOUBLE, .length = 10 };
    const struct stint_value_options only = { .only_open = true };
    const char *name = fresh();
    struct stint_value *v = open_value(s, name, options), *again;
    double x;

    (void)state;
    OK(stint_value_get_double(v, -1, &x));
    assert_true(x <= 0 && x >= 0);
    OK(stint_value_set_double(v, 9, 2.5));
    OK(stint_value_add_double(v, -1, 0.25, &x));
    assert_true(x > 2.74 && x < 2.76);
    assert_int_equal(stint_value_get_double(v, 10, &x), STINT_ENOENTRY);
    OK(stint_value_open(s, name, &only, &again));
    assert_int_equal(stint_value_length(again), 10);
    stint_value_close(again);
    options.length = 11;
    assert_int_equal(
        stint_value_open(s, name, &options, &again), STINT_EEXISTS);
    stint_value_close(v);
}

static void
a_value_is_compared_and_set_in_one_step(void **state)
{
    struct stint_value *v =
        open_value(s, fresh(), (struct stint_value_options){ .length = 0 });
    int64_t now;

    (void)state;
    OK(stint_value_compare_and_set(v, 0, 0, 1000, &now));
    assert_int_equal(now, 1000);
    assert_int_equal(
        stint_value_compare_and_set(v, 0, 0, 5, &now), STINT_ECHANGED);
    assert_int_equal(now, 1000);
    stint_value_close(v);
}

/* ---- watching ------------------------------------------------------------ */

struct changing {
    struct stint_dict *d;
    const char *key;
};

static void *
change_soon(void *arg)
{
    struct changing *c = arg;
    const struct timespec soon = { .tv_nsec = 50 * 1000 * 1000 };

    (void)nanosleep(&soon, NULL);
    return stint_dict_set(c->d, c->key, strlen(c->key), "1", 1) == 0 ? NULL : c;
}

static void
a_watch_ends_with_the_next_change(void **state)
{
    struct stint_dict *d = open_dict(s, fresh());
    struct changing c = { d, "a" };
    uint64_t version = 0, first;
    pthread_t thread;
    void *failed;

    (void)state;
    assert_int_equal(
        stint_dict_watch(d, NULL, 0, &version, 20), STINT_ETIMEOUT);
    assert_int_equal(pthread_create(&thread, NULL, change_soon, &c), 0);
    OK(stint_dict_watch(d, NULL, 0, &version, 5000));
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    assert_true(version > 0);
    first = version;
    set(d, "b", "2");
    OK(stint_dict_watch(d, NULL, 0, &version, 0));
    assert_true(version > first);
    assert_int_equal(stint_dict_watch(d, "a", 1, &version, 20), STINT_ETIMEOUT);
    stint_dict_close(d);
}

/* ---- batches ------------------------------------------------------------- */

static void
a_batch_is_done_whole_or_not_at_all(void **state)
{
    struct stint_dict *d = open_dict(s, fresh());
    struct stint_list *l = open_list(s, fresh());
    struct stint_batch *b = stint_batch_new(s);
    struct stint_bytes value;
    uint64_t length, version;
    size_t which;
    int64_t sum;

    (void)state;
    stint_batch_dict_add(b, d, "ada", 3, -10);
    stint_batch_dict_add(b, d, "bob", 3, 10);
    stint_batch_list_append(b, l, "moved", 5);
    OK(stint_batch_run(b, &which));
    OK(stint_batch_run(b, &which)); /* It may be run again. */
    OK(stint_batch_result(b, 1, &value, &version));
    OK(stint_unpack_int(&value, &sum));
    assert_int_equal(sum, 20);
    stint_batch_list_pop(b, l, 7);
    assert_int_equal(stint_batch_run(b, &which), STINT_ENOENTRY);
    assert_int_equal(which, 3);
    assert_int_equal(stint_batch_result(b, 0, &value, NULL), STINT_EINVAL);
    OK(stint_list_len(l, &length));
    assert_int_equal(length, 2);
    OK(stint_dict_add(d, "ada", 3, 0, &sum));
    assert_int_equal(sum, -20);
    stint_batch_free(b);
    stint_dict_close(d);
    stint_list_close(l);
}

static void
a_batch_of_too_many_or_of_two_connections_is_none(void **state)
{
    struct stint *other = connect_as("other");
    struct stint_dict *d = open_dict(s, fresh()), *theirs;
    struct stint_batch *b = stint_batch_new(s);

    (void)state;
    OK(stint_batch_run(b, NULL));
    for (int i = 0; i < 4097; i++)
        stint_batch_dict_get(b, d, "a", 1);
    assert_int_equal(stint_batch_run(b, NULL), STINT_EINVAL);
    stint_batch_free(b);
    b = stint_batch_new(s);
    theirs = open_dict(other, "theirs");
    stint_batch_dict_get(b, theirs, "a", 1);
    assert_int_equal(stint_batch_run(b, NULL), STINT_EINVAL);
    stint_batch_free(b);
    stint_dict_close(theirs);
    stint_dict_close(d);
    stint_close(other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CONNECTED(a_dict_is_shared_by_whoever_opens_its_name),
        CONNECTED(dict_errors_are_keyerror),
        CONNECTED(dict_methods_do_what_those_of_a_proxy_do),
        CONNECTED(what_is_read_is_a_copy_until_it_is_assigned_back),
        CONNECTED(dict_increments_of_many_threads_are_all_counted),
        CONNECTED(an_add_that_does_not_fit_changes_nothing),
        CONNECTED(compare_and_set_tells_the_version_that_was_in_the_way),
        CONNECTED(iterating_goes_through_all_pages_in_the_order_of_adding),
        CONNECTED(a_page_of_large_values_comes_in_pieces),
        CONNECTED(bad_arguments_are_refused_here),
        CONNECTED(an_object_of_another_kind_is_not_opened),
        CONNECTED(a_handle_outlives_its_connection_and_says_so),
        CONNECTED(all_names_of_a_namespace_are_shared),
        CONNECTED(list_methods_do_what_those_of_a_proxy_do),
        CONNECTED(list_errors_are_indexerror_and_valueerror),
        CONNECTED(slices_are_cut_as_python_cuts_them),
        CONNECTED(a_value_has_a_type_and_never_wraps),
        CONNECTED(an_array_is_zeroed_and_its_places_are_checked),
        CONNECTED(a_value_is_compared_and_set_in_one_step),
        CONNECTED(a_watch_ends_with_the_next_change),
        CONNECTED(a_batch_is_done_whole_or_not_at_all),
        CONNECTED(a_batch_of_too_many_or_of_two_connections_is_none),
    };

    return cmocka_run_group_tests_name(
        "share", tests, start_master, stop_master);
}
