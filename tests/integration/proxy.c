/*
 * proxy.c - a forwarding TCP proxy that misbehaves from a seed.
 *
 *   proxy --to HOST:PORT [--listen HOST:PORT] [--seed N] [--cut-every MS]
 *         [--cut-after BYTES] [--delay MS] [--stall-every MS] [--stall MS]
 *
 * Prints "port N" and forwards what connects there.  About every --cut-every
 * milliseconds one connection, chosen by the seed, is cut: half of them reset
 * (RST), half closed (FIN), always with bytes thrown away that were on their
 * way.  --cut-after cuts each one after about so many bytes.  --delay holds
 * every byte that long; about every --stall-every one connection carries
 * nothing for --stall milliseconds and then goes on.
 * Ends when its stdin does, and says "cuts N".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PAIRS_MAX = 512, CHUNK_BYTES = 65536, HELD_MAX = 32 };

struct chunk {
    struct chunk *next;
    int64_t due_us;
    size_t size, sent;
    char bytes[];
};

/* One direction of a connection: what came from `from` waits for `to`. */
struct way {
    struct pollfd *from, *to; /* Of this turn of the loop; NULL before. */
    struct chunk *first, *last;
    unsigned held;
    bool ended; /* `from` has said all. */
};

struct pair {
    int client, master;
    struct way up, down;
    int64_t stalled_until_us;
    uint64_t bytes, cut_at_bytes; /* 0: never. */
};

static struct {
    struct addrinfo *to;
    uint64_t chance;
    int64_t cut_every_us, delay_us, stall_every_us, stall_us;
    uint64_t cut_after_bytes;
    struct pair *pairs[PAIRS_MAX];
    size_t count;
    int64_t next_cut_us, next_stall_us;
    unsigned long cuts;
} proxy = { .chance = 1 };

static int64_t
now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* xorshift64*: the same seed cuts the same way on every machine. */
static uint64_t
draw(void)
{
    uint64_t x = proxy.chance;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    proxy.chance = x;
    return x * 2685821657736338717U;
}

/* Between half and one and a half times the mean. */
static int64_t
around(int64_t mean)
{
    return mean / 2 + (int64_t)(draw() % (uint64_t)(mean + 1));
}

static _Noreturn void
fail(const char *what)
{
    fprintf(stderr, "proxy: %s: %s\n", what, strerror(errno));
    exit(1);
}

static struct addrinfo *
resolve(const char *address)
{
    char host[256];
    const char *colon = strrchr(address, ':');
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    if (colon == NULL || (size_t)(colon - address) >= sizeof host) {
        fprintf(stderr, "proxy: not HOST:PORT: %s\n", address);
        exit(64);
    }
    memcpy(host, address, (size_t)(colon - address));
    host[colon - address] = '\0';
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0) fail(address);
    return found;
}

static int
listen_at(const char *address)
{
    struct addrinfo *at = resolve(address);
    struct sockaddr_in real;
    socklen_t size = sizeof real;
    int one = 1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0) fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, 128) != 0)
        fail(address);
    if (getsockname(fd, (struct sockaddr *)&real, &size) != 0)
        fail("getsockname");
    freeaddrinfo(at);
    printf("port %u\n", (unsigned)ntohs(real.sin_port));
    fflush(stdout);
    return fd;
}

/* ---- one connection ------------------------------------------------------ */

static void
forget(struct way *w)
{
    while (w->first != NULL) {
        struct chunk *c = w->first;
        w->first = c->next;
        free(c);
    }
}

static void
end_pair(size_t i)
{
    struct pair *p = proxy.pairs[i];
    forget(&p->up);
    forget(&p->down);
    close(p->client);
    close(p->master);
    free(p);
    proxy.pairs[i] = proxy.pairs[--proxy.count];
}

