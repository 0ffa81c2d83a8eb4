#include "master/server/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/sys/say.h"
#include "common/sys/secret.h"
#include "master/server/lock.h"
#include "proto/access.h"

enum { PATH_ROOM = 4096, KEYS_FILE_MAX = 4 << 20, PASSES = 3 };

/* The access files that every master has; the first is the admin's. */
static const struct {
    const char *name, *file;
    unsigned role;
} passes[PASSES] = {
    { "admin", "access", ROLE_ADMIN },
    { "submit", "submit.access", ROLE_SUBMIT },
    { "work", "work.access", ROLE_WORK },
};

struct state {
    char dir[PATH_ROOM];
    char admin_file[PATH_ROOM];
    int lock_fd;
    int spare_fd; /* Given up while a file is written: see state_save_keys. */
    struct auth_pair server, admin;
    struct keytable keys;
    struct access_file access[PASSES]; /* As on disk; no address: not yet. */
};

static void
path_of(const struct state *s, const char *file, char out[PATH_ROOM + 32])
{
    (void)snprintf(out, PATH_ROOM + 32, "%s/%s", s->dir, file);
}

/* ---- the server's key ---------------------------------------------------- */

static int
make_server_key(const char *path, uint8_t seed[32])
{
    char text[2 * 32 + 2];

    auth_seed_random(seed);
    (void)sodium_bin2hex(text, sizeof text, seed, 32);
    text[64] = '\n';
    int rc =
        secret_write(path, (struct slice){ (const uint8_t *)text, 65 }, false);
    sodium_memzero(text, sizeof text);
    return rc;
}

static int
read_server_key(const char *path, uint8_t seed[32])
{
    char text[128];
    size_t length = 0, got = 0;

    int rc = secret_read(path, text, sizeof text, &length);
    if (rc != 0) return rc;
    bool good = length == 65 && text[64] == '\n'
                && sodium_hex2bin(seed, 32, text, 64, NULL, &got, NULL) == 0
                && got == 32;
    sodium_memzero(text, sizeof text);
    return good ? 0
                : say(STINT_EACCESS,
                    "%s is damaged (it must be 64 hex digits): restore it, or "
                    "remove it for a new server key, which no access file out "
                    "there knows",
                    path);
}

static int
load_server_key(struct state *s)
{
    char path[PATH_ROOM + 32];
    uint8_t seed[32];

    path_of(s, "server.key", path);
    int rc = access(path, F_OK) == 0 ? read_server_key(path, seed)
                                     : make_server_key(path, seed);
    if (rc == 0) auth_pair_from_seed(&s->server, seed);
    sodium_memzero(seed, sizeof seed);
    return rc;
}

/* ---- the key table ------------------------------------------------------- */

static int
parse_keys(struct state *s, const char *path, char *text)
{
    size_t length = 0;
    unsigned line = 0;

    int rc = secret_read(path, text, KEYS_FILE_MAX, &length);
    if (rc != 0) return rc;
    rc = keytable_parse(
        &s->keys, (struct slice){ (const uint8_t *)text, length }, &line);
    if (rc == STINT_EACCESS) {
        return say(rc, "%s is damaged in line %u: mend the line or remove it",
            path, line);
    }
    return rc == 0 ? 0 : say(rc, "no memory for the key table");
}

static int
load_keys(struct state *s)
{
    char path[PATH_ROOM + 32];

    path_of(s, "keys", path);
    if (access(path, F_OK) != 0) return 0;
    char *text = malloc(KEYS_FILE_MAX);
    if (text == NULL) return say(STINT_ENOMEM, "no memory to read %s", path);
    int rc = parse_keys(s, path, text);
    free(text);
    return rc;
}

static int
write_keys(struct state *s, const struct keytable *keys)
{
    char path[PATH_ROOM + 32];
    struct buf text;

    path_of(s, "keys", path);
    buf_init(&text);
    keytable_format(keys, &text);
    int rc = text.failed ? say(STINT_ENOMEM, "no memory to write %s", path)
                         : secret_write(path,
                             (struct slice){ text.bytes, text.length }, true);
    buf_fini(&text);
    return rc;
}

