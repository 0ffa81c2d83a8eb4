#include "master/server/web.h"

#include <errno.h>
#include <microhttpd.h>
#include <sodium.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/sys/clock.h"
#include "common/sys/say.h"
#include "master/server/webpage.h"

/* So many are served; when one more comes, one is cut.  Those that were cut
 * have places until they are closed, in the next turn. */
enum { PEERS_MAX = 32, PLACES = PEERS_MAX + 16 };
enum { REQUEST_BYTES = 16 << 10, HASH_BYTES = 32 };

static const tick_ns LIFE = 5 * TICK_S;    /* Of a connection. */
static const tick_ns HEAD = TICK_S;        /* Until its request is there. */
static const tick_ns FULL = 100 * TICK_MS; /* Out of descriptors. */
static const tick_ns LOOK = 10 * TICK_MS;  /* While the loop never rests. */
/* After each turn it rests so many times as long as that took. */
static const tick_ns MODESTY = 4;

/* A connection: one request. */
struct peer {
    struct MHD_Connection *connection; /* NULL: a free place. */
    tick_ns since;
    bool asked; /* Its request is there, and is for who may look. */
    bool cut;
    bool suspended; /* Its page is for the next turn. */
};

struct web {
    struct MHD_Daemon *daemon;
    int epoll_fd;
    char url[WEBPLACE_URL];
    struct web_parts parts;
    uint64_t tried; /* Strangers before it was opened: our own trials. */
    bool guarded;   /* A token is asked for. */
    uint8_t salt[HASH_BYTES], token[HASH_BYTES];

    const struct meters *meters; /* Of this turn, as the rest. */
    tick_ns clock, now;          /* The host's, the core's. */
    bool had_long;
    bool moved; /* Somebody came, or was closed. */

    tick_ns due;    /* TICK_NEVER: nothing but the descriptor. */
    tick_ns look;   /* When to look without being told to. */
    tick_ns paused; /* Not before. */
    struct peer peers[PLACES];
};

/* ---- who asks ------------------------------------------------------------ */

static void
hash(const struct web *w, const char *text, size_t length,
    uint8_t out[HASH_BYTES])
{
    (void)crypto_generichash(out, HASH_BYTES, (const uint8_t *)text, length,
        w->salt, sizeof w->salt);
}

/* Hashes are compared, so that neither length nor contents show in the time. */
static bool
has_token(const struct web *w, struct MHD_Connection *c)
{
    static const char SCHEME[] = "bearer ";
    const char *text =
        MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
    uint8_t shown[HASH_BYTES];

    if (!w->guarded || text == NULL
        || strncasecmp(text, SCHEME, strlen(SCHEME)) != 0) {
        return false;
    }
    text += strlen(SCHEME);
    hash(w, text, strlen(text), shown);
    return sodium_memcmp(shown, w->token, sizeof shown) == 0;
}

/* ":4725", or nothing. */
static bool
is_port(const char *text)
{
    return *text == '\0'
           || (*text == ':'
               && text[1 + strspn(text + 1, "0123456789")] == '\0');
}

/* A page of a browser may ask by way of a name that leads here; it can not make
 * the browser say one of ours. */
static bool
names_this_host(struct MHD_Connection *c)
{
    static const char *const ours[] = { "localhost", "127.", "[::1]" };
    const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host");

    if (host == NULL) return true;
    size_t length = strcspn(host, *host == '[' ? "]" : ":");
    if (*host == '[') length += host[length] == ']';
    if (!is_port(host + length)) return false;
    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        size_t most = strlen(ours[i]);
        bool begins = strncasecmp(host, ours[i], most) == 0;
        if (begins && length == most) return true;
        if (begins && ours[i][most - 1] == '.'
            && strspn(host, "0123456789.") == length) {
            return true;
        }
    }
    return false;
}

/* ---- answers ------------------------------------------------------------- */

static enum MHD_Result
send_bytes(struct MHD_Connection *c, unsigned status, const char *type,
    struct buf *body)
{
    static const struct {
        const char *name, *value;
    } always[] = {
        { "Connection", "close" },
        { "Cache-Control", "no-store" },
        { "X-Content-Type-Options", "nosniff" },
    };
    struct MHD_Response *r = body->failed
                                 ? NULL
                                 : MHD_create_response_from_buffer(body->length,
                                     body->bytes, MHD_RESPMEM_MUST_FREE);

    if (r == NULL) {
        buf_fini(body);
        return MHD_NO; /* No memory: it is hung up. */
    }
    buf_init(body); /* It is the response's now. */
    enum MHD_Result rc = MHD_add_response_header(r, "Content-Type", type);
    for (size_t i = 0; i < ARRAY_LEN(always); i++) {
        if (rc == MHD_NO) break;
        rc = MHD_add_response_header(r, always[i].name, always[i].value);
    }
    if (status == MHD_HTTP_UNAUTHORIZED && rc == MHD_YES) {
        rc = MHD_add_response_header(
            r, "WWW-Authenticate", "Bearer realm=\"stint\"");
    }
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED && rc == MHD_YES) {
        rc = MHD_add_response_header(r, "Allow", "GET, HEAD");
    }
    if (rc == MHD_YES) rc = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return rc;
}

