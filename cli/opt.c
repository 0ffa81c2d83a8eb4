#include "cli/opt.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"
#include "cli/value.h"

#define AUTHKEY_OPTIONS                                                   \
    { "authkey-file", 0, OPT_FILE, "FILE", NULL,                          \
        "A file with the authkey, the secret shared with the master" },   \
        { "allow-weak-authkey", 0, OPT_FLAG, NULL, NULL,                  \
            "Take an authkey of fewer than 16 bytes, as tutorials use" }, \
    {                                                                     \
        "authkey", 0, OPT_SECRET, NULL, NULL, NULL                        \
    }

static const struct opt connection_options[] = {
    { "master", 0, OPT_TEXT, "ADDRESS", NULL,
        "The master's address, tcp://host:4725; else the access file says" },
    { "access", 0, OPT_FILE, "FILE", NULL,
        "An access file; else the one of this host" },
    AUTHKEY_OPTIONS,
    { "connect-timeout", 0, OPT_DURATION, NULL, "5s",
        "How long to try to reach the master" },
    { "timeout", 0, OPT_DURATION, NULL, "20s",
        "How long the master may take to do what is asked" },
    { 0 },
};
static const struct opt authkey_options[] = { AUTHKEY_OPTIONS, { 0 } };
static const struct opt data_options[] = {
    { "data", 0, OPT_FILE, "DIR", NULL,
        "Where keys, access files and tasks live, else $XDG_STATE_HOME/stint, "
        "~/.local/state/stint or /var/lib/stint" },
    { 0 },
};
static const struct opt output_options[] = {
    { "json", 0, OPT_FLAG, NULL, NULL, "Print JSON" },
    { "plain", 0, OPT_FLAG, NULL, NULL,
        "Print tab-separated lines without a heading" },
    { 0 },
};
static const struct opt general_options[] = {
    { "quiet", 'q', OPT_FLAG, NULL, NULL,
        "Say less: lists print names or ids only, others nothing but errors" },
    { "color", 0, OPT_CHOICE, "auto|always|never", "auto", "Use colours" },
    { "progress", 0, OPT_CHOICE, "auto|always|never", "auto",
        "Show progress on stderr: a bar on a terminal, elsewhere a line every "
        "ten seconds, or every second (always)" },
    { "config", 0, OPT_FILE, "FILE", NULL,
        "Read this configuration file before the user's and the system's" },
    { 0 },
};

const struct opt_group opt_connection = { "common",
    "Connection:", connection_options };
const struct opt_group opt_authkey = { "common", "Key:", authkey_options };
const struct opt_group opt_data = { "common", "Data:", data_options };
const struct opt_group opt_output = { "common", "Output:", output_options };
const struct opt_group opt_general = { "common", "General:", general_options };

char *
opt_env_name(const char *scope, const char *name)
{
    char *env = strcmp(scope, "common") == 0
                    ? mem_format("STINT_%s", name)
                    : mem_format("STINT_%s_%s", scope, name);

    for (char *c = env; *c != '\0'; c++)
        *c = (char)(isalnum((unsigned char)*c) ? toupper((unsigned char)*c)
                                               : '_');
    return env;
}

const char *
opt_arg(const struct opt *opt)
{
    if (opt->arg != NULL || opt->kind == OPT_FLAG) return opt->arg;
    switch (opt->kind) {
    case OPT_DURATION:
        return "TIME";
    case OPT_SIZE:
        return "SIZE";
    case OPT_COUNT:
    case OPT_NUMBER:
        return "N";
    case OPT_FILE:
        return "FILE";
    case OPT_FLAG:
    case OPT_TEXT:
    case OPT_LIST:
    case OPT_CHOICE:
    case OPT_SECRET:
    default:
        return "TEXT";
    }
}

static bool
is_choice(const char *choices, const char *text)
{
    size_t length = strlen(text);

    for (const char *at = choices; at != NULL; at = strchr(at, '|')) {
        if (*at == '|') at++;
        if (length == strcspn(at, "|") && strncmp(at, text, length) == 0)
            return true;
    }
    return false;
}

const char *
opt_wants(const struct opt *opt, const char *text)
{
    int64_t number;
    uint64_t bytes;
    bool flag;

    switch (opt->kind) {
    case OPT_FLAG:
        return value_flag(text, &flag) ? NULL : "true or false";
    case OPT_DURATION:
        return value_duration(text, &number)
                   ? NULL
                   : "a duration such as 90s or 1h30m";
    case OPT_SIZE:
        return value_size(text, &bytes) ? NULL : "a size such as 64k or 2G";
    case OPT_COUNT:
        return value_number(text, 0, INT64_MAX, &number)
                   ? NULL
                   : "a whole number from 0";
    case OPT_NUMBER:
        return value_number(text, INT32_MIN, INT32_MAX, &number)
                   ? NULL
                   : "a whole number";
    case OPT_CHOICE:
        return is_choice(opt->arg, text) ? NULL : opt->arg;
    case OPT_TEXT:
    case OPT_FILE:
    case OPT_LIST:
    case OPT_SECRET:
    default:
        return NULL;
    }
}
