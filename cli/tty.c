#include "cli/tty.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "cli/exit.h"
#include "common/sys/whole.h"

/* The other screen, no cursor, no folding of lines; and back. */
static const char enter[] = "\033[?1049h\033[?25l\033[?7l\033[2J";
static const char leave[] = "\033[?7h\033[?25h\033[?1049l";

static struct {
    struct termios was;
    int signals;
    int last_signal;
    sigset_t old_mask;
    /* Bytes that were read and not yet taken. */
    unsigned char bytes[64];
    size_t count, next;
} tty;

static void
put_all(const char *text, size_t size)
{
    (void)whole_write(STDOUT_FILENO, text, size);
}

static void
take(void)
{
    struct termios raw = tty.was;

    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    put_all(enter, sizeof(enter) - 1);
}

static void
give_back(void)
{
    put_all(leave, sizeof(leave) - 1);
    tcsetattr(STDIN_FILENO, TCSANOW, &tty.was);
}

int
tty_begin(void)
{
    static const int wanted[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH,
        SIGTSTP };
    sigset_t set;

    if (tcgetattr(STDIN_FILENO, &tty.was) != 0)
        return exit_say(EXIT_USAGE,
            "stdin is no terminal: %s; without one `stint top | cat` prints "
            "how it is now",
            strerror(errno));
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
        sigaddset(&set, wanted[i]);
    tty.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (tty.signals < 0)
        return exit_say(EXIT_AGAIN, "no descriptor is left: %s; try again",
            strerror(errno));
    sigprocmask(SIG_BLOCK, &set, &tty.old_mask);
    take();
    return EXIT_FINE;
}

void
tty_end(void)
{
    give_back();
    close(tty.signals);
    sigprocmask(SIG_SETMASK, &tty.old_mask, NULL);
}

void
tty_suspend(void)
{
    give_back();
    /* SIGTSTP is blocked, and would only come again as a key. */
    kill(getpid(), SIGSTOP);
    tcgetattr(STDIN_FILENO, &tty.was);
    take();
}

int
tty_signal(void)
{
    return tty.last_signal;
}

static int
read_signal(void)
{
    struct signalfd_siginfo info;

    if (read(tty.signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return TTY_NONE;
    switch (info.ssi_signo) {
    case SIGWINCH:
        return TTY_RESIZED;
    case SIGTSTP:
        return TTY_STOP;
    default:
        tty.last_signal = (int)info.ssi_signo;
        return TTY_SIGNAL;
    }
}

/* ---- keys ---------------------------------------------------------------- */

static const struct sequence {
    const char *bytes; /* Behind the escape. */
    int key;
} sequences[] = { { "[A", TTY_UP }, { "[B", TTY_DOWN }, { "[C", TTY_RIGHT },
    { "[D", TTY_LEFT }, { "OA", TTY_UP }, { "OB", TTY_DOWN },
    { "OC", TTY_RIGHT }, { "OD", TTY_LEFT }, { "[5~", TTY_PAGE_UP },
    { "[6~", TTY_PAGE_DOWN }, { "[Z", TTY_BACK_TAB } };

/* Length of a sequence that nobody knows: up to its last byte. */
static size_t
unknown_length(const char *at, size_t left)
{
    size_t n = 1;

    if (left == 0 || (at[0] != '[' && at[0] != 'O')) return 0;
    while (n < left && (at[n] < '@' || at[n] > '~'))
        n++;
    return n < left ? n + 1 : n;
}

static int
take_key(void)
{
    const char *at;
    size_t left;
    int c = tty.bytes[tty.next++];

    if (c != '\033') return c;
    at = (const char *)tty.bytes + tty.next;
    left = tty.count - tty.next;
    for (size_t i = 0; i < sizeof(sequences) / sizeof(*sequences); i++) {
        size_t n = strlen(sequences[i].bytes);

        if (n > left || memcmp(at, sequences[i].bytes, n) != 0) continue;
        tty.next += n;
        return sequences[i].key;
    }
    tty.next += unknown_length(at, left);
    return 1;
}

int
tty_key(int64_t wait_ms)
{
    struct pollfd fds[] = { { .fd = tty.signals, .events = POLLIN },
        { .fd = STDIN_FILENO, .events = POLLIN } };
    ssize_t n;

    if (tty.next < tty.count) return take_key();
    if (poll(fds, 2, wait_ms > 0 ? (int)wait_ms : 0) <= 0) return TTY_NONE;
    if (fds[0].revents != 0) return read_signal();
    n = read(STDIN_FILENO, tty.bytes, sizeof(tty.bytes));
    if (n < 0 && errno == EINTR) return TTY_NONE;
    if (n <= 0) return TTY_GONE;
    tty.count = (size_t)n;
    tty.next = 0;
    return take_key();
}

void
tty_show(const char *text, size_t size)
{
    char *out = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&out, &length);

    if (memory == NULL) return;
    /* In one write, over what is there: nothing flickers. */
    fputs("\033[H", memory);
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n') putc('\r', memory);
        putc(text[i], memory);
    }
    fclose(memory);
    put_all(out, length);
    free(out);
}