static enum MHD_Result
send_error(struct MHD_Connection *c, unsigned status, const char *path,
    const char *sentence)
{
    struct buf body;

    buf_init(&body);
    return send_bytes(c, status, webpage_error(&body, path, sentence), &body);
}

struct question {
    struct webquery query;
    const char *wrong;
};

static enum MHD_Result
take_argument(
    void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct question *q = arg;

    (void)kind;
    q->wrong = webpage_ask(&q->query, name, value != NULL ? value : "");
    return q->wrong == NULL ? MHD_YES : MHD_NO;
}

static enum MHD_Result
send_page(struct web *w, struct MHD_Connection *c, const struct webpage *page,
    bool is_trusted)
{
    struct question q = { .wrong = NULL };
    struct webview view = { .core = w->parts.core,
        .meters = w->meters,
        .now = w->now,
        .strangers = zap_refused(w->parts.zap) - w->tried,
        .is_trusted = is_trusted };
    struct buf body;

    if (page->is_list) {
        (void)MHD_get_connection_values(
            c, MHD_GET_ARGUMENT_KIND, take_argument, &q);
    }
    if (q.wrong != NULL) {
        return send_error(c, MHD_HTTP_BAD_REQUEST, page->path, q.wrong);
    }
    buf_init(&body);
    unsigned status = page->render(&body, &view, &q.query);
    return send_bytes(c, status, page->type, &body);
}

static struct peer *
peer_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info != NULL ? info->socket_context : NULL;
}

/* One long page in a turn: the others are asked for again in the next ones. */
static bool
must_wait(struct web *w, struct MHD_Connection *c, const struct webpage *page)
{
    struct peer *peer = peer_of(c);

    if (!page->is_long || peer == NULL) return false;
    if (w->had_long) {
        MHD_suspend_connection(c);
        peer->suspended = true;
        return true;
    }
    w->had_long = true;
    return false;
}

static enum MHD_Result
answer(void *arg, struct MHD_Connection *c, const char *path,
    const char *method, const char *version, const char *upload,
    size_t *upload_size, void **request)
{
    struct web *w = arg;
    const struct webpage *page = webpage_find(path);
    bool is_trusted = has_token(w, c);

    (void)version;
    (void)upload;
    (void)upload_size;
    (void)request;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0
        && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return send_error(c, MHD_HTTP_METHOD_NOT_ALLOWED, path,
            "only GET: nothing is changed here");
    }
    if (w->guarded && !is_trusted && (page == NULL || !page->is_open)) {
        return send_error(c, MHD_HTTP_UNAUTHORIZED, path,
            "a token is needed: Authorization: Bearer TOKEN");
    }
    if (!w->guarded && !names_this_host(c)) {
        return send_error(c, MHD_HTTP_FORBIDDEN, path,
            "ask for it by the name localhost, or give the master a token");
    }
    if (page == NULL) {
        return send_error(c, MHD_HTTP_NOT_FOUND, path,
            "there are /healthz, /readyz, /metrics, /v1/master, /v1/queues, "
            "/v1/jobs, /v1/workers and /v1/tasks");
    }
    struct peer *peer = peer_of(c);
    if (peer != NULL) peer->asked = !page->is_open;
    if (must_wait(w, c, page)) return MHD_YES;
    return send_page(w, c, page, is_trusted);
}

/* ---- connections --------------------------------------------------------- */

/* libmicrohttpd has limits for silence only: who drops a byte now and then
 * would stay for ever. */
static void
cut(struct peer *peer)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        peer->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    peer->cut = true;
    if (info != NULL) (void)shutdown(info->connect_fd, SHUT_RDWR);
}

static tick_ns
patience(const struct peer *peer)
{
    return peer->asked ? LIFE : HEAD;
}

/* Strangers may be many: the oldest of those whose request is not there has had
 * the most time for it.  A request that is served has a second for itself. */
static void
make_room(struct web *w)
{
    struct peer *oldest = NULL;
    unsigned served = 0;

    for (size_t i = 0; i < PLACES; i++) {
        struct peer *peer = &w->peers[i];
        if (peer->connection == NULL || peer->cut) continue;
        served++;
        if (peer->asked && w->clock - peer->since < HEAD) continue;
        if (oldest == NULL || peer->asked < oldest->asked
            || (peer->asked == oldest->asked && peer->since < oldest->since)) {
            oldest = peer;
        }
    }
    if (served >= PEERS_MAX && oldest != NULL) cut(oldest);
}

static void
note_connection(void *arg, struct MHD_Connection *c, void **context,
    enum MHD_ConnectionNotificationCode what)
{
    struct web *w = arg;

