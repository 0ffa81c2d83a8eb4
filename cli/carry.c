#include "cli/carry.h"

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
#include "cli/pace.h"
#include "common/path.h"
#include "common/template.h"

enum { WAIT_MS = 600000, MODE = 0777 };

/* ---- options ------------------------------------------------------------- */

/* "FILE=NAME", unless a file is called so.  Gives the file; *name is NULL or
 * behind the "=" in it. */
static char *
split_put(const char *text, const char **name)
{
    char *file = mem_copy(text), *equals = strrchr(file, '=');

    *name = NULL;
    if (equals == NULL || access(file, F_OK) == 0) return file;
    *equals = '\0';
    *name = equals + 1;
    return file;
}

/* The name that it gets in a task's folder; gives it. */
static char *
inner_name(const char *text)
{
    const char *name;
    char *file = split_put(text, &name), *inner;
    struct slice last = path_last(slice_of(file));

    inner = name != NULL ? mem_copy(name) : mem_copy((const char *)last.bytes);
    free(file);
    return inner;
}

/* One would take the place of the other. */
static int
check_names(const char *const *put, size_t which)
{
    char *name = inner_name(put[which]);
    int status = EXIT_FINE;

    for (size_t i = 0; i < which && status == EXIT_FINE; i++) {
        char *other = inner_name(put[i]);
        if (strcmp(name, other) == 0)
            status = exit_say(EXIT_USAGE,
                "--put %s and --put %s would both be '%s' in a task's folder: "
                "--put FILE=NAME gives another name",
                put[i], put[which], name);
        free(other);
    }
    free(name);
    return status;
}

static int
check_put(const char *text)
{
    const char *name;
    char *file = split_put(text, &name);
    struct slice inner =
        name != NULL ? slice_of(name) : path_last(slice_of(file));
    struct stat info;
    int status = EXIT_FINE;

    if (stat(file, &info) != 0)
        status = exit_say(EXIT_USAGE, "--put %s: %s", text, strerror(errno));
    else if (!S_ISREG(info.st_mode))
        status = exit_say(EXIT_USAGE,
            "--put %s: only regular files travel; put a folder into an archive",
            text);
    else if (!path_is_inner(inner))
        status = exit_say(EXIT_USAGE,
            "--put %s: '%.*s' is no name in a task's folder: it must be "
            "relative, without '..' (--put FILE=NAME gives another)",
            text, (int)inner.length, (const char *)inner.bytes);
    free(file);
    return status;
}

/* The holes may become anything; what is around them must be inside. */
static int
take_get(struct carry *c, const char *text)
{
    char *output = mem_copy(text);
    size_t n = 0;

    output[path_tidy(output, strlen(output))] = '\0';
    while (c->outputs != NULL && c->outputs[n] != NULL)
        n++;
    c->outputs = mem_grow(c->outputs, n + 2, sizeof(*c->outputs));
    c->outputs[n] = output;
    c->outputs[n + 1] = NULL;
    if (path_is_inner(slice_of(output))) return EXIT_FINE;
    return exit_say(EXIT_USAGE,
        "--get %s: a file of a task is named relative to its folder, without "
        "'..'",
        text);
}

static int
check_program(const struct run *run, const struct stint_job_options *job)
{
    if (job->program != STINT_PROGRAM_COMMAND)
        return exit_say(EXIT_USAGE,
            "--put and --get need a command, which runs in a folder of its "
            "own: stint %s --put data ./simulate data {}",
            run->command->name);
    if (job->command.cwd_must)
        return exit_say(EXIT_USAGE,
            "--cwd does not go with --put and --get: a task with files runs in "
            "a folder of its own");
    return EXIT_FINE;
}

int
carry_take(
    const struct run *run, struct carry *c, struct stint_job_options *job)
{
    const char *const *get = setting_list(run, "get");
    const struct setting *to = setting_find(run, "get-to");
    int status = EXIT_FINE;

    *c = (struct carry){ .put = setting_list(run, "put"), .fd = -1 };
    c->shows =
        isatty(STDERR_FILENO) == 1 && !setting_flag(run, "quiet")
        && (setting_find(run, "progress") == NULL || setting_progress(run));
    if (c->put != NULL || get != NULL) status = check_program(run, job);
    for (size_t i = 0;
         status == EXIT_FINE && c->put != NULL && c->put[i] != NULL; i++) {
        status = check_put(c->put[i]);
        if (status == EXIT_FINE) status = check_names(c->put, i);
    }
    for (; status == EXIT_FINE && get != NULL && *get != NULL; get++)
        status = take_get(c, *get);
    if (status != EXIT_FINE) return status;
    job->command.outputs = (const char *const *)c->outputs;
    job->command.own_folder = c->put != NULL || c->outputs != NULL;
    if (c->outputs == NULL && to != NULL && setting_text(run, "get-to") != NULL)
        return exit_say(
            EXIT_USAGE, "--get-to says where, --get FILE says what");
    if (c->outputs == NULL || to == NULL || setting_flag(run, "dry-run"))
        return EXIT_FINE;
    const char *where = setting_text(run, "get-to");
    return carry_open(c, where != NULL ? where : ".");
}

void
carry_fini(struct carry *c)
{
    for (size_t i = 0; c->outputs != NULL && c->outputs[i] != NULL; i++)
        free(c->outputs[i]);
    free(c->outputs);
    free(c->to);
    if (c->fd >= 0) close(c->fd);
    *c = (struct carry){ .fd = -1 };
}

/* ---- there --------------------------------------------------------------- */

enum { QUIET_MS = 1000, SHOW_MS = 200 };

/* A line on the terminal for what takes long. */
struct sending {
    const char *name;
    int64_t next_ms; /* When to show it next. */
    int width;       /* Of what stands there. */
};

