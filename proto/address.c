#include "proto/address.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>

#include "common/stint_error.h"

static const char TCP[] = "tcp://";
static const char IPC[] = "ipc://";

static bool
begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Take the pinned key off the end of `text` (a copy of the caller's). */
static const char *
read_pin(char *text, struct address *out)
{
    char *mark = strchr(text, '#');
    size_t length = 0;

    if (mark == NULL) return NULL;
    *mark = '\0';
    const char *hex = mark + 1;
    if (strlen(hex) != (size_t)2 * PROTO_KEY_BYTES
        || sodium_hex2bin(out->server_key, sizeof out->server_key, hex,
               strlen(hex), NULL, &length, NULL)
               != 0
        || length != sizeof out->server_key) {
        return "behind \"#\" the server's key must have 64 hex digits";
    }
    out->pinned = true;
    return NULL;
}

/* The port behind the host; `text` is ":…" or "".  False if it is no port. */
static bool
read_port(const char *text, unsigned *port)
{
    *port = PROTO_PORT;
    if (*text == '\0') return true;
    if (*text++ != ':' || *text == '\0') return false;
    *port = 0;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') return false;
        *port = *port * 10 + (unsigned)(*text - '0');
        if (*port > 65535) return false;
    }
    return true;
}

static bool
is_ipv6(const char *host)
{
    struct in6_addr ignored;
    char bare[INET6_ADDRSTRLEN];
    size_t length = strcspn(host, "%"); /* A zone: "fe80::1%eth0". */

    if (length >= sizeof bare) return false;
    memcpy(bare, host, length);
    bare[length] = '\0';
    return inet_pton(AF_INET6, bare, &ignored) == 1
           && strspn(host + length, "%abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")
                  == strlen(host + length);
}

static bool
is_name(const char *host)
{
    static const char GOOD[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    return *host != '\0' && strspn(host, GOOD) == strlen(host);
}

static void
classify(struct address *out, const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    bool is_v4 = inet_pton(AF_INET, host, &v4) == 1;
    bool is_v6 = inet_pton(AF_INET6, host, &v6) == 1;

    out->wildcard = strcmp(host, "*") == 0
                    || (is_v4 && v4.s_addr == htonl(INADDR_ANY))
                    || (is_v6 && IN6_IS_ADDR_UNSPECIFIED(&v6));
    out->loopback = strcmp(host, "localhost") == 0
                    || (is_v4 && ntohl(v4.s_addr) >> 24 == 127)
                    || (is_v6 && IN6_IS_ADDR_LOOPBACK(&v6));
}

/* "host:port", "[v6]:port", "*:port"; `text` is cut up. */
static const char *
read_tcp(char *text, struct address *out)
{
    char *host = text, *end = text + strcspn(text, ":");
    unsigned port = 0;

    if (*text == '[') {
        host = text + 1;
        end = strchr(host, ']');
        if (end == NULL) return "a \"]\" is missing behind the IPv6 address";
        *end++ = '\0';
        if (!is_ipv6(host)) return "between [ and ] there is no IPv6 address";
        out->ipv6 = true;
    } else if (strchr(end + (*end == ':'), ':') != NULL) {
        return "write an IPv6 address in brackets: tcp://[::1]:4725";
    }
    if (!read_port(end, &port)) {
        return "the port must be a number from 0 to 65535";
    }
    *end = '\0';
    if (*host == '\0') return "the host is missing: tcp://host:4725";
    if (!out->ipv6 && strcmp(host, "*") != 0 && !is_name(host)) {
        return "the host has a character that no host name has";
    }
    classify(out, host);
    int length = snprintf(out->endpoint, sizeof out->endpoint,
        out->ipv6 ? "tcp://[%s]:%u" : "tcp://%s:%u", host, port);
    return (size_t)length < sizeof out->endpoint ? NULL
                                                 : "the address is too long";
}

static const char *
read_ipc(const char *text, struct address *out)
{
    /* The kernel has room for 107 bytes of a path. */
    if (text[sizeof IPC - 1] == '\0')
        return "the path behind ipc:// is missing";
    if (strlen(text + sizeof IPC - 1) > 107) {
        return "the path behind ipc:// is longer than 107 bytes";
    }
    out->loopback = true;
    (void)snprintf(out->endpoint, sizeof out->endpoint, "%s", text);
    return NULL;
}

int
address_parse(const char *text, struct address *out, const char **why)
{
    char copy[512];

    *out = (struct address){ .pinned = false };
    *why = "the address is too long";
    if (strlen(text) >= sizeof copy) return STINT_EINVAL;
    memcpy(copy, text, strlen(text) + 1);

    *why = read_pin(copy, out);
    if (*why != NULL) return STINT_EINVAL;
    if (begins(copy, IPC)) {
        *why = read_ipc(copy, out);
    } else if (begins(copy, TCP)) {
        *why = read_tcp(copy + sizeof TCP - 1, out);
    } else if (strstr(copy, "://") != NULL) {
        *why = "only tcp:// and ipc:// addresses are known";
    } else {
        *why = read_tcp(copy, out);
    }
    return *why == NULL ? 0 : STINT_EINVAL;
}

bool
address_split(const char *endpoint, char host[256], unsigned *port)
{
    if (!begins(endpoint, TCP)) return false;
    const char *start = endpoint + sizeof TCP - 1;
    const char *end = strrchr(start, ':');
    if (end == NULL || !read_port(end, port)) return false;
    if (*start == '[' && end > start + 1 && end[-1] == ']') {
        start++;
        end--;
    }
    size_t length = (size_t)(end - start);
    if (length >= 256) return false;
    memcpy(host, start, length);
    host[length] = '\0';
    return true;
}
