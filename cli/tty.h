/**
 * tty.h - the terminal as a screen with keys.                   [layer: cli]
 *
 * tty_begin() takes it over: the other screen, no cursor, keys as they are
 * typed; tty_end() gives it back as it was.  The signals that end or stop the
 * program, or say that the window has another size, are blocked meanwhile and
 * come as keys, so that the terminal is given back first.
 */
#ifndef CLI_TTY_H
#define CLI_TTY_H

#include <stddef.h>
#include <stdint.h>

enum tty_key {
    TTY_NONE = 0, /* The time is over. */
    /* Letters are themselves. */
    TTY_UP = 256,
    TTY_DOWN,
    TTY_LEFT,
    TTY_RIGHT,
    TTY_PAGE_UP,
    TTY_PAGE_DOWN,
    TTY_BACK_TAB,
    TTY_RESIZED,
    TTY_STOP,   /* ^Z: call tty_suspend(). */
    TTY_SIGNAL, /* To end: tty_signal() says which. */
    TTY_GONE    /* Nobody types any more. */
};

/** Returns the exit status, having said why it is no terminal to draw on. */
int tty_begin(void);

void tty_end(void);

/** The next key, waiting for it so long.  Others than above: 1. */
int tty_key(int64_t wait_ms);

/** Number of the signal that TTY_SIGNAL was. */
int tty_signal(void);

/** Give the terminal back, stop as ^Z does, take it again when continued. */
void tty_suspend(void);

/** Show a whole screen, lines with newlines between them. */
void tty_show(const char *text, size_t size);

#endif
