#include "master/server/door.h"

#include <stdlib.h>
#include <string.h>

#include "common/stint_error.h"
#include "common/sys/say.h"

static size_t
count_keys(const struct core *core)
{
    struct core_key key;
    size_t count = 0;

    while (core_key_at(core, count, &key)) {
        count++;
    }
    return count;
}

static int
tell_zap(struct door *d)
{
    struct core_key key;
    size_t admitted = 0;
    struct zap_key *keys = calloc(count_keys(d->core) + 1, sizeof *keys);

    if (keys == NULL) return say(STINT_ENOMEM, "no memory for the key table");
    for (size_t i = 0; core_key_at(d->core, i, &key); i++) {
        if (key.revoked) continue;
        memcpy(keys[admitted++].public_key, key.public_key, PROTO_KEY_BYTES);
    }
    int rc = zap_admit(d->zap, keys, admitted);
    free(keys);
    return rc;
}

static bool
is_authkey(const struct door *d, const struct core_key *key)
{
    return d->has_authkey
           && memcmp(d->authkey, key->public_key, PROTO_KEY_BYTES) == 0;
}

static int
save(struct door *d)
{
    struct keytable table = { .rows = NULL };
    struct core_key key;
    int rc = 0;

    for (size_t i = 0; rc == 0 && core_key_at(d->core, i, &key); i++) {
        if (!is_authkey(d, &key)) rc = keytable_put(&table, &key);
    }
    rc = rc == 0 ? state_save_keys(d->state, &table)
                 : say(rc, "no memory for the key table");
    keytable_fini(&table);
    return rc;
}

void
door_update(struct door *d, tick_ns now)
{
    uint64_t version = core_keys_version(d->core);

    if (version != d->version) {
        d->version = version;
        d->untold = true;
        d->unsaved = d->state != NULL;
        d->retry_at = now;
    }
    if ((!d->untold && !d->unsaved) || now < d->retry_at) return;
    if (d->untold) d->untold = tell_zap(d) != 0;
    if (!d->untold && d->unsaved) d->unsaved = save(d) != 0;
    if (d->untold || d->unsaved) {
        logger_say(&d->logger, LOG_CRIT,
            "keys-not-saved retry_s=1 cause=\"%s\"", say_message());
        d->retry_at = tick_after(now, TICK_S);
    }
}
