#include "cli/joblog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Whether it has all that counts. */
static bool
take_line(struct joblog *log, const char *line, enum joblog_mode mode)
{
    char *end;
    uint64_t seq = strtoull(line, &end, 10);

    if (end == line || *end != '\t' || field(line, 8) == NULL) return false;
    if (seq == 0 || seq > seq_max) return true;
    if (mode == JOBLOG_RESUME || ended_well(line)) set_done(log, seq);
    return true;
}

static int
is_none(const char *path)
{
    return exit_say(EXIT_USAGE,
        "%s is there and no joblog; name another file, or remove it", path);
}

/* What is there of it. */
struct found {
    off_t length; /* Up to a last line that was torn so that it says nothing. */
    bool is_torn; /* The last line has no end, and counts. */
};

static bool
is_heading(const char *line, size_t length)
{
    bool is_torn = line[length - 1] != '\n';

    return strncmp(line, "Seq\t", 4) == 0
           || (is_torn && strncmp(line, heading, length) == 0);
}

static int
read_log(
    struct joblog *log, FILE *file, enum joblog_mode mode, struct found *found)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    int status = EXIT_FINE;

    *found = (struct found){ 0 };
    length = getline(&line, &size, file);
    if (length > 0 && !is_heading(line, (size_t)length))
        status = is_none(log->path);
    for (bool is_first = true; length > 0 && status == EXIT_FINE;
         is_first = false) {
        bool is_whole = line[length - 1] == '\n';
        bool counts =
            is_first ? is_whole : take_line(log, line, mode) || is_whole;

        if (counts) found->length += length;
        found->is_torn = counts && !is_whole;
        length = mode != JOBLOG_NEW ? getline(&line, &size, file) : 0;
    }
    free(line);
    return status;
}

/* ---- opening ------------------------------------------------------------- */

static int
cannot(const struct joblog *log, const char *what)
{
    return exit_say(EXIT_USAGE, "--joblog %s cannot be %s: %s", log->path, what,
        strerror(errno));
}

/* Not to wait for somebody who reads a pipe. */
static int
open_file(struct joblog *log, int *out)
{
    static const int how =
        O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int fd = open(log->path, how, 0666), flags;

    if (fd < 0 && errno == ENXIO)
        return exit_say(EXIT_USAGE,
            "--joblog %s is a pipe that nobody reads; start the reader first, "
            "or name a file",
            log->path);
    if (fd < 0) return cannot(log, "written");
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0
        || (log->file = fdopen(fd, "ae")) == NULL) {
        close(fd);
        return cannot(log, "written");
    }
    *out = fd;
    return EXIT_FINE;
}

/* Two at once would each run all, as neither knows what the other does.  Where
 * a file system has no locks there is none. */
static int
lock(const struct joblog *log, int fd)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return EXIT_FINE;
    return exit_say(EXIT_AGAIN,
        "another stint run writes to --joblog %s; wait for its end, or name "
        "another file",
        log->path);
}

/* Nothing else that is there is overwritten. */
static int
look_before(struct joblog *log, enum joblog_mode mode, struct found *found)
{
    FILE *file = fopen(log->path, "re");
    int status;

    if (file == NULL) return cannot(log, "read");
    status = read_log(log, file, mode, found);
    fclose(file);
    return status;
}

/* A line that says nothing is cut off; its task runs again. */
static int
go_on_behind(const struct joblog *log, int fd, const struct found *found)
{
    if (ftruncate(fd, found->length) != 0) return cannot(log, "written");
    if (found->length == 0) fputs(heading, log->file);
    if (found->is_torn) putc('\n', log->file);
    return EXIT_FINE;
}

/* /dev/stderr and pipes are as they are, and begin with a heading. */
static int
open_and_read(struct joblog *log, enum joblog_mode mode)
{
    struct found found = { 0 };
    struct stat info;
    int fd = -1, status = open_file(log, &fd);

    if (status != EXIT_FINE) return status;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        fputs(heading, log->file);
        return EXIT_FINE;
    }
    status = lock(log, fd);
    if (status == EXIT_FINE) status = look_before(log, mode, &found);
    if (status != EXIT_FINE) return status;
    if (mode == JOBLOG_NEW) found = (struct found){ 0 };
    return go_on_behind(log, fd, &found);
}

int
joblog_open(struct joblog *log, const char *path, enum joblog_mode mode)
{
    int status;

    *log = (struct joblog){ .path = path };
    status = open_and_read(log, mode);
    if (status == EXIT_FINE) return joblog_flush(log);
    joblog_close(log);
    return status;
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
