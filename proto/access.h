/**
 * access.h - access files: all that one needs to come in.     [layer: proto]
 *
 *     version = 1
 *     address = tcp://host:4725
 *     server-key = 64 hex digits
 *     role = work
 *     name = work
 *     seed = 64 hex digits
 *
 * Empty lines and lines that begin with '#' are passed over.
 */
#ifndef ACCESS_H
#define ACCESS_H

#include <stddef.h>
#include <stdint.h>

#include "common/slice.h"
#include "proto/proto.h"

struct access_file {
    char address[256]; /* "tcp://host:4725" */
    uint8_t server_key[PROTO_KEY_BYTES];
    unsigned role; /* Bits of enum proto_role. */
    char name[PROTO_NAME_MAX + 1];
    uint8_t seed[32];
};

enum { ACCESS_TEXT_MAX = 1024 };

/** Write it as text; returns the length.  `out` has ACCESS_TEXT_MAX bytes. */
size_t access_format(const struct access_file *access, char *out);

/** Read it.  Returns 0; STINT_EACCESS with *line (from 1) of what is wrong and
 * *why lent for ever; unknown keys are refused.  `access` is undefined then. */
int access_parse(struct slice text, struct access_file *access, unsigned *line,
    const char **why);

/* Room for "work,submit,admin" and its NUL. */
enum { ACCESS_ROLE_TEXT = 20 };

/** Role bits as the names of enum proto_role with commas: "work,submit". */
void access_role_text(unsigned role, char out[ACCESS_ROLE_TEXT]);

/** The bits of such a text; 0 if it is none. */
unsigned access_role_parse(struct slice text);

#endif
