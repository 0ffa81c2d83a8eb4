#include "common/sys/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void
tell(const struct sockaddr_un *to, socklen_t size, const char *text)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0) return;
    /* Without waiting: a manager that does not listen must not hold us up. */
    (void)sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
        (const struct sockaddr *)(const void *)to, size);
    (void)close(fd);
}

void
notify(const char *format, ...)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    char text[512];
    va_list args;

    if (path == NULL || (path[0] != '/' && path[0] != '@')) return;
    size_t length = strlen(path);
    if (length < 2 || length >= sizeof to.sun_path) return;
    memcpy(to.sun_path, path, length);
    if (path[0] == '@') to.sun_path[0] = '\0'; /* The abstract namespace. */
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tell(&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length),
        text);
}

static long long
number_of(const char *name)
{
    const char *text = getenv(name);

    return text == NULL ? 0 : strtoll(text, NULL, 10);
}

tick_ns
notify_watchdog(void)
{
    long long us = number_of("WATCHDOG_USEC"), pid = number_of("WATCHDOG_PID");

    if (us <= 0 || us > TICK_NEVER / TICK_US) return TICK_NEVER;
    return pid == 0 || pid == (long long)getpid() ? us * TICK_US : TICK_NEVER;
}
