#include "cli/serve.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/config.h"
#include "cli/exit.h"
#include "cli/log.h"
#include "cli/mem.h"
#include "cli/value.h"

static const uint64_t PAYLOAD_MAX = 1 << 30;

static const struct opt options[] = {
    { "listen", 0, OPT_TEXT, "ADDRESS", "tcp://127.0.0.1:4725",
        "Where to listen; tcp://*:4725 for other machines, port 0 for any free "
        "one" },
    { "queue", 0, OPT_LIST, "NAME[,NAME=VALUE]...", NULL,
        "Make this queue at the start; may be given several times" },
    { "no-create", 0, OPT_FLAG, NULL, NULL,
        "Refuse queues that were not made with --queue" },
    { "state", 0, OPT_TEXT, "DIR", NULL,
        "An older name of --data; 'none' keeps no keys and no tasks" },
    { "durability", 0, OPT_CHOICE, "synced|written|memory", "synced",
        "Of queues that do not say: an answer waits for the disk; it waits for "
        "the system; nothing survives" },
    { "memory", 0, OPT_FLAG, NULL, NULL,
        "Keep tasks in memory only: they end with the master" },
    { "memory-max", 0, OPT_SIZE, "SIZE", NULL,
        "Budget for all tasks, else half of the memory" },
    { "payload-max", 0, OPT_SIZE, "SIZE", "16M", "Largest payload" },
    { "silence", 0, OPT_DURATION, "TIME", "3s",
        "Take a peer that is silent for so long for dead" },
    { "ready-fd", 0, OPT_COUNT, "N", NULL,
        "Write a line of JSON to this descriptor when ready, then close it" },
    { "http", 0, OPT_TEXT, "ADDRESS:PORT|auto|off", "auto",
        "Serve health, metrics and lists; auto: on this machine, on the port "
        "behind that of --listen" },
    { "http-token-file", 0, OPT_FILE, "FILE", NULL,
        "Answer over HTTP only who shows this token; a must for other "
        "machines" },
    { "log-format", 0, OPT_CHOICE, "text|json", "text",
        "Of what is logged on stderr, a line an event" },
    { "log-level", 0, OPT_CHOICE, "error|warning|notice|info|debug", "info",
        "Log what is at least so important" },
    { 0 },
};
const struct opt_group command_master_group = { "master", "Master:", options };

/* ---- queues -------------------------------------------------------------- */

static const char *
take_kind(const char *value, struct stint_queue_options *o)
{
    static const char *const kinds[] = { "fifo", "lifo", "priority" };

    for (unsigned i = 0; i < 3; i++)
        if (strcmp(value, kinds[i]) == 0) {
            o->kind = (enum stint_queue_kind)i;
            return NULL;
        }
    return "is not fifo, lifo or priority";
}

static const char *
take_number(const char *name, const char *value, struct stint_queue_options *o)
{
    int64_t n;

    if (!value_number(value, 0, INT32_MAX, &n)) return "is no number";
    if (strcmp(name, "attempts") == 0)
        o->attempts_max = (unsigned)n;
    else
        o->max_tasks = n;
    return NULL;
}

static const char *const durabilities[] = { "synced", "written", "memory" };

static const char *
take_durability(const char *value, struct stint_queue_options *o)
{
    for (unsigned i = 0; i < 3; i++)
        if (strcmp(value, durabilities[i]) == 0) {
            o->durability = durabilities[i];
            return NULL;
        }
    return "is not synced, written or memory";
}

/* Takes "max-tasks=10" into `o`, cutting it in two; returns what is wrong with
 * it, or NULL. */
static const char *
take_attribute(char *word, struct stint_queue_options *o)
{
    char *value = strchr(word, '=');
    uint64_t size = 0;

    if (value == NULL) return "has no '='";
    *value++ = '\0';
    if (strcmp(word, "kind") == 0) return take_kind(value, o);
    if (strcmp(word, "durability") == 0) return take_durability(value, o);
    if (strcmp(word, "max-tasks") == 0 || strcmp(word, "attempts") == 0)
        return take_number(word, value, o);
    if (strcmp(word, "lease") == 0)
        return value_duration(value, &o->lease_ms) ? NULL : "is no duration";
    if (strcmp(word, "max-bytes") != 0)
        return "is not durability, kind, max-tasks, max-bytes, lease or "
               "attempts";
    if (!value_size(value, &size)) return "is no size";
    o->max_bytes = (int64_t)(size & INT64_MAX);
    return NULL;
}

