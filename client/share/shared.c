#include "client/share/shared.h"

#include <stdlib.h>

#include "client/pump.h"
#include "client/share/blame_op.h"
#include "client/sync/blame.h"
#include "common/sys/say.h"
#include "proto/pack.h"

enum { ASK_BYTES = 64, OP_BYTES = 64 };

int
shared_open(struct named *n, struct stint *s, const char *name,
    const struct stint_object_options *options, enum shared_kind kind)
{
    static const struct stint_object_options none;
    const struct stint_object_options *o = options != NULL ? options : &none;
    struct msg_object_open open = { .kind = kind, .only_open = o->only_open };

    int rc = named_check(name, o->durability, &open.durability);
    return rc != 0 ? rc : named_open(n, s, name, NULL, &open);
}

struct rec_op
shared_op(const struct named *n, enum shared_verb verb)
{
    return (struct rec_op){ .object = slice_of(n->name), .verb = verb };
}

int
shared_check(const void *bytes, size_t size)
{
    if (bytes != NULL || size == 0) return 0;
    return say(STINT_EINVAL, "%zu bytes at NULL are no value", size);
}

int
shared_check_key(const void *key, size_t size)
{
    if (key == NULL && size > 0) {
        return say(STINT_EINVAL, "%zu bytes at NULL are no key", size);
    }
    if (size <= SHARED_KEY_MAX) return 0;
    return say(STINT_EINVAL, "a key has up to %d bytes, this one has %zu",
        SHARED_KEY_MAX, size);
}

int
shared_check_size(struct stint *s, size_t size)
{
    (void)pthread_mutex_lock(&s->lock);
    uint64_t most = s->rpc == NULL ? 0 : rpc_welcome(s->rpc).payload_max;
    (void)pthread_mutex_unlock(&s->lock);
    if (most == 0 || size <= most) return 0;
    return say(STINT_ETOOLARGE,
        "what is set has %zu bytes in all, the master takes up to %llu at a "
        "time",
        size, (unsigned long long)most);
}

/* ---- asking -------------------------------------------------------------- */

static size_t
size_of(const struct rec_op *ops, size_t count)
{
    size_t size = 0;

    for (size_t i = 0; i < count; i++) {
        size += OP_BYTES + ops[i].object.length + ops[i].key.length
                + ops[i].value.length;
    }
    return size;
}

static void
write_ops(
    struct stint *s, uint64_t request, const struct rec_op *ops, size_t count)
{
    const struct msg m = { .type = MSG_share, .as.share.request = request };
    struct buf *b = rpc_message(s->rpc);
    struct codec_list list = codec_list_begin(b, &m);

    for (size_t i = 0; i < count; i++)
        codec_list_add(b, &list, RECORD_op, &ops[i]);
    codec_list_end(b, &list);
}

static int
ask(struct shared_answer *a, struct stint *s, const struct rec_op *ops,
    size_t count)
{
    struct call call;
    int rc = call_begin(&call, s, 1, ASK_BYTES + size_of(ops, count));

    if (rc != 0) return rc;
    write_ops(s, call.r.number, ops, count);
    rc = call_wait(&call, call_deadline(s));
    if (rc != 0) {
        if (call.m.type == MSG_error) a->failed = call.m.as.error.count;
        return rc;
    }
    if (call.m.type != MSG_shared) {
        call_end(&call);
        return say(STINT_EMALFORMED, "the master's answer is of another kind");
    }
    a->done = call.m.as.shared.done;
    a->in = call.in;
    return 0;
}

int
shared_ask(struct shared_answer *a, struct stint *s, const struct rec_op *ops,
    size_t count)
{
    *a = (struct shared_answer){ .in = NULL };
    pump_enter(s);
    int rc = ask(a, s, ops, count);
    pump_leave(s);
    return rc;
}

int
shared_ask_of(struct shared_answer *a, const struct named *n,
    const struct rec_op *ops, size_t count)
{
    int rc = shared_ask(a, n->s, ops, count);

    if (rc == 0) return 0;
    return blame_op(n, &ops[a->failed < count ? a->failed : 0], rc);
}

int
shared_next(struct shared_answer *a, struct rec_op_done *done)
{
    if (codec_list_next(&a->done, RECORD_op_done, done)) return 0;
    return say(STINT_EMALFORMED, "the master's answer is too short");
}

void
shared_end(struct shared_answer *a)
{
    inbound_drop(a->in);
    a->in = NULL;
}