static void
show_sending(void *arg, uint64_t done, uint64_t all)
{
    struct sending *line = arg;
    int64_t now = pace_now_ms();

    if (now < line->next_ms || all == 0) return;
    line->next_ms = now + SHOW_MS;
    line->width = fprintf(stderr, "\rsending the input %.32s: %d%%", line->name,
        done < all ? (int)((double)done * 100 / (double)all) : 100);
    fflush(stderr);
}

static int
send_one(const struct carry *c, struct stint_job *job, const char *put)
{
    const char *name;
    char *file = split_put(put, &name), *shown = inner_name(put);
    struct sending line = { shown, pace_now_ms() + QUIET_MS, 0 };
    int code = stint_job_put_file_with(
        job, file, name, c->shows ? show_sending : NULL, &line);

    if (line.width > 0) fprintf(stderr, "\r%*s\r", line.width, "");
    free(shown);
    free(file);
    return code == 0 ? EXIT_FINE : exit_error(code);
}

int
carry_send(const struct carry *c, struct stint_job *job)
{
    int status = EXIT_FINE;

    for (const char *const *put = c->put;
         status == EXIT_FINE && put != NULL && *put != NULL; put++)
        status = send_one(c, job, *put);
    return status;
}

/* ---- and back ------------------------------------------------------------ */

int
carry_open(struct carry *c, const char *directory)
{
    if (mkdir(directory, MODE) != 0 && errno != EEXIST)
        return exit_say(EXIT_FAILED, "the directory '%s' cannot be made: %s",
            directory, strerror(errno));
    c->fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->fd < 0)
        return exit_say(
            EXIT_FAILED, "'%s' cannot be used: %s", directory, strerror(errno));
    c->to = mem_copy(directory);
    return EXIT_FINE;
}

/* The directories that lead to `name`, none of them by a symbolic link; 0 or an
 * errno. */
static int
make_way(int top, const char *name)
{
    static const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = dup(top), error = fd < 0 ? errno : 0;
    const char *slash;

    for (; error == 0 && (slash = strchr(name, '/')) != NULL;
         name = slash + 1) {
        char part[PATH_PART_MAX + 1];
        int next = -1;

        (void)snprintf(part, sizeof(part), "%.*s", (int)(slash - name), name);
        if (mkdirat(fd, part, MODE) != 0 && errno != EEXIST) {
            error = errno;
        } else {
            next = openat(fd, part, how);
            if (next < 0) error = errno;
        }
        close(fd);
        fd = next;
    }
    if (fd >= 0) close(fd);
    return error;
}

int
carry_write(const struct carry *c, struct stint_job *job,
    const struct stint_file_row *file, const char *before)
{
    char *name = before != NULL ? mem_format("%s/%s", before, file->name)
                                : mem_copy(file->name);
    char *path = mem_format("%s/%s", c->to, name);
    int status = EXIT_FINE, error = 0;

    if (!path_is_inner(slice_of(file->name)))
        status = exit_say(EXIT_FAILED,
            "task %" PRIu64 " of the job left a file with a name that leads "
            "out of '%s': not written",
            file->seq, c->to);
    else if ((error = make_way(c->fd, name)) != 0)
        status = exit_say(EXIT_FAILED, "'%s' cannot be written: %s%s", path,
            strerror(error),
            error == ELOOP || error == ENOTDIR
                ? " (a symbolic link below it is not followed)"
                : "");
    else if ((error = stint_job_get_file(job, file, path, WAIT_MS)) != 0)
        status = exit_error(error);
    free(path);
    free(name);
    return status;
}

/* Files of one task that are wanted. */
struct fetching {
    const struct carry *c;
    struct stint_job *job;
    char **names; /* That its templates make; NULL-terminated. */
    int status;
};

static int
take_row(void *arg, const struct stint_file_row *row)
{
    struct fetching *f = arg;

    for (char **name = f->names; *name != NULL; name++) {
        if (strcmp(*name, row->name) != 0) continue;
        f->status = carry_write(f->c, f->job, row, NULL);
        break;
    }
    return f->status == EXIT_FINE ? 0 : -1;
}

static char *
make_name(const char *output, const struct template_values *values)
{
    struct buf name;

    buf_init(&name);
    template_fill(&name, slice_of(output), values, false);
    buf_append(&name, "", 1);
    if (name.failed) exit_now(EXIT_AGAIN, "no memory is left");
    char *text = (char *)name.bytes;
    text[path_tidy(text, name.length - 1)] = '\0';
    return text;
}

static char **
make_names(const struct carry *c, const struct stint_end *end)
{
    struct slice *split = mem_new(TEMPLATE_VALUES_MAX, sizeof(*split));
    size_t n = 0, count = line_split(end->value, split, TEMPLATE_VALUES_MAX);
    const struct template_values values = { .values = split,
        .count = count < TEMPLATE_VALUES_MAX ? count : TEMPLATE_VALUES_MAX,
        .seq = end->seq };

    while (c->outputs[n] != NULL)
        n++;
    char **names = mem_new(n + 1, sizeof(*names));
    for (size_t i = 0; i < n; i++)
        names[i] = make_name(c->outputs[i], &values);
    free(split);
    return names;
}

int
carry_fetch(
    const struct carry *c, struct stint_job *job, const struct stint_end *end)
{
    if (c->outputs == NULL || c->fd < 0 || end->code != 0) return EXIT_FINE;

    struct fetching f = { c, job, make_names(c, end), EXIT_FINE };
    int code = stint_job_list_files(job, end->seq, take_row, &f, WAIT_MS);

    for (char **name = f.names; *name != NULL; name++)
        free(*name);
    free(f.names);
    if (f.status != EXIT_FINE) return f.status;
    return code < 0 ? exit_error(code) : EXIT_FINE;
}
