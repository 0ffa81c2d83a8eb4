#include "tests/disk/folder.h"

#include <string.h>

#include "common/check.h"

static void
copy_name(char *to, const char *name)
{
    size_t length = strlen(name);

    CHECK(length > 0 && length < FOLDER_NAME);
    memcpy(to, name, length + 1);
}

static size_t
position(const struct folder_names *names, const char *name)
{
    size_t i = 0;

    while (i < names->count && strcmp(names->entries[i].name, name) != 0)
        i++;
    return i;
}

static void
set(struct folder_names *names, const char *name, struct file *file)
{
    size_t i = position(names, name);

    if (i == names->count) {
        CHECK(names->count < FOLDER_FILES);
        copy_name(names->entries[names->count++].name, name);
    }
    names->entries[i].file = file;
}

static void
unset(struct folder_names *names, const char *name, const struct file *file)
{
    size_t i = position(names, name);

    if (i == names->count || names->entries[i].file != file) return;
    names->count--;
    memmove(&names->entries[i], &names->entries[i + 1],
        (names->count - i) * sizeof names->entries[0]);
}

static void
apply(struct folder_names *names, const struct folder_step *step)
{
    if (step->from[0] != '\0') unset(names, step->from, step->file);
    if (step->to[0] != '\0') set(names, step->to, step->file);
}

static void
take_step(struct folder *d, const char *from, const char *to, struct file *file)
{
    CHECK(d->count < FOLDER_FILES);
    struct folder_step *step = &d->steps[d->count++];

    *step = (struct folder_step){ .file = file };
    if (from != NULL) copy_name(step->from, from);
    if (to != NULL) copy_name(step->to, to);
    apply(&d->seen, step);
}

struct file *
folder_find(const struct folder *d, const char *name)
{
    size_t i = position(&d->seen, name);

    return i < d->seen.count ? d->seen.entries[i].file : NULL;
}

void
folder_make(struct folder *d, const char *name, struct file *file)
{
    CHECK(folder_find(d, name) == NULL);
    take_step(d, NULL, name, file);
}

void
folder_rename(struct folder *d, const char *from, const char *to)
{
    struct file *file = folder_find(d, from);

    CHECK(file != NULL);
    take_step(d, from, to, file);
}

void
folder_remove(struct folder *d, const char *name)
{
    struct file *file = folder_find(d, name);

    CHECK(file != NULL);
    take_step(d, name, NULL, file);
}

void
folder_sync(struct folder *d)
{
    for (size_t i = 0; i < d->count; i++)
        apply(&d->kept, &d->steps[i]);
    d->count = 0;
}

static bool
shares_a_name(const struct folder_step *a, const struct folder_step *b)
{
    return strcmp(a->from, b->from) == 0 || strcmp(a->from, b->to) == 0
           || strcmp(a->to, b->from) == 0 || strcmp(a->to, b->to) == 0;
}

/* "" is no name: two files that are made have nothing in common. */
static bool
builds_upon(const struct folder_step *step, const struct folder_step *before)
{
    struct folder_step a = *step, b = *before;

    if (a.from[0] == '\0') copy_name(a.from, a.to);
    if (a.to[0] == '\0') copy_name(a.to, a.from);
    if (b.from[0] == '\0') copy_name(b.from, b.to);
    if (b.to[0] == '\0') copy_name(b.to, b.from);
    return shares_a_name(&a, &b);
}

void
folder_cut_power(struct folder *d, struct luck *luck)
{
    bool undone[FOLDER_FILES] = { false };
    size_t survive = luck_below(luck, 9);

    for (size_t i = 0; i < d->count; i++) {
        undone[i] = !luck_has(luck, survive, 8);
        for (size_t j = 0; j < i; j++) {
            if (undone[j] && builds_upon(&d->steps[i], &d->steps[j])) {
                undone[i] = true;
            }
        }
        if (!undone[i]) apply(&d->kept, &d->steps[i]);
    }
    d->count = 0;
    d->seen = d->kept;
}

static bool
leads_to(const struct folder_names *names, const struct file *file)
{
    for (size_t i = 0; i < names->count; i++) {
        if (names->entries[i].file == file) return true;
    }
    return false;
}

bool
folder_needs(const struct folder *d, const struct file *file)
{
    for (size_t i = 0; i < d->count; i++) {
        if (d->steps[i].file == file) return true;
    }
    return leads_to(&d->seen, file) || leads_to(&d->kept, file);
}