/* "jobs,kind=priority,max-tasks=100": the name is cut off in place. */
static int
take_queue(char *text, struct stint_queue_options *o)
{
    char *rest = NULL;

    *o = (struct stint_queue_options){ 0 };
    strtok_r(text, ",", &rest);
    for (char *word = strtok_r(NULL, ",", &rest); word != NULL;
         word = strtok_r(NULL, ",", &rest)) {
        const char *wrong = take_attribute(word, o);

        if (wrong != NULL)
            return exit_say(
                EXIT_USAGE, "--queue %s: '%s' %s", text, word, wrong);
    }
    return EXIT_FINE;
}

/* A name alone takes the queue as it is, if it came back from the disk. */
static int
declare_one(struct stint *s, const char *text)
{
    char *copy = mem_copy(text);
    struct stint_queue_options o;
    struct stint_queue *q = NULL;
    int status = take_queue(copy, &o);

    if (status == EXIT_FINE) {
        bool is_plain = strchr(text, ',') == NULL;
        int code = stint_queue_open(s, copy, is_plain ? NULL : &o, &q);

        /* With --no-create only options make one. */
        if (code == STINT_ENOQUEUE) code = stint_queue_open(s, copy, &o, &q);
        if (code == STINT_EEXISTS)
            status = exit_say(EXIT_CONFIG,
                "--queue %s: there is a queue %s already, with other options "
                "(`stint queues --json` shows them); leave the options out, or "
                "choose another name",
                text, copy);
        else if (code != 0)
            status = exit_error(code);
    }
    stint_queue_close(q);
    free(copy);
    return status;
}

static int
declare(const struct run *run, struct stint_master *master)
{
    const char *const *queues = setting_list(run, "queue");
    struct stint *s;
    int code, status = EXIT_FINE;

    if (queues == NULL) return EXIT_FINE;
    code = stint_master_connect(master, NULL, &s);
    if (code != 0) return exit_error(code);
    for (; *queues != NULL && status == EXIT_FINE; queues++)
        status = declare_one(s, *queues);
    stint_close(s);
    return status;
}

/* ---- starting ------------------------------------------------------------ */

/* NULL: none. */
static char *
data_dir(const struct run *run)
{
    const struct setting *old = setting_find(run, "state");
    const struct setting *data = setting_find(run, "data");

    if (old->count == 0 || (data->count > 0 && data->from >= old->from))
        return config_data_path(run);
    return strcmp(old->items[0], "none") == 0 ? NULL : mem_copy(old->items[0]);
}

static void
take_options(const struct run *run, struct stint_master_options *o)
{
    *o = (struct stint_master_options){ .listen = setting_text(run, "listen"),
        .no_create = setting_flag(run, "no-create"),
        .authkey_file = setting_text(run, "authkey-file"),
        .allow_weak_authkey = setting_flag(run, "allow-weak-authkey"),
        .memory = setting_flag(run, "memory"),
        .durability = setting_text(run, "durability"),
        .notify = true,
        .memory_max = setting_size(run, "memory-max"),
        .payload_max = setting_size(run, "payload-max"),
        .silence_ms = setting_ms(run, "silence"),
        .http = setting_text(run, "http"),
        .http_token_file = setting_text(run, "http-token-file"),
        .log = log_line };
    if (o->authkey_file == NULL) o->authkey = setting_text(run, "authkey");
}

static int
check_authkey(const struct stint_master_options *o)
{
    if (o->authkey == NULL || o->allow_weak_authkey || strlen(o->authkey) >= 16)
        return EXIT_FINE;
    return exit_say(EXIT_CONFIG,
        "STINT_AUTHKEY has fewer than 16 bytes and could be guessed: make a "
        "key with `stint key generate`, or add --allow-weak-authkey");
}

