/* Keys, and the end of the master.                          [layer: client] */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/call.h"
#include "client/pump.h"
#include "common/sys/say.h"
#include "common/sys/secret.h"
#include "proto/access.h"
#include "proto/auth.h"

enum { CALL_BYTES = 512 };

_Static_assert(STINT_AUTHKEY_TEXT == (int)AUTH_KEY_TEXT, "one size of a text");

void
stint_key_generate(char out[STINT_AUTHKEY_TEXT])
{
    out[0] = '\0';
    if (sodium_init() < 0) return; /* No randomness: no key. */
    auth_authkey_generate(out);
}

static int
send_simple(struct stint *s, struct msg *m)
{
    struct call call;

    pump_enter(s);
    int rc = call_begin(&call, s, 1, CALL_BYTES);
    if (rc == 0) rc = call_send(&call, m, call_deadline(s));
    if (rc == 0) call_end(&call);
    pump_leave(s);
    return rc;
}

static int
check_name(const char *name)
{
    size_t length = name != NULL ? strlen(name) : 0;

    if (length >= 1 && length <= PROTO_NAME_MAX) return 0;
    return say(STINT_EINVAL, "a key's name has 1 to %d bytes, this one has %zu",
        PROTO_NAME_MAX, length);
}

static int
write_access(const struct access_file *access, const char *path)
{
    char text[ACCESS_TEXT_MAX];
    size_t length = access_format(access, text);

    int rc = secret_write(
        path, (struct slice){ (const uint8_t *)text, length }, false);
    sodium_memzero(text, sizeof(text));
    return rc;
}

static int
say_role(int rc)
{
    if (rc != STINT_EROLE) return rc;
    return say(rc,
        "managing keys, draining workers and stopping the master need a key "
        "with the role admin, and this one has another; use the access file of "
        "the master's host");
}

static int
add_key(struct stint *s, const struct access_file *access)
{
    struct msg m = { .type = MSG_key_add };
    struct auth_pair pair;

    auth_pair_from_seed(&pair, access->seed);
    m.as.key_add.name = slice_of(access->name);
    m.as.key_add.role = access->role;
    m.as.key_add.public_key =
        (struct slice){ pair.public_key, sizeof(pair.public_key) };
    int rc = send_simple(s, &m);
    sodium_memzero(&pair, sizeof(pair));
    return say_role(rc);
}

/* The file comes first: a key that the master knows and nobody has would be of
 * no use, and a file that the master does not know is removed again. */
int
stint_key_new(
    struct stint *s, const char *name, enum stint_role role, const char *path)
{
    struct access_file access = { .role = (unsigned)role };

    int rc = check_name(name);
    if (rc != 0) return rc;
    if (path == NULL || access.role < 1 || access.role > 7) {
        return say(STINT_EINVAL,
            "a key needs a path for its access file, and the role work, "
            "submit or admin");
    }
    (void)snprintf(access.name, sizeof(access.name), "%s", name);
    (void)snprintf(
        access.address, sizeof(access.address), "%s", s->conn.endpoint);
    memcpy(access.server_key, s->conn.server_key, PROTO_KEY_BYTES);
    auth_seed_random(access.seed);
    rc = write_access(&access, path);
    if (rc == 0) {
        rc = add_key(s, &access);
        if (rc != 0) (void)unlink(path);
    }
    sodium_memzero(&access, sizeof(access));
    return rc;
}

int
stint_key_revoke(struct stint *s, const char *name)
{
    struct msg m = { .type = MSG_key_revoke };
    int rc = check_name(name);

    if (rc != 0) return rc;
    m.as.key_revoke.name = slice_of(name);
    return say_role(send_simple(s, &m));
}

static int
send_drain(struct stint *s, struct msg *m, uint64_t *count)
{
    struct call call;

    pump_enter(s);
    int rc = call_begin(&call, s, 1, CALL_BYTES);
    if (rc == 0) rc = call_send(&call, m, call_deadline(s));
    if (rc == 0) {
        if (count != NULL) *count = call.m.as.ok.value;
        call_end(&call);
    }
    pump_leave(s);
    return rc;
}

int
stint_drain(struct stint *s, const char *worker, bool undo, uint64_t *count)
{
    struct msg m = { .type = MSG_drain };

    m.as.drain.undo = undo;
    if (worker != NULL) {
        size_t length = strlen(worker);
        if (length < 1 || length > PROTO_NAME_MAX) {
            return say(STINT_EINVAL,
                "a worker's name has 1 to %d bytes, this one has %zu",
                PROTO_NAME_MAX, length);
        }
        m.as.drain.worker = slice_of(worker);
    }
    return say_role(send_drain(s, &m, count));
}

int
stint_shutdown(struct stint *s)
{
    struct msg m = { .type = MSG_stop };
    int rc = say_role(send_simple(s, &m));

    pump_enter(s);
    if (rc == 0) s->stopped = true;
    pump_leave(s);
    return rc;
}
