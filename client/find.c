#include "client/find.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/sys/say.h"
#include "common/sys/secret.h"
#include "proto/access.h"
#include "proto/address.h"

enum { PATH_SIZE = 4096, AUTHKEY_SIZE = 4096 };

#define DEFAULT_MASTER "tcp://127.0.0.1:4725"

/* What was given, from whichever place. */
struct given {
    const char *master;
    const char *access_file;
    const char *authkey_file;
    struct slice authkey;     /* bytes NULL: none. */
    const char *authkey_from; /* For sentences; NULL: the options. */
    bool allow_weak;
};

static const char *
environment(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0' ? value : NULL;
}

static bool
has_key(const struct given *g)
{
    return g->access_file != NULL || g->authkey_file != NULL
           || g->authkey.bytes != NULL;
}

static int
read_options(const struct stint_options *o, struct given *g)
{
    if (o == NULL) return 0;
    g->master = o->master;
    g->access_file = o->access_file;
    g->authkey_file = o->authkey_file;
    g->allow_weak = o->allow_weak_authkey;
    if (o->authkey != NULL) {
        size_t size = o->authkey_size;
        g->authkey.bytes = (const uint8_t *)o->authkey;
        g->authkey.length = size != 0 ? size : strlen(o->authkey);
    }
    if ((o->access_file != NULL) + (o->authkey_file != NULL)
            + (o->authkey != NULL)
        > 1) {
        return say(STINT_EINVAL,
            "give one of access file, authkey file and authkey, not several");
    }
    return 0;
}

/* A key in the options is meant instead of one in the environment. */
static void
read_environment(struct given *g)
{
    const char *authkey = environment("STINT_AUTHKEY");

    if (g->master == NULL) g->master = environment("STINT_MASTER");
    if (has_key(g)) return;
    g->access_file = environment("STINT_ACCESS");
    if (g->access_file != NULL) return;
    g->authkey_file = environment("STINT_AUTHKEY_FILE");
    if (g->authkey_file == NULL && authkey != NULL) {
        g->authkey = slice_of(authkey);
        g->authkey_from = "STINT_AUTHKEY";
    }
}

/* ---- the access file of this host ---------------------------------------- */

static bool
is_there(char *path, size_t size, const char *folder, const char *rest)
{
    int length;

    if (folder == NULL) return false;
    length = snprintf(path, size, "%s%s", folder, rest);
    return length > 0 && (size_t)length < size && access(path, F_OK) == 0;
}

static int
find_access_file(char *path, size_t size)
{
    if (is_there(path, size, environment("XDG_STATE_HOME"), "/stint/access")
        || is_there(
            path, size, environment("HOME"), "/.local/state/stint/access")
        || is_there(path, size, "/var/lib/stint", "/access")) {
        return 0;
    }
    return say(STINT_EACCESS,
        "no key was found: start a master on this host (stint master), or give "
        "an access file (STINT_ACCESS) or an authkey file "
        "(STINT_AUTHKEY_FILE)");
}

/* ---- addresses and keys -------------------------------------------------- */

static int
parse_address(const char *text, struct address *address)
{
    const char *why;

    int rc = address_parse(text, address, &why);
    if (rc != 0) return say(rc, "the address \"%s\": %s", text, why);
    if (address->wildcard) {
        return say(STINT_EINVAL,
            "the address \"%s\" is one to listen on; give the master's host",
            text);
    }
    return 0;
}

static int
set_address(const struct address *address, struct find *out)
{
    (void)snprintf(
        out->endpoint, sizeof(out->endpoint), "%s", address->endpoint);
    return 0;
}

static int
use_access(const struct given *g, const char *path, struct find *out)
{
    char text[ACCESS_TEXT_MAX + 1];
    struct access_file file;
    struct address address;
    const char *why;
    unsigned line;
    size_t length;

    int rc = secret_read(path, text, sizeof(text), &length);
    if (rc != 0) return rc;
    rc = access_parse(
        (struct slice){ (const uint8_t *)text, length }, &file, &line, &why);
    sodium_memzero(text, sizeof(text));
    if (rc != 0) return say(rc, "%s, line %u: %s", path, line, why);
    auth_pair_from_seed(&out->pair, file.seed);
    sodium_memzero(file.seed, sizeof(file.seed));
    memcpy(out->server_key, file.server_key, PROTO_KEY_BYTES);
    rc = parse_address(g->master != NULL ? g->master : file.address, &address);
    if (rc != 0) return rc;
    if (address.pinned
        && memcmp(address.server_key, file.server_key, PROTO_KEY_BYTES) != 0) {
        return say(STINT_EAUTH,
            "the address names another master's key than %s does", path);
    }
    return set_address(&address, out);
}

/* A file or a variable is found wrong; an argument is the caller's. */
static int
say_problem(const struct given *g, const char *problem)
{
    const char *from = g->authkey_from;

    if (from == NULL) return say(STINT_EINVAL, "%s", problem);
    return say(STINT_EACCESS, "%s: %s", from, problem);
}

static int
use_authkey(const struct given *g, struct slice authkey, struct find *out)
{
    struct auth_pair server;
    struct address address;

    int rc =
        parse_address(g->master != NULL ? g->master : DEFAULT_MASTER, &address);
    if (rc != 0) return rc;
    const char *problem =
        auth_authkey_problem(authkey, g->allow_weak, address.pinned);
    if (problem != NULL) return say_problem(g, problem);
    rc = auth_authkey_derive(authkey, g->allow_weak,
        address.pinned ? address.server_key : NULL, &server, &out->pair);
    if (rc != 0) return say(rc, "the authkey: %s", error_text(rc));
    memcpy(out->server_key,
        address.pinned ? address.server_key : server.public_key,
        PROTO_KEY_BYTES);
    sodium_memzero(&server, sizeof(server));
    return set_address(&address, out);
}

static int
use_authkey_file(struct given *g, struct find *out)
{
    char text[AUTHKEY_SIZE];
    size_t length;

    int rc = secret_read(g->authkey_file, text, sizeof(text), &length);
    if (rc != 0) return rc;
    g->authkey_from = g->authkey_file;
    rc = use_authkey(g, (struct slice){ (const uint8_t *)text, length }, out);
    sodium_memzero(text, sizeof(text));
    return rc;
}

int
find_master(const struct stint_options *options, struct find *out)
{
    struct given g = { .master = NULL };
    char path[PATH_SIZE];

    int rc = read_options(options, &g);
    if (rc != 0) return rc;
    if (sodium_init() < 0) {
        return say(STINT_ESYSTEM, "libsodium cannot be initialised");
    }
    read_environment(&g);
    if (g.authkey_file != NULL) return use_authkey_file(&g, out);
    if (g.authkey.bytes != NULL) return use_authkey(&g, g.authkey, out);
    if (g.access_file != NULL) return use_access(&g, g.access_file, out);
    rc = find_access_file(path, sizeof(path));
    return rc != 0 ? rc : use_access(&g, path, out);
}
