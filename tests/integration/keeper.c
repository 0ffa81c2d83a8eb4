/*
 * keeper.c - a client that has named objects, for tests of the command line.
 *
 *   keeper VERB NAME [WORD...] [-- VERB NAME [WORD...]]...
 *
 *   lock NAME            acquire a lock, making it
 *   wait NAME            wait for a lock that somebody holds, without end
 *   permits NAME N HAVE  a semaphore of N permits, HAVE of them taken
 *   event NAME           an event, set
 *   barrier NAME N       a barrier of N
 *   condition NAME       a condition with a lock of its own
 *   dict NAME [K V]...   a dict with texts
 *   packed NAME          a dict with values of stint_value.h
 *   fill NAME N          a dict with N numbers
 *   list NAME [V...]     a list of texts
 *   value NAME N         an int64
 *   array NAME N         N doubles, the first of them 2.5
 *   bytes NAME TEXT      a value of bytes
 *   pipe NAME [TEXT...]  take the first end of a pipe and send
 *   unnamed              a pipe without a name
 *
 * Does them in order, prints "ready", and stays until its standard input ends.
 * What was memory only stays, what was held goes back.  Master and key come
 * from the environment, or from the access file of this host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stint_pipe.h>
#include <stint_shared.h>

enum { PATIENCE_MS = 20000, STAY_S = 120 };

static struct stint *s;

static void
must(int code, const char *what)
{
    if (code >= 0) return;
    fprintf(stderr, "keeper: %s: %s: %s\n", what, stint_error_name(code),
        stint_error_message());
    exit(1);
}
#define MUST(call) must((call), #call)

/* ---- what is held -------------------------------------------------------- */

static void
lock(const char *name)
{
    struct stint_lock *l;

    MUST(stint_lock_open(s, name, NULL, &l));
    MUST(stint_lock_acquire(l, PATIENCE_MS));
}

static void
wait_for(const char *name)
{
    struct stint_lock *l;

    MUST(stint_lock_open(s, name, NULL, &l));
    puts("ready");
    fflush(stdout);
    MUST(stint_lock_acquire(l, STINT_FOREVER));
}

static void
permits(const char *name, const char *of, const char *have)
{
    const struct stint_semaphore_options options = {
        .value = strtoul(of, NULL, 10), .bounded = true
    };
    struct stint_semaphore *sem;

    MUST(stint_semaphore_open(s, name, &options, &sem));
    for (unsigned long n = strtoul(have, NULL, 10); n > 0; n--)
        MUST(stint_semaphore_acquire(sem, PATIENCE_MS));
}

static void
event(const char *name)
{
    struct stint_event *e;

    MUST(stint_event_open(s, name, NULL, &e));
    MUST(stint_event_set(e));
}

static void
barrier(const char *name, const char *parties)
{
    const struct stint_barrier_options options = { .parties = strtoul(
                                                       parties, NULL, 10) };
    struct stint_barrier *b;

    MUST(stint_barrier_open(s, name, &options, &b));
}

static void
condition(const char *name)
{
    struct stint_condition *c;

    MUST(stint_condition_open(s, name, NULL, &c));
}

/* ---- what has something in it -------------------------------------------- */

static struct stint_dict *
dict(const char *name)
{
    struct stint_dict *d;

    MUST(stint_dict_open(s, name, NULL, &d));
    return d;
}

static void
set(struct stint_dict *d, const char *key, const struct stint_bytes *value)
{
    MUST(stint_dict_set(d, key, strlen(key), value->data, value->size));
}

static void
texts(const char *name, char *const words[], int count)
{
    struct stint_dict *d = dict(name);

    for (int i = 0; i + 1 < count; i += 2)
        MUST(stint_dict_set(
            d, words[i], strlen(words[i]), words[i + 1], strlen(words[i + 1])));
}

static void
set_and_free(struct stint_dict *d, const char *key, struct stint_bytes *value)
{
    set(d, key, value);
    stint_bytes_free(value);
}

static void
packed(const char *name)
{
    static const int64_t numbers[] = { 1, -2, 3 };
    struct stint_dict *d = dict(name);
    struct stint_pack p = { 0 };
    struct stint_bytes value;

    MUST(stint_pack_int(&value, 1234567));
    set_and_free(d, "int", &value);
    MUST(stint_pack_double(&value, 2.5));
    set_and_free(d, "double", &value);
    MUST(stint_pack_string(&value, "gr\xc3\xbc\xc3\x9f"));
    set_and_free(d, "string", &value);
    MUST(stint_pack_ints(&value, numbers, 3));
    set_and_free(d, "ints", &value);
    MUST(stint_pack_nil(&value));
    set_and_free(d, "none", &value);
    stint_pack_add_map(&p, 2);
    stint_pack_add_string(&p, "deep");
    stint_pack_add_array(&p, 2);
    stint_pack_add_bool(&p, true);
    stint_pack_add_bytes(&p, "\0\xff", 2);
    stint_pack_add_int(&p, 7);
    stint_pack_add_string(&p, "seven");
    MUST(stint_pack_end(&p, &value));
    set_and_free(d, "map", &value);
    value = (struct stint_bytes){ "A", 1 };
    set(d, "both", &value);
    value = (struct stint_bytes){ "\xff\xfe\x01", 3 };
    set(d, "neither", &value);
    value = (struct stint_bytes){ "one\ntwo", 7 };
    set(d, "lines", &value);
}

