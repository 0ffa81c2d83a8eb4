/**
 * settings.h - the options of a master, checked.             [layer: server]
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>

#include "client/stint.h"
#include "master/core/core.h"
#include "master/server/webplace.h"
#include "proto/address.h"
#include "proto/auth.h"

enum { SETTINGS_AUTHKEY_MAX = 4096 };

struct settings {
    struct address listen;
    struct webplace web;
    struct core_config core;
    bool has_authkey;
    bool allow_weak;
    size_t authkey_length;
    char authkey[SETTINGS_AUTHKEY_MAX];
};

/**
 * Check `options` (NULL: all defaults) and work out what they mean.  Reads the
 * authkey file.
 *
 * Returns: 0 (settings_fini() forgets the authkey), or STINT_EINVAL,
 *          STINT_EACCESS; a sentence is said.
 */
int settings_read(
    struct settings *s, const struct stint_master_options *options);

/** Whether other hosts reach a master whose authkey can be guessed. */
bool settings_is_exposed(const struct settings *s);

/** Overwrite the secrets in it. */
void settings_fini(struct settings *s);

/** The authkey.  Lends until settings_fini(). */
struct slice settings_authkey(const struct settings *s);

#endif