static int
check_queues(const struct run *run)
{
    const char *const *queues = setting_list(run, "queue");
    int status = EXIT_FINE;

    for (; queues != NULL && *queues != NULL && status == EXIT_FINE; queues++) {
        struct stint_queue_options o;
        char *copy = mem_copy(*queues);

        status = take_queue(copy, &o);
        if (status == EXIT_FINE && setting_flag(run, "memory")
            && o.durability != NULL && strcmp(o.durability, "memory") != 0)
            status = exit_say(EXIT_USAGE,
                "--queue %s: nothing survives with --memory; leave out one of "
                "them",
                *queues);
        free(copy);
    }
    return status;
}

/* Two words for one thing, or against each other. */
static int
check_data(const struct run *run)
{
    const char *durability = setting_text(run, "durability");

    if (setting_find(run, "state")->from == FROM_FLAG
        && setting_find(run, "data")->from == FROM_FLAG)
        return exit_say(
            EXIT_USAGE, "--state is an older name of --data; give one of them");
    if (setting_flag(run, "memory") && strcmp(durability, "memory") != 0
        && setting_find(run, "durability")->from == FROM_FLAG)
        return exit_say(EXIT_USAGE,
            "--durability %s: nothing survives with --memory; leave out one of "
            "them",
            durability);
    return EXIT_FINE;
}

static int
check_ready_fd(const struct run *run)
{
    int64_t fd = setting_number(run, "ready-fd");

    if (setting_text(run, "ready-fd") == NULL
        || (fd <= INT32_MAX && fcntl((int)fd, F_GETFD) >= 0))
        return EXIT_FINE;
    return exit_say(EXIT_USAGE,
        "--ready-fd %" PRId64 " is not open; open it for writing, as in "
        "%" PRId64 ">FILE",
        fd, fd);
}

/* All that can be told before a key is made or a port taken. */
static int
check_options(const struct run *run, const struct stint_master_options *o)
{
    int status;

    if (o->state_dir == NULL && o->authkey_file == NULL && o->authkey == NULL)
        return exit_say(EXIT_USAGE,
            "--state none without an authkey would let nobody in; add "
            "--authkey-file FILE (`stint key generate FILE` makes one)");
    if (o->payload_max > PAYLOAD_MAX)
        return exit_say(EXIT_USAGE, "--payload-max is at most 1G");
    status = check_data(run);
    if (status == EXIT_FINE) status = check_authkey(o);
    if (status == EXIT_FINE) status = check_ready_fd(run);
    return status == EXIT_FINE ? check_queues(run) : status;
}

/* {"address":"tcp://127.0.0.1:43211","access":"/…/access",
 * "http":"http://127.0.0.1:43212","pid":123}, in one write: who reads once has
 * all of it. */
static int
tell_ready(const struct run *run, const struct stint_master *master)
{
    int fd = (int)setting_number(run, "ready-fd");
    json_t *object;
    char *text;
    bool bad;

    if (setting_text(run, "ready-fd") == NULL) return EXIT_FINE;
    object = json_pack("{s:s, s:s?, s:s?, s:i}", "address",
        stint_master_address(master), "access",
        stint_master_access_file(master), "http", stint_master_http(master),
        "pid", (int)getpid());
    text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    bad = text == NULL || dprintf(fd, "%s\n", text) < 0;
    free(text);
    if (bad)
        return exit_say(EXIT_USAGE,
            "--ready-fd %d cannot be written: %s; open it for writing, as in "
            "%d>FILE",
            fd, strerror(errno), fd);
    if (fd > STDERR_FILENO) close(fd);
    return EXIT_FINE;
}

int
serve_start(const struct run *run, struct stint_master **out)
{
    struct stint_master_options o;
    char *data = data_dir(run);
    int code, status;

    *out = NULL;
    log_init(run);
    take_options(run, &o);
    o.state_dir = data;
    status = check_options(run, &o);
    if (status == EXIT_FINE) {
        code = stint_master_start(&o, out);
        if (code != 0) status = exit_error(code);
    }
    free(data);
    if (status == EXIT_FINE) status = declare(run, *out);
    if (status == EXIT_FINE) status = tell_ready(run, *out);
    if (status != EXIT_FINE && *out != NULL) {
        stint_master_stop(*out);
        *out = NULL;
    }
    return status;
}