/* ---- one operation ------------------------------------------------------- */

int
shared_copy(struct slice from, struct stint_bytes *out)
{
    void *bytes = malloc(from.length > 0 ? from.length : 1);

    if (bytes == NULL) return say(STINT_ENOMEM, "no memory for a value");
    if (from.length > 0) memcpy(bytes, from.bytes, from.length);
    out->data = bytes;
    out->size = from.length;
    return 0;
}

static int
check(const struct named *n, const struct rec_op *op)
{
    int rc = shared_check(op->value.bytes, op->value.length);

    if (rc == 0) rc = shared_check_key(op->key.bytes, op->key.length);
    if (rc == 0) rc = shared_check_size(n->s, op->value.length);
    return rc;
}

int
shared_do(
    const struct named *n, const struct rec_op *op, struct rec_op_done *done)
{
    struct rec_op_done ignored;
    struct shared_answer a;

    if (done == NULL) done = &ignored;
    int rc = check(n, op);
    if (rc == 0) rc = shared_ask_of(&a, n, op, 1);
    if (rc != 0) return rc;
    rc = shared_next(&a, done);
    shared_end(&a);
    done->value = (struct slice){ NULL, 0 };
    return rc;
}

int
shared_fetch(const struct named *n, const struct rec_op *op,
    struct rec_op_done *done, struct stint_bytes *out)
{
    struct rec_op_done ignored;
    struct shared_answer a;

    if (done == NULL) done = &ignored;
    *out = (struct stint_bytes){ NULL, 0 };
    int rc = check(n, op);
    if (rc == 0) rc = shared_ask_of(&a, n, op, 1);
    if (rc != 0) return rc;
    rc = shared_next(&a, done);
    if (rc == 0) rc = shared_copy(done->value, out);
    shared_end(&a);
    return rc;
}

int
shared_sum(
    const struct named *n, const struct rec_op *op, int64_t *sum, double *real)
{
    struct rec_op_done done;
    struct shared_answer a;
    int rc = shared_ask_of(&a, n, op, 1);

    if (rc != 0) return rc;
    rc = shared_next(&a, &done);
    const struct stint_bytes packed = { done.value.bytes, done.value.length };
    if (rc == 0 && sum != NULL) rc = stint_unpack_int(&packed, sum);
    if (rc == 0 && real != NULL) rc = stint_unpack_double(&packed, real);
    shared_end(&a);
    return rc;
}

struct slice
shared_int(uint8_t *out, int64_t number)
{
    return (struct slice){ out, (size_t)(pack_sint(out, number) - out) };
}

struct slice
shared_double(uint8_t *out, double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof bits);
    return (struct slice){ out, (size_t)(pack_64(out, 0xcb, bits) - out) };
}

/* ---- watching ------------------------------------------------------------ */

static int
watch_once(struct named *n, const struct msg_watch *want, tick_ns deadline,
    uint64_t *version)
{
    struct msg m = { .type = MSG_watch, .as.watch = *want };
    struct call call;
    int rc = call_begin_slow(&call, n->s, 1,
        ASK_BYTES + OP_BYTES + want->key.length + want->object.length);

    m.as.watch.wait_ns = pump_remaining(deadline);
    if (rc == 0) rc = call_send(&call, &m, pump_grace(deadline));
    if (rc != 0) return rc;
    *version = call.m.as.ok.value;
    call_end(&call);
    return 0;
}

int
shared_watch(struct named *n, const void *key, size_t key_size,
    uint64_t *version, int64_t timeout_ms)
{
    const struct msg_watch want = {
        .object = slice_of(n->name),
        .keyed = key != NULL,
        .key = { key, key_size },
        .after = *version,
    };
    int rc = shared_check_key(key, key_size);

    if (rc == 0) rc = pump_check_timeout(timeout_ms);
    if (rc != 0) return rc;
    tick_ns deadline = pump_deadline(timeout_ms);
    pump_enter(n->s);
    do {
        rc = watch_once(n, &want, deadline, version);
    } while (rc == STINT_ELOST && pump_remaining(deadline) > 0);
    pump_leave(n->s);
    if (rc == STINT_ENOOBJECT) return blame_gone(n);
    if (rc != STINT_ETIMEOUT) return rc;
    return say(rc, "%s \"%s\" did not change within %lld ms",
        blame_kind(n->open.kind), n->name, (long long)timeout_ms);
}
