/* key generate, new, list and revoke: who may come in. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <stint.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/table.h"

/* ---- generate ------------------------------------------------------------ */

static int
write_key(const char *path, const char *key)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool bad;

    if (file == NULL && errno == EEXIST)
        return exit_say(EXIT_FAILED,
            "%s exists and is left as it is; choose another name", path);
    if (file == NULL)
        return exit_say(
            EXIT_FAILED, "%s cannot be made: %s", path, strerror(errno));
    bad = fprintf(file, "%s\n", key) < 0 || fflush(file) != 0 || fsync(fd) != 0;
    if (fclose(file) == 0 && !bad) return EXIT_FINE;
    unlink(path);
    return exit_say(EXIT_FAILED,
        "%s cannot be written: %s; make room and try again", path,
        strerror(errno));
}

static int
run_generate(struct run *run)
{
    char key[STINT_AUTHKEY_TEXT];
    int status;

    stint_key_generate(key);
    if (run->word_count == 0) {
        puts(key);
        return table_flush();
    }
    status = write_key(run->words[0], key);
    if (status != EXIT_FINE) return status;
    exit_note("%s (mode 0600)   an authkey, for the master and everybody who "
              "shall come in (--authkey-file), or a token (--http-token-file); "
              "never one for both",
        run->words[0]);
    return EXIT_FINE;
}

const struct command command_key_generate = {
    .name = "key generate",
    .group = "Admin",
    .args = "[FILE]",
    .summary = "Make an authkey: a secret that master and workers share",
    .examples = "stint key generate authkey\n"
                "stint key generate > authkey; chmod 600 authkey\n",
    .notes = "256 random bits, recognisable by the prefix stint1-; needs no "
             "master.",
    .args_max = 1,
    .groups = { &opt_general },
    .run = run_generate,
};

/* ---- new ----------------------------------------------------------------- */

static const struct opt new_options[] = {
    { "role", 0, OPT_CHOICE, "work|submit|admin", "work",
        "What it may do: run tasks, put and get them, everything" },
    { "output", 'o', OPT_FILE, "FILE", NULL,
        "The access file to write, else NAME.access" },
    { 0 },
};
static const struct opt_group new_group = { "key-new", "Key:", new_options };

static enum stint_role
role_of(const char *name)
{
    if (strcmp(name, "admin") == 0) return STINT_ROLE_ADMIN;
    if (strcmp(name, "submit") == 0) return STINT_ROLE_SUBMIT;
    return STINT_ROLE_WORK;
}

static int
run_new(struct run *run)
{
    const char *output = setting_text(run, "output");
    const char *role = setting_text(run, "role");
    char *path = output != NULL ? mem_copy(output)
                                : mem_format("%s.access", run->words[0]);
    struct stint *s;
    int code, status = connect_as(run, STINT_TOOL, &s);

    if (status == EXIT_FINE) {
        code = stint_key_new(s, run->words[0], role_of(role), path);
        if (code != 0)
            status = exit_error(code);
        else
            exit_note("%s (mode 0600, role %s)   carry it where it is needed, "
                      "then: stint %s --access %s %s",
                path, role, strcmp(role, "work") == 0 ? "worker" : "put", path,
                strcmp(role, "work") == 0 ? "-- ./your-program {}"
                                          : "default hello");
        stint_close(s);
    }
    free(path);
    return status;
}

const struct command command_key_new = {
    .name = "key new",
    .group = "Admin",
    .args = "NAME",
    .summary = "Let one more key in, and write its access file",
    .examples = "stint key new node7\n"
                "stint key new alice --role submit -o alice.access\n",
    .notes = "The secret half never travels.  Needs the role admin.",
    .args_min = 1,
    .args_max = 1,
    .groups = { &new_group, &opt_connection, &opt_general },
    .run = run_new,
};

/* ---- list ---------------------------------------------------------------- */

static const struct column columns[] = {
    { .name = "key", .is_id = true },
    { "roles", CELL_TEXT, COLUMN_SHOWN, false },
    { "revoked", CELL_FLAG, COLUMN_SHOWN, false },
    { "peers", CELL_NUMBER, COLUMN_SHOWN, false },
    { "public_key", CELL_TEXT, COLUMN_HIDDEN, false },
    { 0 },
};

static int
see_key(void *arg, const struct stint_key_row *r)
{
    char roles[32], hex[2 * sizeof(r->public_key) + 1];

    snprintf(roles, sizeof(roles), "%s%s%s",
        r->role & STINT_ROLE_WORK ? " work" : "",
        r->role & STINT_ROLE_SUBMIT ? " submit" : "",
        r->role & STINT_ROLE_ADMIN ? " admin" : "");
    for (size_t i = 0; i < sizeof(r->public_key); i++)
        snprintf(hex + 2 * i, 3, "%02x", r->public_key[i]);
    table_add(arg, (const struct cell[]){ { .text = r->name },
                       { .text = *roles != '\0' ? roles + 1 : NULL },
                       { .number = r->revoked },
                       { .number = (int64_t)r->peers }, { .text = hex } });
    return 0;
}

static int
run_list(struct run *run)
{
    struct table *table = table_new(columns);
    struct stint *s;
    int code, status = connect_as(run, STINT_TOOL, &s);

    if (status == EXIT_FINE) {
        code = stint_list_keys(s, see_key, table, setting_ms(run, "timeout"));
        status = code != 0 ? exit_error(code) : table_print(table, run);
        stint_close(s);
    }
    table_free(table);
    return status;
}

const struct command command_key_list = {
    .name = "key list",
    .group = "Admin",
    .summary = "List the keys that may come in",
    .examples = "stint key list\n"
                "stint key list --json\n",
    .groups = { &opt_output, &opt_connection, &opt_general },
    .run = run_list,
};

/* ---- revoke -------------------------------------------------------------- */

static const struct opt revoke_options[] = {
    { "yes", 'y', OPT_FLAG, NULL, NULL, "Do not ask" },
    { 0 },
};
static const struct opt_group revoke_group = { "key revoke",
    "Safety:", revoke_options };

static int
ask(const struct run *run)
{
    char answer[16] = "";

    if (setting_flag(run, "yes")) return EXIT_FINE;
    if (isatty(STDIN_FILENO) != 1)
        return exit_say(EXIT_USAGE,
            "nobody is there to be asked; say --yes to "
            "revoke %s",
            run->words[0]);
    fprintf(stderr,
        "Cut every peer with the key %s and let it in no more? "
        "[y/N] ",
        run->words[0]);
    if (fgets(answer, sizeof(answer), stdin) != NULL
        && (*answer == 'y' || *answer == 'Y'))
        return EXIT_FINE;
    return exit_say(EXIT_FAILED, "nothing was changed");
}

static int
run_revoke(struct run *run)
{
    struct stint *s;
    int code, status = ask(run);

    if (status != EXIT_FINE) return status;
    status = connect_as(run, STINT_TOOL, &s);
    if (status != EXIT_FINE) return status;
    code = stint_key_revoke(s, run->words[0]);
    if (code != 0)
        status = exit_error(code);
    else
        exit_note("%s is revoked", run->words[0]);
    stint_close(s);
    return status;
}

const struct command command_key_revoke = {
    .name = "key revoke",
    .group = "Admin",
    .args = "NAME",
    .summary = "Cut a key's live peers and let it in no more",
    .examples = "stint key revoke node7\n"
                "stint key revoke node7 --yes\n",
    .args_min = 1,
    .args_max = 1,
    .groups = { &revoke_group, &opt_connection, &opt_general },
    .run = run_revoke,
};
