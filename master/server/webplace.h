/**
 * webplace.h - where HTTP is listened on, and who may ask.   [layer: server]
 *
 * Nobody but this host reaches it unless a token is asked for: whoever has the
 * token may look, and can change nothing.
 */
#ifndef WEBPLACE_H
#define WEBPLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "client/stint.h"
#include "proto/address.h"

enum {
    WEBPLACE_TOKEN_LEAST = 16,
    WEBPLACE_TOKEN_MOST = 512,
    WEBPLACE_URL = 300
};

struct webplace {
    bool wanted;
    bool optional; /* Nobody asked for it: a port in use is no error. */
    struct address address;
    size_t token_length; /* 0: none is asked for. */
    char token[WEBPLACE_TOKEN_MOST + 2];
};

/**
 * Work out options->http and http_token_file; "auto" is the port of `data`
 * + 1000 (above 65535: any free one), on this host only.
 *
 * Returns: 0 (webplace_fini() forgets the token), or STINT_EINVAL,
 * STINT_EACCESS; a sentence is said.
 */
int webplace_read(struct webplace *p,
    const struct stint_master_options *options, const struct address *data);

/** Overwrite the token. */
void webplace_fini(struct webplace *p);

/** Listen.  Returns 0 with a descriptor that does not block and the real
 * address as "http://127.0.0.1:5725", or STINT_EBUSY, STINT_EINVAL,
 * STINT_ESYSTEM; a sentence is said. */
int webplace_listen(const struct webplace *p, int *fd, char url[WEBPLACE_URL]);

#endif
