#include "cli/width.h"

#include <langinfo.h>
#include <locale.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

#include "cli/mem.h"
#include "cli/value.h"

static bool
is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0';
}

void
width_begin(void)
{
    /* A container says nothing of itself, and its terminal is UTF-8. */
    bool says = is_set("LC_ALL") || is_set("LC_CTYPE") || is_set("LANG");

    if (setlocale(LC_CTYPE, says ? "" : "C.UTF-8") == NULL)
        setlocale(LC_CTYPE, "C.UTF-8");
}

bool
width_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* One character: its bytes and columns; *bytes is 0 at the end.  False: it is
 * nothing that may be printed. */
static bool
next(const char *text, size_t *bytes, size_t *columns)
{
    mbstate_t state = { 0 };
    wchar_t c = 0;
    size_t n = mbrtowc(&c, text, strlen(text), &state);
    int width;

    *columns = 1;
    *bytes = 1;
    if (*text == '\0') {
        *bytes = *columns = 0;
        return true;
    }
    if (n == (size_t)-1 || n == (size_t)-2) return false;
    *bytes = n;
    width = wcwidth(c);
    if (width < 0) return false;
    *columns = (size_t)width;
    return true;
}

size_t
width_of(const char *text)
{
    size_t sum = 0, bytes, columns;

    for (;; text += bytes) {
        (void)next(text, &bytes, &columns);
        if (bytes == 0) return sum;
        sum += columns;
    }
}

/* Without a look at the end. */
static size_t
put_some(FILE *out, const char *text, size_t room)
{
    size_t sum = 0, bytes, columns;

    for (;; text += bytes) {
        bool shows = next(text, &bytes, &columns);

        if (bytes == 0 || sum + columns > room) return sum;
        if (shows)
            fwrite(text, 1, bytes, out);
        else
            putc('?', out);
        sum += columns;
    }
}

size_t
width_put(FILE *out, const char *text, size_t columns)
{
    size_t sum;

    if (columns == 0) return 0;
    if (width_of(text) <= columns) return put_some(out, text, columns);
    sum = put_some(out, text, columns - 1);
    fputs(width_is_utf8() ? "…" : "~", out);
    return sum + 1;
}

void
width_pad(FILE *out, const char *text, size_t columns, bool right)
{
    size_t taken = width_of(text), blanks;

    if (taken > columns) right = false;
    blanks = taken < columns ? columns - taken : 0;
    if (right) fprintf(out, "%*s", (int)blanks, "");
    taken = width_put(out, text, columns);
    if (!right) fprintf(out, "%*s", (int)(columns - taken), "");
}

void
width_wrap(FILE *out, const char *text, size_t columns, size_t used)
{
    bool is_first = true;

    for (const char *word = text + strspn(text, " "); *word != '\0';) {
        size_t length = strcspn(word, " ");
        char *copy = mem_format("%.*s", (int)length, word);
        size_t wide = width_of(copy);

        if (used > 0 && used + !is_first + wide > columns) {
            putc('\n', out);
            used = 0;
        } else if (!is_first) {
            putc(' ', out);
            used++;
        }
        used += put_some(out, copy, wide);
        is_first = false;
        free(copy);
        word += length;
        word += strspn(word, " ");
    }
}

static size_t
number_of(const char *name, size_t fallback)
{
    const char *text = getenv(name);
    int64_t number;

    if (text == NULL || !value_number(text, 1, 10000, &number)) return fallback;
    return (size_t)number;
}

void
width_terminal(int fd, size_t *columns, size_t *lines)
{
    struct winsize size = { 0 };

    (void)ioctl(fd, TIOCGWINSZ, &size);
    *columns = size.ws_col > 0 ? size.ws_col : number_of("COLUMNS", 80);
    *lines = size.ws_row > 0 ? size.ws_row : number_of("LINES", 24);
}