static void
fill(const char *name, const char *count)
{
    struct stint_dict *d = dict(name);
    struct stint_batch *b = stint_batch_new(s);
    unsigned long all = strtoul(count, NULL, 10);
    char key[24];

    for (unsigned long i = 0; i < all;) {
        for (unsigned n = 0; n < 4096 && i < all; n++, i++) {
            int size = snprintf(key, sizeof key, "k%lu", i);
            stint_batch_dict_add(b, d, key, (size_t)size, (int64_t)i);
        }
        MUST(stint_batch_run(b, NULL));
        stint_batch_free(b);
        b = stint_batch_new(s);
    }
    stint_batch_free(b);
}

static void
list(const char *name, char *const words[], int count)
{
    struct stint_list *l;

    MUST(stint_list_open(s, name, NULL, &l));
    for (int i = 0; i < count; i++)
        MUST(stint_list_append(l, words[i], strlen(words[i])));
}

static struct stint_value *
values(const char *name, struct stint_value_options options)
{
    struct stint_value *v;

    MUST(stint_value_open(s, name, &options, &v));
    return v;
}

static void
array(const char *name, const char *count)
{
    struct stint_value_options options = { .type = STINT_DOUBLE };

    options.length = strtoul(count, NULL, 10);
    MUST(stint_value_set_double(values(name, options), 0, 2.5));
}

static void
bytes(const char *name, const char *text)
{
    const struct stint_value_options options = { .type = STINT_BYTES };

    MUST(stint_value_set_bytes(values(name, options), 0, text, strlen(text)));
}

static void
int_value(const char *name, const char *number)
{
    const struct stint_value_options options = { .type = STINT_INT64 };

    MUST(stint_value_set_int(
        values(name, options), 0, strtol(number, NULL, 10)));
}

static void
send_all(const char *name, char *const words[], int count)
{
    struct stint_pipe *p;

    MUST(stint_pipe_open(s, name, 0, NULL, &p));
    for (int i = 0; i < count; i++)
        MUST(stint_pipe_send(p, words[i], strlen(words[i]), PATIENCE_MS));
}

static void
unnamed(void)
{
    struct stint_pipe *first, *second;

    MUST(stint_pipe_new(s, NULL, &first, &second));
}

/* ---- all ----------------------------------------------------------------- */

static void
act(char *const words[], int count)
{
    const char *verb = words[0], *name = count > 1 ? words[1] : "";
    const char *one = count > 2 ? words[2] : "0";

    if (strcmp(verb, "lock") == 0)
        lock(name);
    else if (strcmp(verb, "wait") == 0)
        wait_for(name);
    else if (strcmp(verb, "permits") == 0)
        permits(name, one, count > 3 ? words[3] : "0");
    else if (strcmp(verb, "event") == 0)
        event(name);
    else if (strcmp(verb, "barrier") == 0)
        barrier(name, one);
    else if (strcmp(verb, "condition") == 0)
        condition(name);
    else if (strcmp(verb, "dict") == 0)
        texts(name, words + 2, count - 2);
    else if (strcmp(verb, "packed") == 0)
        packed(name);
    else if (strcmp(verb, "fill") == 0)
        fill(name, one);
    else if (strcmp(verb, "list") == 0)
        list(name, words + 2, count - 2);
    else if (strcmp(verb, "value") == 0)
        int_value(name, one);
    else if (strcmp(verb, "array") == 0)
        array(name, one);
    else if (strcmp(verb, "bytes") == 0)
        bytes(name, one);
    else if (strcmp(verb, "pipe") == 0)
        send_all(name, words + 2, count - 2);
    else if (strcmp(verb, "unnamed") == 0)
        unnamed();
    else
        exit(64);
}

int
main(int argc, char **argv)
{
    struct stint_options options = { .name = getenv("KEEPER") };

    (void)alarm(STAY_S);
    must(stint_connect(&options, &s), "connect");
    for (int i = 1; i < argc; i++) {
        int begin = i;

        while (i < argc && strcmp(argv[i], "--") != 0)
            i++;
        if (i > begin) act(argv + begin, i - begin);
    }
    puts("ready");
    fflush(stdout);
    for (;;)
        (void)pause();
}