    w->moved = true;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        struct peer *peer = *context;
        if (peer != NULL) peer->connection = NULL;
        return;
    }
    make_room(w);
    for (size_t i = 0; i < PLACES; i++) {
        if (w->peers[i].connection != NULL) continue;
        w->peers[i] = (struct peer){ .connection = c, .since = w->clock };
        *context = &w->peers[i];
        return;
    }
}

static void
begin_turn(struct web *w)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct peer *peer = &w->peers[i];
        if (peer->connection == NULL) continue;
        if (!peer->cut && w->clock - peer->since >= patience(peer)) cut(peer);
        if (peer->suspended) MHD_resume_connection(peer->connection);
        peer->suspended = false;
    }
}

static tick_ns
next_cut(const struct web *w)
{
    tick_ns next = TICK_NEVER;

    for (size_t i = 0; i < PLACES; i++) {
        const struct peer *peer = &w->peers[i];
        if (peer->connection == NULL || peer->cut) continue;
        next = tick_min(next, peer->since + patience(peer));
    }
    return next;
}

static bool
has_peers(const struct web *w)
{
    for (size_t i = 0; i < PLACES; i++) {
        if (w->peers[i].connection != NULL) return true;
    }
    return false;
}

/* Whether there is something to do that no descriptor tells of; as who may come
 * in place of those that were closed. */
static bool
has_more(const struct web *w)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;

    if (w->moved) return true;
    for (size_t i = 0; i < PLACES; i++) {
        if (w->peers[i].suspended) return true;
    }
    return MHD_get_timeout(w->daemon, &ms) == MHD_YES && ms == 0;
}

/* ---- the loop's ---------------------------------------------------------- */

int
web_fd(const struct web *w)
{
    return w == NULL || clock_now() < w->paused ? -1 : w->epoll_fd;
}

tick_ns
web_left(const struct web *w)
{
    if (w == NULL) return TICK_NEVER;
    tick_ns clock = clock_now();
    tick_ns until = clock < w->paused ? w->paused : w->due;
    if (until == TICK_NEVER) return TICK_NEVER;
    return until > clock ? until - clock : 0;
}

/* Its patience is measured by the host's clock: the master's own may be a
 * test's, and stand still. */
void
web_turn(struct web *w, tick_ns now, bool ready, const struct meters *meters)
{
    if (w == NULL) return;
    tick_ns began = clock_now();
    if (began < w->paused) return;
    if (!ready && began < tick_min(w->due, w->look)) return;

    w->clock = began;
    w->now = now;
    w->meters = meters;
    w->had_long = w->moved = false;
    begin_turn(w);
    (void)MHD_run(w->daemon);
    tick_ns ended = clock_now();
    w->look = ended + LOOK;
    w->paused = ended + MODESTY * (ended - began);
    /* Nobody is there and nobody could be let in, though somebody stands there:
     * the listening descriptor would stay ready. */
    if (ready && !w->moved && !has_peers(w)) w->paused = ended + FULL;
    w->due = has_more(w) ? w->paused : next_cut(w);
}

/* ---- opening ------------------------------------------------------------- */

static int
start_daemon(struct web *w, int fd)
{
    const union MHD_DaemonInfo *info;

    w->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0,
        NULL, NULL, answer, w, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)PLACES,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES,
        MHD_OPTION_NOTIFY_CONNECTION, note_connection, w, MHD_OPTION_END);
    if (w->daemon == NULL) {
        (void)close(fd);
        return say(STINT_ESYSTEM, "HTTP cannot be served: %s", strerror(errno));
    }
    info = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || info->epoll_fd < 0) {
        return say(STINT_ESYSTEM, "HTTP has no descriptor to wait for");
    }
    w->epoll_fd = info->epoll_fd;
    return 0;
}

int
web_open(const struct webplace *place, const struct web_parts *parts,
    struct web **out)
{
    struct web *w = calloc(1, sizeof *w);
    int fd = -1;

    if (w == NULL) return say(STINT_ENOMEM, "no memory for HTTP");
    w->parts = *parts;
    w->due = TICK_NEVER;
    w->tried = zap_refused(parts->zap);
    w->guarded = place->token_length > 0;
    randombytes_buf(w->salt, sizeof w->salt);
    hash(w, place->token, place->token_length, w->token);
    int rc = webplace_listen(place, &fd, w->url);
    if (rc == 0) rc = start_daemon(w, fd);
    if (rc != 0) {
        web_close(w);
        return rc;
    }
    *out = w;
    return 0;
}

void
web_close(struct web *w)
{
    if (w == NULL) return;
    for (size_t i = 0; i < PLACES; i++) {
        if (w->peers[i].suspended) {
            MHD_resume_connection(w->peers[i].connection);
        }
    }
    if (w->daemon != NULL) MHD_stop_daemon(w->daemon);
    free(w);
}

const char *
web_url(const struct web *w)
{
    return w->url;
}