static void
take_spare(struct state *s)
{
    s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int
state_save_keys(struct state *s, const struct keytable *keys)
{
    /* When peers hold every descriptor, a revocation must still get to disk. */
    if (s->spare_fd >= 0) (void)close(s->spare_fd);
    int rc = write_keys(s, keys);
    take_spare(s);
    return rc;
}

/* ---- access files -------------------------------------------------------- */

static int
read_access(const char *path, struct access_file *out)
{
    char text[ACCESS_TEXT_MAX];
    size_t length = 0;
    unsigned line = 0;
    const char *why = NULL;

    int rc = secret_read(path, text, sizeof text, &length);
    if (rc != 0) return rc;
    rc = access_parse(
        (struct slice){ (const uint8_t *)text, length }, out, &line, &why);
    sodium_memzero(text, sizeof text);
    return rc == 0 ? 0
                   : say(rc, "%s line %u: %s; remove the file for a new key",
                       path, line, why);
}

/* An access file that is there must be one of ours: the tools look for the one
 * of another host's master in the same place. */
static int
adopt_pass(struct state *s, size_t i, const char *path)
{
    struct auth_pair pair;

    int rc = read_access(path, &s->access[i]);
    if (rc != 0) return rc;
    auth_pair_from_seed(&pair, s->access[i].seed);
    const struct core_key *known = keytable_find(&s->keys, passes[i].name);
    bool ours =
        known != NULL
        && memcmp(known->public_key, pair.public_key, PROTO_KEY_BYTES) == 0;
    if (!ours) {
        rc = say(STINT_EEXISTS,
            "%s is an access file of another master (%s): move it away, or "
            "choose another state directory",
            path, s->access[i].address);
    }
    if (i == 0) s->admin = pair;
    sodium_memzero(&pair, sizeof pair);
    return rc;
}

static int
make_pass(struct state *s, size_t i)
{
    struct access_file *a = &s->access[i];
    struct core_key key = { .role = passes[i].role };
    struct auth_pair pair;

    *a = (struct access_file){ .role = passes[i].role };
    (void)snprintf(a->name, sizeof a->name, "%s", passes[i].name);
    auth_seed_random(a->seed);
    auth_pair_from_seed(&pair, a->seed);
    if (i == 0) s->admin = pair;
    (void)snprintf(key.name, sizeof key.name, "%s", passes[i].name);
    memcpy(key.public_key, pair.public_key, sizeof key.public_key);
    sodium_memzero(&pair, sizeof pair);
    return keytable_put(&s->keys, &key) == 0
               ? 0
               : say(STINT_ENOMEM, "no memory for the key table");
}

/* The table is written before the files that it must know, so that a crash in
 * between leaves files missing, which are then made anew. */
static int
load_passes(struct state *s)
{
    char path[PATH_ROOM + 32];
    bool made = false;
    int rc = 0;

    for (size_t i = 0; i < PASSES && rc == 0; i++) {
        path_of(s, passes[i].file, path);
        if (access(path, F_OK) == 0) {
            rc = adopt_pass(s, i, path);
        } else {
            rc = make_pass(s, i);
            made = true;
        }
    }
    return rc == 0 && made ? state_save_keys(s, &s->keys) : rc;
}

int
state_publish(struct state *s, const char *address,
    const uint8_t server_key[PROTO_KEY_BYTES])
{
    char path[PATH_ROOM + 32], text[ACCESS_TEXT_MAX];
    int rc = 0;

    for (size_t i = 0; i < PASSES && rc == 0; i++) {
        struct access_file *a = &s->access[i];
        if (strcmp(a->address, address) == 0
            && memcmp(a->server_key, server_key, PROTO_KEY_BYTES) == 0) {
            continue;
        }
        (void)snprintf(a->address, sizeof a->address, "%s", address);
        memcpy(a->server_key, server_key, PROTO_KEY_BYTES);
        size_t length = access_format(a, text);
        path_of(s, passes[i].file, path);
        rc = secret_write(
            path, (struct slice){ (const uint8_t *)text, length }, true);
    }
    sodium_memzero(text, sizeof text);
    return rc;
}

/* ---- the whole ----------------------------------------------------------- */

/* An absolute path stays right when the program changes its directory. */
static int
set_dir(struct state *s, const char *dir)
{
    char *real = NULL;

    int rc = secret_make_dir(dir);
    if (rc != 0) return rc;
    real = realpath(dir, NULL);
    if (real == NULL || strlen(real) >= sizeof s->dir - 32) {
        free(real);
        return say(STINT_ESYSTEM, "the state directory %s cannot be used", dir);
    }
    (void)snprintf(s->dir, sizeof s->dir, "%s", real);
    (void)snprintf(
        s->admin_file, sizeof s->admin_file, "%s/%s", real, passes[0].file);
    free(real);
    return 0;
}

int
state_open(const char *dir, struct state **out)
{
    struct state *s = calloc(1, sizeof *s);

    if (s == NULL) return say(STINT_ENOMEM, "no memory for the state");
    s->lock_fd = s->spare_fd = -1;
    int rc = set_dir(s, dir);
    if (rc == 0) rc = lock_dir("state directory", s->dir, &s->lock_fd);
    if (rc == 0) rc = load_keys(s);
    if (rc == 0) rc = load_passes(s);
    if (rc == 0) rc = load_server_key(s);
    if (rc != 0) {
        state_close(s);
        return rc;
    }
    if (s->spare_fd < 0) take_spare(s);
    *out = s;
    return 0;
}

void
state_close(struct state *s)
{
    if (s == NULL) return;
    if (s->spare_fd >= 0) (void)close(s->spare_fd);
    if (s->lock_fd >= 0) (void)close(s->lock_fd);
    keytable_fini(&s->keys);
    sodium_memzero(s, sizeof *s);
    free(s);
}

const struct auth_pair *
state_server(const struct state *s)
{
    return &s->server;
}

const struct keytable *
state_keys(const struct state *s)
{
    return &s->keys;
}

const struct auth_pair *
state_admin(const struct state *s)
{
    return &s->admin;
}

const char *
state_dir(const struct state *s)
{
    return s->dir;
}

const char *
state_admin_file(const struct state *s)
{
    return s->admin_file;
}
