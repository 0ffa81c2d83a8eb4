#include "cli/results.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/exit.h"
#include "cli/line.h"
#include "cli/mem.h"
#include "common/buf.h"
#include "common/sys/whole.h"
#include "common/template.h"

enum { NAME_BYTES_MAX = 255 };

static int
cannot(const char *path, int error)
{
    return exit_say(EXIT_FAILED, "--results: %s cannot be written: %s%s", path,
        strerror(error),
        error == ENOSPC || error == EDQUOT
            ? "; make room, then go on with --resume"
            : "; name a folder that may be written");
}

/* The folders of a path up to its last slash; changes it for the moment. */
static int
make_folders(char *path)
{
    char *slash = *path != '\0' ? strchr(path + 1, '/') : NULL;

    for (; slash != NULL; slash = strchr(slash + 1, '/')) {
        int error;

        *slash = '\0';
        error = mkdir(path, 0777) == 0 || errno == EEXIST ? 0 : errno;
        if (error != 0) cannot(path, error);
        *slash = '/';
        if (error != 0) return EXIT_FAILED;
    }
    return EXIT_FINE;
}

int
results_open(struct results *r, const char *dir)
{
    static const char *const forms[] = { ".csv", ".tsv", ".json" };
    size_t length = strlen(dir);
    char *path;
    int status;

    *r = (struct results){ .dir = dir,
        .has_holes = template_has_hole(slice_of(dir)) };
    if (length == 0) return exit_say(EXIT_USAGE, "--results wants a folder");
    for (size_t i = 0; i < 3; i++) {
        size_t end = strlen(forms[i]);

        if (!r->has_holes && length > end
            && strcmp(dir + length - end, forms[i]) == 0)
            return exit_say(EXIT_USAGE,
                "--results %s: it writes a folder; for one table of all, "
                "--json prints a line a task",
                dir);
    }
    if (r->has_holes) return EXIT_FINE;
    path = mem_format("%s/", dir);
    status = make_folders(path);
    free(path);
    return status;
}

/* ---- names --------------------------------------------------------------- */

static void
append_char(struct buf *name, char c)
{
    switch (c) {
    case '/':
        buf_append(name, "\\_", 2);
        break;
    case '\\':
        buf_append(name, "\\\\", 2);
        break;
    case '\t':
        buf_append(name, "\\t", 2);
        break;
    default:
        buf_append(name, &c, 1);
    }
}

static void
append_name(struct buf *path, struct slice value)
{
    size_t begin = path->length;
    bool is_dots = value.length <= 2;

    for (size_t i = 0; i < value.length; i++)
        if (value.bytes[i] != '.') is_dots = false;
    if (is_dots) buf_append(path, "\\", 1);
    for (size_t i = 0; i < value.length && i < NAME_BYTES_MAX; i++)
        append_char(path, (char)value.bytes[i]);
    if (path->length - begin > NAME_BYTES_MAX)
        buf_truncate(path, begin + NAME_BYTES_MAX);
    buf_append(path, "/", 1);
}

/* Everything before "stdout" or before ".err"; gives it. */
static char *
stem_of(const struct results *r, uint64_t seq, struct stint_bytes value)
{
    static struct slice parts[TEMPLATE_VALUES_MAX];
    size_t count = line_split(value, parts, TEMPLATE_VALUES_MAX);
    struct template_values values = { parts, count, seq };
    struct buf path;
    char number[32];

    if (count > TEMPLATE_VALUES_MAX) values.count = TEMPLATE_VALUES_MAX;
    buf_init(&path);
    if (r->has_holes) template_fill(&path, slice_of(r->dir), &values, false);
    if (!r->has_holes) buf_append(&path, r->dir, strlen(r->dir));
    if (!r->has_holes && r->dir[strlen(r->dir) - 1] != '/')
        buf_append(&path, "/", 1);
    for (size_t i = 0; i < values.count && !r->has_holes; i++) {
        int n = snprintf(number, sizeof(number), "%zu/", i + 1);

        buf_append(&path, number, (size_t)n);
        append_name(&path, parts[i]);
    }
    buf_append(&path, "", 1);
    if (path.failed) exit_now(EXIT_AGAIN, "no memory is left");
    return (char *)path.bytes;
}

enum leaf { OUT, ERR, SEQ };

static char *
path_of(const char *stem, enum leaf leaf)
{
    static const char *const in_folder[] = { "stdout", "stderr", "seq" };
    static const char *const beside[] = { "", ".err", ".seq" };
    size_t length = strlen(stem);
    bool is_folder = length > 0 && stem[length - 1] == '/';

    return mem_format("%s%s", stem, is_folder ? in_folder[leaf] : beside[leaf]);
}

/* ---- files --------------------------------------------------------------- */

static int
write_file(const char *stem, enum leaf leaf, struct stint_bytes bytes)
{
    char *path = path_of(stem, leaf);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int error = fd < 0 ? errno : whole_write(fd, bytes.data, bytes.size);
    int status = EXIT_FINE;

    /* Some file systems tell only now. */
    if (fd >= 0 && close(fd) != 0 && error == 0) error = errno;
    if (error != 0) status = cannot(path, error);
    free(path);
    return status;
}

int
results_add(const struct results *r, uint64_t seq, const struct stint_end *end)
{
    char *stem, number[32];
    int n, status;

    if (r->dir == NULL) return EXIT_FINE;
    stem = stem_of(r, seq, end->value);
    n = snprintf(number, sizeof(number), "%" PRIu64, seq);
    status = make_folders(stem);
    if (status == EXIT_FINE) status = write_file(stem, OUT, end->out);
    if (status == EXIT_FINE) status = write_file(stem, ERR, end->err);
    if (status == EXIT_FINE)
        status =
            write_file(stem, SEQ, (struct stint_bytes){ number, (size_t)n });
    free(stem);
    return status;
}

bool
results_has(const struct results *r, uint64_t seq, struct stint_bytes value)
{
    char *stem, *path;
    bool is_there;

    if (r->dir == NULL) return false;
    stem = stem_of(r, seq, value);
    path = path_of(stem, SEQ);
    is_there = access(path, F_OK) == 0;
    free(path);
    free(stem);
    return is_there;
}
