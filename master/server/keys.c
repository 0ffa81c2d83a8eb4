#include "master/server/keys.h"

#include <sodium.h>

#include "common/stint_error.h"
#include "common/sys/say.h"

static const char AUTHKEY_NAME[] = "authkey";
enum { ROLE_ALL = ROLE_WORK | ROLE_SUBMIT | ROLE_ADMIN };

static void
random_pair(struct auth_pair *pair)
{
    uint8_t seed[32];

    auth_seed_random(seed);
    auth_pair_from_seed(pair, seed);
    sodium_memzero(seed, sizeof seed);
}

/* Weak or not was the settings' question. */
static int
derive(struct keys *k, const struct settings *s)
{
    const uint8_t *pinned = s->listen.pinned ? s->listen.server_key : NULL;

    int rc = auth_authkey_derive(
        settings_authkey(s), s->allow_weak, pinned, &k->server, &k->authkey);
    k->has_authkey = rc == 0;
    if (rc == STINT_ENOMEM) {
        return say(rc,
            "there are not the 256 MB of memory that an authkey made by a "
            "person needs: use one of `stint key generate`");
    }
    return rc == 0 ? 0 : say(rc, "the authkey cannot be used");
}

int
keys_choose(
    struct keys *k, const struct settings *settings, const struct state *state)
{
    memset(k, 0, sizeof *k);
    random_pair(&k->server);
    random_pair(&k->admin);
    if (state != NULL) {
        k->server = *state_server(state);
        k->admin = *state_admin(state);
    }
    if (settings->listen.pinned
        && memcmp(settings->listen.server_key, k->server.public_key,
               PROTO_KEY_BYTES)
               != 0) {
        return say(STINT_EINVAL,
            "the server key behind the address (#…) is not the one in the "
            "state directory: see server-key in %s",
            state == NULL ? "its access file" : state_admin_file(state));
    }
    return settings->has_authkey ? derive(k, settings) : 0;
}

void
keys_fini(struct keys *k)
{
    sodium_memzero(k, sizeof *k);
}

static int
admit_one(struct core *core, tick_ns now, const struct core_key *key)
{
    struct slice name = slice_of(key->name);

    int rc = core_key_add(core, name, key->role, key->public_key);
    if (rc == 0 && key->revoked) rc = core_key_revoke(core, now, name);
    return rc == 0
               ? 0
               : say(rc, "the key \"%s\" in the table `keys` cannot be used",
                   key->name);
}

static int
admit_table(const struct keys *k, const struct keytable *table,
    struct core *core, tick_ns now)
{
    int rc = 0;

    for (size_t i = 0; i < table->count && rc == 0; i++) {
        /* The one that is given now comes before one of that name. */
        bool hidden =
            k->has_authkey && strcmp(table->rows[i].name, AUTHKEY_NAME) == 0;
        if (!hidden) rc = admit_one(core, now, &table->rows[i]);
    }
    return rc;
}

static void
set_key(struct core_key *key, const char *name, unsigned role,
    const struct auth_pair *pair)
{
    *key = (struct core_key){ .role = role };
    (void)snprintf(key->name, sizeof key->name, "%s", name);
    memcpy(key->public_key, pair->public_key, sizeof key->public_key);
}

int
keys_admit(const struct keys *k, const struct state *state, struct core *core,
    tick_ns now)
{
    struct core_key key;

    if (state == NULL) {
        set_key(&key, "admin", ROLE_ADMIN, &k->admin);
        int rc = admit_one(core, now, &key);
        if (rc != 0) return rc;
    } else {
        int rc = admit_table(k, state_keys(state), core, now);
        if (rc != 0) return rc;
    }
    if (!k->has_authkey) return 0;
    set_key(&key, AUTHKEY_NAME, ROLE_ALL, &k->authkey);
    return admit_one(core, now, &key);
}