/* ---- the first lines ----------------------------------------------------- */

static bool
is_loopback(const char *address)
{
    return strstr(address, "//127.") != NULL || strstr(address, "[::1]")
           || strncmp(address, "ipc:", 4) == 0;
}

/* "~/.local/state/stint/access", for people and for scp, whose paths begin at
 * home anyway. */
static char *
beside_access(const char *access, const char *leaf, const char *home_as)
{
    const char *home = getenv("HOME"), *slash = strrchr(access, '/');
    size_t skip = home != NULL ? strlen(home) : 0;
    int length = slash != NULL ? (int)(slash + 1 - access) : 0;

    if (leaf == NULL) {
        leaf = access + length;
    }
    if (skip > 1 && strncmp(access, home, skip) == 0 && access[skip] == '/')
        return mem_format("%s%.*s%s", home_as, length - (int)skip - 1,
            access + skip + 1, leaf);
    return mem_format("%.*s%s", length, access, leaf);
}

/* "durable in ~/.local/state/stint (synced)" */
static char *
what_survives(const struct run *run, const char *access)
{
    char *dir, *text;

    if (access == NULL || setting_flag(run, "memory"))
        return mem_copy("in memory: nothing survives");
    dir = beside_access(access, "", "~/");
    if (strlen(dir) > 1) dir[strlen(dir) - 1] = '\0';
    text =
        mem_format("durable in %s (%s)", dir, setting_text(run, "durability"));
    free(dir);
    return text;
}

/* The same master, but for others too. */
static void
greet_with_others(const struct run *run)
{
    const char *data = setting_text(run, "data");
    const char *port = strrchr(setting_text(run, "listen"), ':');
    bool any = port == NULL || strcmp(port, ":0") == 0;

    exit_note("other machines:   %s %s --listen 'tcp://*%s'%s%s   (this one "
              "listens on this machine only)",
        exit_program(), run->command->name, any ? ":4725" : port,
        data != NULL ? " --data " : "", data != NULL ? data : "");
}

static void
greet_others(const struct run *run, const struct stint_master *master,
    const char *access)
{
    char host[256] = "this-host", *path;

    if (is_loopback(stint_master_address(master))) {
        greet_with_others(run);
        return;
    }
    gethostname(host, sizeof(host) - 1);
    path = beside_access(access, "work.access", "");
    exit_note("other machines:   scp %s:%s . && stint worker --access "
              "work.access -- ./your-program {}   (--master tcp://IP:%s where "
              "the name %s is not known)",
        host, path, strrchr(stint_master_address(master), ':') + 1, host);
    free(path);
}

/* Whether clients look there when nobody tells them where. */
static bool
is_found(const char *access)
{
    char *data = config_default_data_path();
    char *expected = mem_format("%s/access", data);
    bool found = strcmp(expected, access) == 0;

    free(expected);
    free(data);
    return found;
}

void
serve_greet(const struct run *run, const struct stint_master *master)
{
    const char *access = stint_master_access_file(master);
    char *path, *where;

    if (log_is_json()) return; /* Which tells it in lines of its own. */
    where = what_survives(run, access);
    exit_note("stint %s %s ready   data %s   %s", stint_version(),
        run->command->name, stint_master_address(master), where);
    free(where);
    if (stint_master_http(master) != NULL)
        exit_note("health, metrics   %s", stint_master_http(master));
    if (access == NULL) {
        exit_note("to come in:       the authkey and --master %s",
            stint_master_address(master));
        return;
    }
    path = beside_access(access, NULL, "~/");
    exit_note("access file       %s (mode 0600)", path);
    exit_note("this machine:     %s%s%s%s put try hello; %s get try",
        is_found(access) ? "" : "export STINT_ACCESS=",
        is_found(access) ? "" : path, is_found(access) ? "" : "; ",
        exit_program(), exit_program());
    free(path);
    greet_others(run, master, access);
}
