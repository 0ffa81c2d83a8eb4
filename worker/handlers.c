#include "worker/handlers.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "common/base.h"
#include "common/stint_error.h"
#include "common/sys/say.h"

enum { HANDLERS_MAX = 4096 }; /* More means that the end is missing. */

static const char *
loader_error(void)
{
    const char *text = dlerror();

    return text != NULL ? text : "unknown error";
}

static int
load(struct handlers *h, const char *path)
{
    h->plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (h->plugin == NULL) {
        return say(STINT_EPLUGIN, "cannot load the plug-in \"%s\": %s%s", path,
            loader_error(),
            strchr(path, '/') == NULL
                ? " (write ./ before it if it is in this directory)"
                : "");
    }

    h->tables[1] = dlsym(h->plugin, "stint_handlers");
    if (h->tables[1] == NULL) {
        return say(STINT_EPLUGIN,
            "the plug-in \"%s\" has no table of handlers: define\n"
            "    const struct stint_handler stint_handlers[] = "
            "{ { \"name\", function }, { 0 } };",
            path);
    }
    return 0;
}

/* `from` is the plug-in's path, or NULL for the program's own table. */
static int
check(const struct stint_handler *table, const char *from)
{
    int code = from != NULL ? STINT_EPLUGIN : STINT_EINVAL;
    const char *whose = from != NULL ? from : "this program";
    size_t i = 0;

    for (; i < HANDLERS_MAX && table[i].name != NULL; i++) {
        size_t length = strnlen(table[i].name, HANDLERS_NAME_MAX + 1);

        if (length == 0 || length > HANDLERS_NAME_MAX) {
            return say(code,
                "handler %zu of %s: its name must have 1 to %u bytes", i + 1,
                whose, HANDLERS_NAME_MAX);
        }
        if (table[i].run == NULL) {
            return say(code, "handler \"%s\" of %s has no function",
                table[i].name, whose);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(table[i].name, table[j].name) == 0) {
                return say(code, "%s has two handlers called \"%s\"", whose,
                    table[i].name);
            }
        }
    }
    if (i == 0) return say(code, "the table of handlers of %s is empty", whose);
    if (i == HANDLERS_MAX) {
        return say(
            code, "the table of handlers of %s has no end: add { 0 }", whose);
    }
    return 0;
}

static const struct stint_handler *
find(const struct handlers *h, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(h->tables); i++) {
        const struct stint_handler *row = h->tables[i];

        for (; row != NULL && row->name != NULL; row++) {
            if (strcmp(row->name, name) == 0) return row;
        }
    }
    return NULL;
}

int
handlers_init(struct handlers *h, const struct stint_handler *table,
    const char *plugin, const char *fallback)
{
    int code = 0;

    *h = (struct handlers){ .tables = { table, NULL } };
    if (table != NULL) code = check(table, NULL);
    if (code == 0 && plugin != NULL) code = load(h, plugin);
    if (code == 0 && plugin != NULL) code = check(h->tables[1], plugin);
    if (code != 0) goto fail;

    h->fallback = table != NULL ? table : h->tables[1];
    if (fallback != NULL) h->fallback = find(h, fallback);
    if (h->fallback != NULL || fallback == NULL) return 0;

    char names[256];
    handlers_names(h, names, sizeof names);
    code = say(STINT_EINVAL, "there is no handler \"%s\"; there is: %s",
        fallback, names);
fail:
    handlers_fini(h);
    return code;
}

void
handlers_fini(struct handlers *h)
{
    if (h->plugin != NULL) (void)dlclose(h->plugin);
    *h = (struct handlers){ .plugin = NULL };
}

const struct stint_handler *
handlers_find(const struct handlers *h, const char *name)
{
    return name[0] == '\0' ? h->fallback : find(h, name);
}

void
handlers_names(const struct handlers *h, char *out, size_t size)
{
    size_t length = 0;

    out[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(h->tables); i++) {
        const struct stint_handler *row = h->tables[i];

        for (; row != NULL && row->name != NULL && length < size; row++) {
            int n = snprintf(out + length, size - length, "%s%s",
                length > 0 ? ", " : "", row->name);
            if (n < 0) return;
            length += (size_t)n;
        }
    }
}
