/* What a worker says that it has.                            [layer: worker] */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "client/stint.h"
#include "common/stint_error.h"
#include "common/sys/host.h"
#include "common/sys/say.h"
#include "common/text.h"
#include "worker/handlers.h"

enum { TRAITS_MAX = 128, NAME_MAX_BYTES = 64, VALUE_MAX_BYTES = 255 };

/* The texts are borrowed until copy(). */
struct gathered {
    struct stint_trait traits[TRAITS_MAX];
    size_t count;
    bool full;
};

static void
add(struct gathered *g, struct stint_trait trait)
{
    if (g->count == TRAITS_MAX) {
        g->full = true;
    } else {
        g->traits[g->count++] = trait;
    }
}

static bool
has_name(const struct stint_trait *given, const char *name)
{
    for (; given != NULL && given->name != NULL; given++) {
        if (strcmp(given->name, name) == 0) return true;
    }
    return false;
}

/* ---- what is given ------------------------------------------------------- */

static bool
is_good(const char *text, size_t least, size_t most)
{
    size_t length = strnlen(text, most + 1);

    return length >= least && length <= most && text_is_plain(slice_of(text));
}

/* Those that say what runs are ours alone. */
static int
check(const struct stint_trait *t)
{
    if (!is_good(t->name, 1, NAME_MAX_BYTES)) {
        return say(STINT_EINVAL,
            "the name of a label or resource must have 1 to %d bytes of plain "
            "text",
            NAME_MAX_BYTES);
    }
    if (t->value != NULL && !is_good(t->value, 0, VALUE_MAX_BYTES)) {
        return say(STINT_EINVAL,
            "the value of the label \"%s\" must have at most %d bytes of plain "
            "text",
            t->name, VALUE_MAX_BYTES);
    }
    if (strcmp(t->name, "exec") == 0 || strcmp(t->name, "handler") == 0) {
        return say(STINT_EINVAL,
            "the label \"%s\" is no worker's to choose: it follows from what "
            "the worker runs",
            t->name);
    }
    return 0;
}

static int
add_given(struct gathered *g, const struct stint_trait *given)
{
    for (; given != NULL && given->name != NULL; given++) {
        int code = check(given);

        if (code != 0) return code;
        add(g, *given);
    }
    return 0;
}

/* ---- what is there ------------------------------------------------------- */

static void
add_handlers(struct gathered *g, const struct handlers *h)
{
    for (size_t i = 0; i < sizeof h->tables / sizeof h->tables[0]; i++) {
        const struct stint_handler *row = h->tables[i];

        for (; row != NULL && row->name != NULL; row++) {
            add(g, (struct stint_trait){ "handler", row->name, 0 });
        }
    }
}

static void
add_host(struct gathered *g, const struct stint_trait *given, const char *host)
{
    const struct stint_trait ours[] = {
        { "cpus", NULL, host_cores() },
        { "memory", NULL, host_memory() },
        { "host", host, 0 },
    };

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        bool known = ours[i].count > 0 || ours[i].value != NULL;

        if (known && !has_name(given, ours[i].name)) add(g, ours[i]);
    }
}

/* ---- the whole ----------------------------------------------------------- */

static size_t
text_size(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

static const char *
keep(char **room, const char *text)
{
    size_t size = text_size(text);
    char *kept = *room;

    if (size == 0) return NULL;
    memcpy(kept, text, size);
    *room += size;
    return kept;
}

/* One allocation: the rows, the one that ends them, their texts. */
static int
copy(const struct gathered *g, struct stint_trait **out)
{
    size_t size = (g->count + 1) * sizeof **out;

    if (g->full) {
        return say(STINT_EINVAL,
            "a worker may have %d labels, resources and "
            "handlers, and no more",
            TRAITS_MAX);
    }
    for (size_t i = 0; i < g->count; i++) {
        size += text_size(g->traits[i].name) + text_size(g->traits[i].value);
    }
    *out = calloc(1, size);
    if (*out == NULL) return say(STINT_ENOMEM, "no memory for labels");
    char *room = (char *)(*out + g->count + 1);
    for (size_t i = 0; i < g->count; i++) {
        (*out)[i].name = keep(&room, g->traits[i].name);
        (*out)[i].value = keep(&room, g->traits[i].value);
        (*out)[i].count = g->traits[i].count;
    }
    return 0;
}

/* A plug-in stays loaded from its first look on: its constructors run once. */
static int
load(struct handlers *h, const struct stint_worker_options *o)
{
    *h = (struct handlers){ .plugin = NULL };
    if (o->handlers == NULL && o->plugin == NULL) return 0;
    int code = handlers_init(h, o->handlers, o->plugin, NULL);
    if (code == 0 && o->plugin != NULL) {
        (void)dlopen(o->plugin, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    }
    return code;
}

int
stint_worker_traits(
    const struct stint_worker_options *options, struct stint_trait **out)
{
    struct gathered *g = calloc(1, sizeof *g);
    struct handlers h;
    char host[256];

    *out = NULL;
    if (g == NULL) return say(STINT_ENOMEM, "no memory for labels");
    host_name(host);
    int code = load(&h, options);
    if (code != 0) goto free_it;
    if (options->allow_exec) add(g, (struct stint_trait){ "exec", NULL, 0 });
    add_handlers(g, &h);
    add_host(g, options->traits, host);
    code = add_given(g, options->traits);
    if (code == 0) code = copy(g, out);
    handlers_fini(&h);
free_it:
    free(g);
    return code;
}