static void
cut(size_t i)
{
    struct linger reset = { .l_onoff = 1, .l_linger = 0 };
    if (draw() % 2 == 0) {
        setsockopt(proxy.pairs[i]->client, SOL_SOCKET, SO_LINGER, &reset,
            sizeof reset);
        setsockopt(proxy.pairs[i]->master, SOL_SOCKET, SO_LINGER, &reset,
            sizeof reset);
    }
    end_pair(i);
    proxy.cuts++;
}

static void
accept_one(int listener)
{
    int one = 1;
    int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (client < 0) return;
    int master = socket(proxy.to->ai_family, SOCK_STREAM, 0);
    struct pair *p = calloc(1, sizeof *p);
    if (p == NULL || master < 0 || proxy.count == PAIRS_MAX
        || connect(master, proxy.to->ai_addr, proxy.to->ai_addrlen) != 0) {
        /* As a host does on which nobody listens. */
        close(client);
        if (master >= 0) close(master);
        free(p);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(master, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    p->client = client;
    p->master = master;
    if (proxy.cut_after_bytes != 0)
        p->cut_at_bytes = (uint64_t)around((int64_t)proxy.cut_after_bytes);
    proxy.pairs[proxy.count++] = p;
}

/* False when the connection is broken. */
static bool
take_in(struct pair *p, struct way *w, int64_t now)
{
    struct chunk *c = malloc(sizeof *c + CHUNK_BYTES);
    if (c == NULL) return false;
    ssize_t n = recv(w->from->fd, c->bytes, CHUNK_BYTES, MSG_DONTWAIT);
    if (n <= 0) {
        free(c);
        w->ended = n == 0;
        return n == 0 || errno == EAGAIN;
    }
    c->next = NULL;
    c->size = (size_t)n;
    c->sent = 0;
    c->due_us = now + proxy.delay_us;
    if (w->first == NULL)
        w->first = c;
    else
        w->last->next = c;
    w->last = c;
    w->held++;
    p->bytes += (uint64_t)n;
    return true;
}

static bool
give_out(struct way *w, int64_t now)
{
    while (w->first != NULL && w->first->due_us <= now) {
        struct chunk *c = w->first;
        ssize_t n = send(w->to->fd, c->bytes + c->sent, c->size - c->sent,
            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0) return errno == EAGAIN;
        c->sent += (size_t)n;
        if (c->sent < c->size) return true;
        w->first = c->next;
        w->held--;
        free(c);
    }
    return true;
}

static bool
carry(struct pair *p, struct way *w, int64_t now)
{
    bool readable = w->from->revents & (POLLIN | POLLHUP | POLLERR);
    if (readable && !w->ended && w->held < HELD_MAX && !take_in(p, w, now))
        return false;
    return give_out(w, now) && !(w->ended && w->first == NULL);
}

/* ---- the loop ------------------------------------------------------------ */

static void
ask(struct pair *p, struct pollfd fds[2], int64_t now, int64_t *wake)
{
    struct way *ways[2] = { &p->up, &p->down };
    fds[0] = (struct pollfd){ .fd = p->client };
    fds[1] = (struct pollfd){ .fd = p->master };
    p->up.from = p->down.to = &fds[0];
    p->up.to = p->down.from = &fds[1];
    if (p->stalled_until_us > now) {
        fds[0].fd = fds[1].fd = -1;
        if (p->stalled_until_us < *wake) *wake = p->stalled_until_us;
        return;
    }
    for (int i = 0; i < 2; i++) {
        struct way *w = ways[i];
        if (!w->ended && w->held < HELD_MAX) w->from->events |= POLLIN;
        if (w->first != NULL && w->first->due_us <= now)
            w->to->events |= POLLOUT;
        else if (w->first != NULL && w->first->due_us < *wake)
            *wake = w->first->due_us;
    }
}

static void
misbehave(int64_t now)
{
    if (proxy.cut_every_us > 0 && now >= proxy.next_cut_us) {
        if (proxy.count > 0) cut(draw() % proxy.count);
        proxy.next_cut_us = now + around(proxy.cut_every_us);
    }
    if (proxy.stall_every_us > 0 && now >= proxy.next_stall_us) {
        struct pair *p =
            proxy.count > 0 ? proxy.pairs[draw() % proxy.count] : NULL;
        /* One that was still a moment ago is left alone, or it would starve. */
        if (p != NULL && p->stalled_until_us + proxy.stall_us <= now)
            p->stalled_until_us = now + proxy.stall_us;
        proxy.next_stall_us = now + around(proxy.stall_every_us);
    }
}

static void
serve(const struct pollfd *fds, size_t count, int64_t now)
{
    /* From the end, so that one that ends moves none still to be served. */
    for (size_t i = count; i-- > 0;) {
        struct pair *p = proxy.pairs[i];
        if (fds[2 * i].fd < 0) continue;
        if (!carry(p, &p->up, now) || !carry(p, &p->down, now))
            end_pair(i);
        else if (p->cut_at_bytes != 0 && p->bytes >= p->cut_at_bytes)
            cut(i);
    }
}

static void
run(int listener)
{
    static struct pollfd fds[2 + 2 * PAIRS_MAX];
    char ignored[64];
    while (1) {
        int64_t now = now_us();
        misbehave(now);
        int64_t wake = now + 1000000;
        if (proxy.cut_every_us > 0 && proxy.next_cut_us < wake)
            wake = proxy.next_cut_us;
        if (proxy.stall_every_us > 0 && proxy.next_stall_us < wake)
            wake = proxy.next_stall_us;
        size_t count = proxy.count;
        fds[0] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
        fds[1] = (struct pollfd){ .fd = listener, .events = POLLIN };
        for (size_t i = 0; i < count; i++)
            ask(proxy.pairs[i], fds + 2 + 2 * i, now, &wake);
        int64_t wait_ms = (wake - now + 999) / 1000;
        if (poll(fds, 2 + 2 * count, (int)wait_ms) < 0) return;
        if (fds[0].revents != 0 && read(STDIN_FILENO, ignored, 64) <= 0) return;
        serve(fds + 2, count, now_us());
        if (fds[1].revents & POLLIN) accept_one(listener);
    }
}

static int64_t
number(const char *text)
{
    char *end;
    long long n = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || n < 0) {
        fprintf(stderr, "proxy: not a number: %s\n", text);
        exit(64);
    }
    return n;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {
        { "to", required_argument, NULL, 't' },
        { "listen", required_argument, NULL, 'l' },
        { "seed", required_argument, NULL, 's' },
        { "cut-every", required_argument, NULL, 'c' },
        { "cut-after", required_argument, NULL, 'b' },
        { "delay", required_argument, NULL, 'd' },
        { "stall-every", required_argument, NULL, 'S' },
        { "stall", required_argument, NULL, 'm' },
        { NULL, 0, NULL, 0 },
    };
    const char *at = "127.0.0.1:0";
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 't':
            proxy.to = resolve(optarg);
            break;
        case 'l':
            at = optarg;
            break;
        case 's':
            proxy.chance = (uint64_t)number(optarg) + 1;
            break;
        case 'c':
            proxy.cut_every_us = number(optarg) * 1000;
            break;
        case 'b':
            proxy.cut_after_bytes = (uint64_t)number(optarg);
            break;
        case 'd':
            proxy.delay_us = number(optarg) * 1000;
            break;
        case 'S':
            proxy.stall_every_us = number(optarg) * 1000;
            break;
        case 'm':
            proxy.stall_us = number(optarg) * 1000;
            break;
        default:
            return 64;
        }
    }
    if (proxy.to == NULL) {
        fprintf(stderr, "usage: proxy --to HOST:PORT [--seed N] ...\n");
        return 64;
    }
    int64_t now = now_us();
    proxy.next_cut_us = now + around(proxy.cut_every_us);
    proxy.next_stall_us = now + around(proxy.stall_every_us);
    run(listen_at(at));
    printf("cuts %lu\n", proxy.cuts);
    freeaddrinfo(proxy.to);
    return 0;
}
