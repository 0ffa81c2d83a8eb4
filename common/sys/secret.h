/**
 * secret.h - reading and writing files that hold keys.          [layer: sys]
 */
#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"

/**
 * Read a whole small file (at most `size` bytes) that only its owner may read;
 * others may under /run/secrets (container secrets) and $CREDENTIALS_DIRECTORY
 * (systemd).  A trailing newline stays.
 *
 * Returns: 0 with *length set, or STINT_EACCESS (and a sentence is said that
 *          names the file and what to do: chmod 600 …).
 */
int secret_read(const char *path, char *out, size_t size, size_t *length);

/** Write a new file of mode 0600, whole or not at all (a temporary file, synced
 * and renamed).  `replace`: an old one may be there, else STINT_EEXISTS.
 * Returns 0, STINT_EEXISTS, STINT_ESYSTEM; a sentence is said. */
int secret_write(const char *path, struct slice text, bool replace);

/** The state directory: $XDG_STATE_HOME/stint, else $HOME/.local/state/stint,
 * else /var/lib/stint (for root without HOME too).  Returns the length written
 * (without NUL), 0 if it does not fit. */
size_t secret_state_dir(char *out, size_t size);

/** mkdir -p with mode 0700.  Returns 0 or STINT_ESYSTEM; a sentence is said. */
int secret_make_dir(const char *path);

#endif
