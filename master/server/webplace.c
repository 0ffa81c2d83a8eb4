#include "master/server/webplace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/stint_error.h"
#include "common/sys/say.h"
#include "common/sys/secret.h"

/* Who comes stands behind strangers that come, too. */
enum { BACKLOG = 1024, AWAY = 1000 };

/* ---- options ------------------------------------------------------------- */

/* "5725", "127.0.0.1:5725", "[::1]:5725", "http://…" as address_parse() takes
 * them; a port is a must. */
static int
read_address(struct webplace *p, const char *text)
{
    static const char SCHEME[] = "http://";
    char copy[300];
    const char *why = "write ADDRESS:PORT, or a port";
    const char *bare = text;

    if (strncmp(bare, SCHEME, strlen(SCHEME)) == 0) bare += strlen(SCHEME);
    bool port_only = *bare != '\0' && bare[strspn(bare, "0123456789")] == '\0';
    const char *host_end = strrchr(bare, ']');
    bool has_port =
        strchr(host_end != NULL ? host_end : bare, ':') != NULL || port_only;
    int length = snprintf(
        copy, sizeof copy, "tcp://%s%s", port_only ? "127.0.0.1:" : "", bare);
    if (has_port && (size_t)length < sizeof copy && strpbrk(bare, "/#") == NULL
        && address_parse(copy, &p->address, &why) == 0) {
        return 0;
    }
    return say(STINT_EINVAL,
        "cannot listen for HTTP on \"%s\": %s; as in 127.0.0.1:5725, 5725, "
        "auto or off",
        text, why);
}

/* Away from the ports that further masters on this host would take. */
static int
choose_address(struct webplace *p, const struct address *data)
{
    char host[256], text[64];
    unsigned port = PROTO_PORT;
    const char *why = NULL;

    if (!address_split(data->endpoint, host, &port)) port = PROTO_PORT;
    p->optional = true;
    if (port != 0) port += AWAY;
    if (port > UINT16_MAX) port = 0; /* Any free one. */
    (void)snprintf(text, sizeof text, "127.0.0.1:%u", port);
    return address_parse(text, &p->address, &why);
}

static int
read_token(struct webplace *p, const char *path)
{
    size_t length = 0;
    int rc = secret_read(path, p->token, sizeof p->token - 1, &length);

    if (rc != 0) return rc;
    while (length > 0 && strchr(" \t\r\n", p->token[length - 1]) != NULL) {
        length--;
    }
    p->token[length] = '\0';
    p->token_length = length;
    if (length < WEBPLACE_TOKEN_LEAST || length > WEBPLACE_TOKEN_MOST) {
        return say(STINT_EACCESS,
            "%s: a token for HTTP has %d to %d characters; `stint key generate "
            "FILE` makes one",
            path, WEBPLACE_TOKEN_LEAST, WEBPLACE_TOKEN_MOST);
    }
    for (size_t i = 0; i < length; i++) {
        if (p->token[i] > ' ' && p->token[i] < 127) continue;
        return say(STINT_EACCESS,
            "%s: a token for HTTP is one word of plain characters", path);
    }
    return 0;
}

int
webplace_read(struct webplace *p, const struct stint_master_options *options,
    const struct address *data)
{
    const char *http = options->http;
    int rc = 0;

    memset(p, 0, sizeof *p);
    if (http == NULL || strcmp(http, "off") == 0) return 0;
    p->wanted = true;
    rc = strcmp(http, "auto") == 0 ? choose_address(p, data)
                                   : read_address(p, http);
    if (rc == 0 && options->http_token_file != NULL) {
        rc = read_token(p, options->http_token_file);
    }
    if (rc == 0 && !p->address.loopback && p->token_length == 0) {
        rc = say(STINT_EINVAL,
            "HTTP on \"%s\" is reached from other hosts: give a token "
            "(--http-token-file FILE; `stint key generate FILE` makes one), or "
            "listen on 127.0.0.1",
            http);
    }
    if (rc != 0) webplace_fini(p);
    return rc;
}

void
webplace_fini(struct webplace *p)
{
    sodium_memzero(p->token, sizeof p->token);
    p->token_length = 0;
}

/* ---- listening ----------------------------------------------------------- */

static int
resolve(const struct webplace *p, struct addrinfo **out)
{
    const struct addrinfo hints = { .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    char host[256], service[16];
    unsigned port = 0;

    if (!address_split(p->address.endpoint, host, &port)) {
        return say(
            STINT_EINVAL, "cannot listen for HTTP on %s", p->address.endpoint);
    }
    (void)snprintf(service, sizeof service, "%u", port);
    bool any = strcmp(host, "*") == 0;
    int rc = getaddrinfo(any ? "0.0.0.0" : host, service, &hints, out);
    if (rc == 0) return 0;
    return say(STINT_EINVAL, "cannot listen for HTTP on %s: %s", host,
        gai_strerror(rc));
}

static int
bind_to(const struct addrinfo *where)
{
    const int yes = 1;
    int fd =
        socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0) return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, where->ai_addr, where->ai_addrlen) == 0
        && listen(fd, BACKLOG) == 0) {
        return fd;
    }
    int before = errno;
    (void)close(fd);
    errno = before;
    return -1;
}

static int
tell_url(int fd, char url[WEBPLACE_URL])
{
    struct sockaddr_storage real = { .ss_family = AF_UNSPEC };
    socklen_t size = sizeof real;
    char host[INET6_ADDRSTRLEN + 32], port[16];

    if (getsockname(fd, (struct sockaddr *)&real, &size) != 0
        || getnameinfo((struct sockaddr *)&real, size, host, sizeof host, port,
               sizeof port, NI_NUMERICHOST | NI_NUMERICSERV)
               != 0) {
        return say(STINT_ESYSTEM, "HTTP has no address: %s", strerror(errno));
    }
    (void)snprintf(url, WEBPLACE_URL,
        real.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s", host,
        port);
    return 0;
}

int
webplace_listen(const struct webplace *p, int *fd, char url[WEBPLACE_URL])
{
    struct addrinfo *where = NULL;
    int rc = resolve(p, &where);

    if (rc != 0) return rc;
    *fd = bind_to(where);
    int reason = errno;
    freeaddrinfo(where);
    if (*fd < 0) {
        return say(reason == EADDRINUSE ? STINT_EBUSY : STINT_ESYSTEM,
            "cannot listen for HTTP on %s: %s; choose another with --http, or "
            "--http off",
            p->address.endpoint + strlen("tcp://"), strerror(reason));
    }
    rc = tell_url(*fd, url);
    if (rc != 0) (void)close(*fd);
    return rc;
}
