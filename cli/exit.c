#include "cli/exit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <stint.h>

static bool in_color, is_quiet;
static const char *program = "stint";

int
exit_of(int code)
{
    switch ((enum stint_error)code) {
    case STINT_OK:
        return EXIT_FINE;
    case STINT_EINVAL:
        return EXIT_USAGE;
    case STINT_EDAMAGED:
        return EXIT_DAMAGED;
    case STINT_EUNREACHABLE:
        return EXIT_UNREACHABLE;
    case STINT_EDISK:
        return EXIT_DISK;
    case STINT_ENOMEM:
    case STINT_ETIMEOUT:
    case STINT_EEMPTY:
    case STINT_EFULL:
    case STINT_EBUDGET:
    case STINT_ELOST:
    case STINT_ELIMIT:
    case STINT_EBUSY:
    case STINT_ENOSPACE:
    case STINT_ECHANGED:
    case STINT_ENOTREADY:
        return EXIT_AGAIN;
    case STINT_EPROTO:
    case STINT_EMALFORMED:
        return EXIT_PROTOCOL;
    case STINT_EAUTH:
    case STINT_EROLE:
        return EXIT_REFUSED;
    case STINT_EACCESS:
    case STINT_EPLUGIN:
    case STINT_EFORMAT:
        return EXIT_CONFIG;
    case STINT_ESHUTDOWN:
    case STINT_ESTALE:
    case STINT_ENOQUEUE:
    case STINT_ETOOLARGE:
    case STINT_ECLOSED:
    case STINT_EEXISTS:
    case STINT_ENOTASK:
    case STINT_ENOJOB:
    case STINT_ENOFILE:
    case STINT_ECANCELLED:
    case STINT_EDEAD:
    case STINT_ENOKEY:
    case STINT_ESYSTEM:
    case STINT_EEXPIRED:
    case STINT_EWORKERLOST:
    case STINT_ENOOBJECT:
    case STINT_ENOENTRY:
    case STINT_ENOTHELD:
    case STINT_EBROKEN:
    case STINT_ETYPE:
    case STINT_EOVERFLOW:
    case STINT_EEOF:
    case STINT_ENOPROGRAM:
    default:
        return EXIT_FAILED;
    }
}

static void __attribute__((format(printf, 1, 0)))
say(const char *format, va_list list)
{
    char line[2048];

    vsnprintf(line, sizeof(line), format, list);
    /* One call, so that lines of several threads do not mix. */
    fprintf(stderr, "%sstint:%s %s\n", in_color ? "\033[1;31m" : "",
        in_color ? "\033[0m" : "", line);
}

int
exit_say(int status, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say(format, list);
    va_end(list);
    return status;
}

void
exit_now(int status, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    say(format, list);
    va_end(list);
    exit(status);
}

int
exit_error(int code)
{
    return exit_say(exit_of(code), "%s", stint_error_message());
}

void
exit_note(const char *format, ...)
{
    char line[2048];
    va_list list;

    if (is_quiet) return;
    va_start(list, format);
    vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    fprintf(stderr, "%s\n", line);
}

const char *
exit_program(void)
{
    return program;
}

void
exit_program_is(const char *argv0)
{
    if (strchr(argv0, '/') != NULL) program = argv0;
}

void
exit_quiet(bool quiet)
{
    is_quiet = quiet;
}

void
exit_color(bool color)
{
    in_color = color;
}
