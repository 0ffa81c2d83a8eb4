#include "cli/joblog.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/print.h"

static const char heading[] = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive"
                              "\tExitval\tSignal\tCommand\n";

/* More are not kept in mind: 128 MiB of bits. */
static const uint64_t seq_max = UINT64_C(1) << 30;

/* ---- reading ------------------------------------------------------------- */

static void
set_done(struct joblog *log, uint64_t seq)
{
    if (seq >= log->room) {
        uint64_t room = (seq / 8 + 128) * 16;

        log->done = mem_grow(log->done, room / 8, 1);
        memset(log->done + log->room / 8, 0, (room - log->room) / 8);
        log->room = room;
    }
    log->done[seq / 8] |= (uint8_t)(1u << seq % 8);
}

bool
joblog_has(const struct joblog *log, uint64_t seq)
{
    return seq < log->room && (log->done[seq / 8] >> seq % 8 & 1) != 0;
}

/* Field `n`, from 0, of a line; NULL if it has fewer. */
static const char *
field(const char *line, unsigned n)
{
    for (; n > 0 && line != NULL; n--) {
        line = strchr(line, '\t');
        if (line != NULL) line++;
    }
    return line;
}

static bool
ended_well(const char *line)
{
    const char *code = field(line, 6);

    return code != NULL && strncmp(code, "0\t0\t", 4) == 0;
}

static void
take_line(struct joblog *log, const char *line, enum joblog_mode mode)
{
    char *end;
    uint64_t seq = strtoull(line, &end, 10);

    /* The last one may be torn. */
    if (end == line || *end != '\t' || field(line, 8) == NULL) return;
    if (seq == 0 || seq > seq_max) return;
    if (mode == JOBLOG_RESUME || ended_well(line)) set_done(log, seq);
}

static int
is_none(const char *path)
{
    return exit_say(EXIT_USAGE,
        "%s is there and no joblog; name another file, or remove it", path);
}

/* *torn: its last line has no end. */
static int
read_log(struct joblog *log, FILE *file, enum joblog_mode mode, bool *torn)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    int status = EXIT_FINE;

    *torn = false;
    length = getline(&line, &size, file);
    if (length > 0 && strncmp(line, "Seq\t", 4) != 0)
        status = is_none(log->path);
    while (length > 0 && status == EXIT_FINE && mode != JOBLOG_NEW) {
        *torn = line[length - 1] != '\n';
        take_line(log, line, mode);
        length = getline(&line, &size, file);
    }
    free(line);
    return status;
}

/* ---- opening ------------------------------------------------------------- */

/* Nothing else that is there is overwritten; /dev/stderr and pipes may be. */
static int
look_before(
    struct joblog *log, enum joblog_mode mode, bool *is_empty, bool *torn)
{
    FILE *file = NULL;
    struct stat info;
    int status;

    *is_empty = true;
    *torn = false;
    if (stat(log->path, &info) != 0 || !S_ISREG(info.st_mode)) return EXIT_FINE;
    *is_empty = info.st_size == 0;
    file = fopen(log->path, "re");
    if (file == NULL)
        return exit_say(EXIT_USAGE, "--joblog %s cannot be read: %s", log->path,
            strerror(errno));
    status = read_log(log, file, mode, torn);
    fclose(file);
    return status;
}

int
joblog_open(struct joblog *log, const char *path, enum joblog_mode mode)
{
    bool is_empty, torn;
    int status;

    *log = (struct joblog){ .path = path };
    status = look_before(log, mode, &is_empty, &torn);
    if (status == EXIT_FINE) {
        log->file = fopen(path, mode == JOBLOG_NEW ? "we" : "ae");
        if (log->file == NULL)
            status = exit_say(EXIT_USAGE, "--joblog %s cannot be written: %s",
                path, strerror(errno));
    }
    if (status != EXIT_FINE) {
        joblog_close(log);
        return status;
    }
    if (is_empty || mode == JOBLOG_NEW)
        fputs(heading, log->file);
    else if (torn)
        putc('\n', log->file);
    return joblog_flush(log);
}

void
joblog_close(struct joblog *log)
{
    if (log->file != NULL) fclose(log->file);
    free(log->done);
    *log = (struct joblog){ 0 };
}

/* ---- writing ------------------------------------------------------------- */

/* As the shell that parallel runs a command in would have it. */
static void
codes_of(const struct stint_end *end, int *code, int *number)
{
    const struct stint_attempt *last = print_last_try(end);

    *code = end->code == 0 ? 0 : 1;
    *number = 0;
    if (last == NULL) return;
    *number = last->signal;
    switch (last->cause) {
    case STINT_CAUSE_ENDED:
        if (last->code != 0 || last->signal != 0) *code = last->code;
        break;
    case STINT_CAUSE_TIMEOUT:
        *code = -1;
        if (*number == 0) *number = SIGTERM;
        break;
    case STINT_CAUSE_LOST:
    case STINT_CAUSE_LEASE:
        *code = -1;
        break;
    case STINT_CAUSE_NOT_STARTED:
        *code = 127;
        break;
    case STINT_CAUSE_CANCELLED:
    case STINT_CAUSE_LIMIT:
    default:
        break;
    }
}

static void
put_command(const char *command, FILE *file)
{
    for (; *command != '\0'; command++)
        putc(*command == '\n' ? '\0' : *command, file);
    putc('\n', file);
}

void
joblog_add(struct joblog *log, uint64_t seq, const struct stint_end *end,
    const char *command)
{
    const struct stint_attempt *last = print_last_try(end);
    bool has_worker = end->worker != NULL && *end->worker != '\0';
    int code, number;

    if (end->code == STINT_EEXPIRED) return;
    if (end->code == STINT_ECANCELLED && last == NULL) return;
    codes_of(end, &code, &number);
    fprintf(log->file, "%" PRIu64 "\t%s\t%.3f\t%10.3f\t0\t%zu\t%d\t%d\t", seq,
        has_worker ? end->worker : ":",
        last != NULL ? (double)last->began_ns / 1e9 : 0.0,
        last != NULL ? (double)last->wall_ns / 1e9 : 0.0, end->out.size, code,
        number);
    put_command(command, log->file);
}

int
joblog_flush(struct joblog *log)
{
    if (fflush(log->file) == 0 && !ferror(log->file)) return EXIT_FINE;
    return exit_say(EXIT_FAILED, "--joblog %s cannot be written: %s%s",
        log->path, strerror(errno),
        errno == ENOSPC || errno == EDQUOT
            ? "; make room, then go on with --resume"
            : "");
}
