#include "cli/ask.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/exit.h"

static const struct opt options[] = {
    { "yes", 'y', OPT_FLAG, NULL, NULL, "Do not ask" },
    { "dry-run", 0, OPT_FLAG, NULL, NULL, "Only say what would be done" },
    { 0 },
};
const struct opt_group ask_group = { "common", "Safety:", options };

int
ask_first(const struct run *run, const char *format, ...)
{
    char question[512], answer[16] = "";
    va_list list;

    if (setting_flag(run, "yes")) return EXIT_FINE;
    va_start(list, format);
    vsnprintf(question, sizeof(question), format, list);
    va_end(list);
    if (isatty(STDIN_FILENO) != 1 || isatty(STDERR_FILENO) != 1)
        return exit_say(EXIT_USAGE,
            "%s Nobody is there to be asked: say --yes, or --dry-run to see",
            question);
    fprintf(stderr, "%s [y/N] ", question);
    if (fgets(answer, sizeof(answer), stdin) != NULL) {
        answer[strcspn(answer, "\n")] = '\0';
        if (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0)
            return EXIT_FINE;
    }
    return exit_say(EXIT_FAILED, "nothing was changed");
}
