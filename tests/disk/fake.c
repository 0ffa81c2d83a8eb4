#include "tests/disk/fake.h"

#include <errno.h>
#include <string.h>

#include "common/base.h"
#include "common/check.h"
#include "tests/disk/folder.h"
#include "tests/disk/luck.h"
#include "tests/disk/platter.h"

/* What a call does before it returns its error. */
enum effect { NOTHING, A_PART, ALL };

struct verdict {
    int error; /* 0: the call goes on. */
    enum effect effect;
};

struct disk_file {
    struct file *file;
};

struct fake {
    struct disk disk;
    struct luck luck;
    struct folder folder;
    struct file **files; /* Owned: all that a name or a handle leads to. */
    size_t file_count, file_capacity;
    unsigned handles;

    uint64_t calls[FAKE_ANY], stop_in; /* 0: never. */
    bool stopped;
    struct fake_fault fault;
    uint64_t failures, room, spent, cost[FAKE_ANY];

    void (*see)(void *arg, enum fake_call call, const char *name, uint64_t at,
        uint64_t length, int64_t result);
    void *see_arg;
};

static struct fake *
fake_of(struct disk *disk)
{
    return CONTAINER_OF(disk, struct fake, disk);
}

static const char *
name_of(const struct fake *f, const struct file *file)
{
    const struct folder_names *names = &f->folder.seen;

    for (size_t i = 0; i < names->count; i++) {
        if (names->entries[i].file == file) return names->entries[i].name;
    }
    return "";
}

static int64_t
tell(struct fake *f, enum fake_call call, const char *name, uint64_t at,
    uint64_t length, int64_t result)
{
    if (f->see != NULL) f->see(f->see_arg, call, name, at, length, result);
    return result;
}

/* ---- what happens to a call ---------------------------------------------- */

static struct verdict
stop(struct fake *f, enum fake_call call)
{
    struct verdict v = { FAKE_STOPPED,
        luck_has(&f->luck, 1, 2) ? ALL : NOTHING };

    if (call == FAKE_WRITE && luck_has(&f->luck, 1, 2)) v.effect = A_PART;
    f->stopped = true;
    return v;
}

static bool
is_due(struct fake *f, enum fake_call call)
{
    struct fake_fault *fault = &f->fault;

    if (fault->nth == 0) return false;
    if (fault->call != FAKE_ANY && fault->call != call) return false;
    if (fault->nth > 1) {
        fault->nth--;
        return false;
    }
    if (!fault->forever) fault->nth = 0;
    return true;
}

static struct verdict
fail(struct fake *f, enum fake_call call)
{
    static const enum effect any[] = { NOTHING, A_PART, ALL };
    struct verdict v = { -f->fault.error, NOTHING };

    f->failures++;
    if (call == FAKE_WRITE) v.effect = any[luck_below(&f->luck, 3)];
    if (call == FAKE_SYNC) v.effect = A_PART;
    if (f->fault.error == EIO && v.effect == NOTHING
        && luck_has(&f->luck, 1, 4)) {
        v.effect = ALL;
    }
    return v;
}

static struct verdict
judge(struct fake *f, enum fake_call call)
{
    if (f->stopped) return (struct verdict){ FAKE_STOPPED, NOTHING };
    f->calls[call]++;
    f->spent += f->cost[call];
    if (f->stop_in > 0 && --f->stop_in == 0) return stop(f, call);
    if (is_due(f, call)) return fail(f, call);
    return (struct verdict){ 0, ALL };
}

/* ---- files --------------------------------------------------------------- */

static struct file *
new_file(struct fake *f)
{
    if (f->file_count == f->file_capacity) {
        f->file_capacity = f->file_capacity == 0 ? 16 : f->file_capacity * 2;
        f->files = realloc(f->files, f->file_capacity * sizeof(struct file *));
        CHECK(f->files != NULL);
    }
    struct file *file = malloc(sizeof *file);
    CHECK(file != NULL);
    *file = (struct file){ .handles = 0 };
    platter_init(&file->data);
    f->files[f->file_count++] = file;
    return file;
}

static void
free_file(struct file *file)
{
    platter_fini(&file->data);
    free(file);
}

/* Free what nothing leads to any more. */
static void
sweep(struct fake *f)
{
    size_t left = 0;

    for (size_t i = 0; i < f->file_count; i++) {
        struct file *file = f->files[i];
        if (file->handles > 0 || folder_needs(&f->folder, file)) {
            f->files[left++] = file;
        } else {
            free_file(file);
        }
    }
    f->file_count = left;
}

uint64_t
fake_bytes(const struct fake *fake)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < fake->folder.seen.count; i++)
        sum += fake->folder.seen.entries[i].file->data.seen.length;
    return sum;
}

/* ---- the calls ----------------------------------------------------------- */

static int
open_file(
    struct disk *disk, const char *name, bool make, struct disk_file **out)
{
    struct fake *f = fake_of(disk);
    enum fake_call call = make ? FAKE_CREATE : FAKE_OPEN;
    struct verdict v = judge(f, call);
    struct file *file = folder_find(&f->folder, name);

    if (v.error == 0 && make && file != NULL) v.error = -EEXIST;
    if (v.error == 0 && !make && file == NULL) v.error = -ENOENT;
    if (v.effect == ALL && make && file == NULL) {
        file = new_file(f);
        folder_make(&f->folder, name, file);
    }
    if (v.error == 0) {
        *out = malloc(sizeof **out);
        CHECK(*out != NULL);
        (*out)->file = file;
        file->handles++;
        f->handles++;
    }
    return (int)tell(f, call, name, 0, 0, v.error);
}

static void
close_file(struct disk *disk, struct disk_file *handle)
{
    struct fake *f = fake_of(disk);

    CHECK(handle->file->handles > 0 && f->handles > 0);
    handle->file->handles--;
    f->handles--;
    free(handle);
    sweep(f);
}

static int64_t
read_file(struct disk *disk, struct disk_file *handle, uint64_t at, void *bytes,
    size_t length)
{
    struct fake *f = fake_of(disk);
    const struct platter_bytes *seen = &handle->file->data.seen;
    int64_t result = judge(f, FAKE_READ).error;

    if (result == 0 && at < seen->length) {
        size_t there = seen->length - (size_t)at;
        if (there > length) there = length;
        memcpy(bytes, seen->bytes + at, there);
        result = (int64_t)there;
    }
    return tell(f, FAKE_READ, name_of(f, handle->file), at, length, result);
}

static uint8_t *
join(const struct slice *parts, unsigned count, size_t *length)
{
    *length = 0;
    for (unsigned i = 0; i < count; i++)
        *length += parts[i].length;
    uint8_t *bytes = malloc(*length + 1);
    CHECK(bytes != NULL);
    for (unsigned i = 0, at = 0; i < count; i++) {
        if (parts[i].length == 0) continue;
        memcpy(bytes + at, parts[i].bytes, parts[i].length);
        at += (unsigned)parts[i].length;
    }
    return bytes;
}

/* How much of a write at `at` the disk has room for. */
static size_t
fitting(
    const struct fake *f, const struct file *file, uint64_t at, size_t length)
{
    uint64_t used = fake_bytes(f);
    uint64_t end = file->data.seen.length;

    if (used < f->room) {
        end = f->room - used > UINT64_MAX - end ? UINT64_MAX
                                                : end + (f->room - used);
    }
    if (at >= end) return 0;
    return end - at < length ? (size_t)(end - at) : length;
}

static int
write_file(struct disk *disk, struct disk_file *handle, uint64_t at,
    const struct slice *parts, unsigned count)
{
    struct fake *f = fake_of(disk);
    struct verdict v = judge(f, FAKE_WRITE);
    size_t length;
    uint8_t *bytes = join(parts, count, &length);
    size_t done = fitting(f, handle->file, at, length);

    if (v.error == 0 && done < length) v.error = -ENOSPC;
    if (v.effect == NOTHING) done = 0;
    if (v.effect == A_PART) done = luck_below(&f->luck, done + 1);
    platter_write(
        &handle->file->data, (size_t)at, (struct slice){ bytes, done });
    free(bytes);
    return (int)tell(
        f, FAKE_WRITE, name_of(f, handle->file), at, length, v.error);
}

static int
sync_file(struct disk *disk, struct disk_file *handle)
{
    struct fake *f = fake_of(disk);
    struct verdict v = judge(f, FAKE_SYNC);

    if (v.effect == ALL) platter_sync(&handle->file->data);
    if (v.effect == A_PART) platter_sync_badly(&handle->file->data, &f->luck);
    return (int)tell(f, FAKE_SYNC, name_of(f, handle->file), 0, 0, v.error);
}

static int64_t
size_file(struct disk *disk, struct disk_file *handle)
{
    struct fake *f = fake_of(disk);
    int64_t result = judge(f, FAKE_SIZE).error;

    if (result == 0) result = (int64_t)handle->file->data.seen.length;
    return tell(f, FAKE_SIZE, name_of(f, handle->file), 0, 0, result);
}

static int
rename_file(struct disk *disk, const char *from, const char *to)
{
    struct fake *f = fake_of(disk);
    struct verdict v = judge(f, FAKE_RENAME);
    bool there = folder_find(&f->folder, from) != NULL;

    if (v.error == 0 && !there) v.error = -ENOENT;
    if (v.effect == ALL && there) folder_rename(&f->folder, from, to);
    return (int)tell(f, FAKE_RENAME, from, 0, 0, v.error);
}

static int
remove_file(struct disk *disk, const char *name)
{
    struct fake *f = fake_of(disk);
    struct verdict v = judge(f, FAKE_REMOVE);
    bool there = folder_find(&f->folder, name) != NULL;

    if (v.error == 0 && !there) v.error = -ENOENT;
    if (v.effect == ALL && there) folder_remove(&f->folder, name);
    return (int)tell(f, FAKE_REMOVE, name, 0, 0, v.error);
}

static int
sync_dir(struct disk *disk)
{
    struct fake *f = fake_of(disk);
    struct verdict v = judge(f, FAKE_SYNC_DIR);

    if (v.effect == ALL) folder_sync(&f->folder);
    sweep(f);
    return (int)tell(f, FAKE_SYNC_DIR, "", 0, 0, v.error);
}

/* "In any order": it begins anywhere. */
static int
list_files(
    struct disk *disk, int (*see)(void *arg, const char *name), void *arg)
{
    struct fake *f = fake_of(disk);
    struct folder_names names = f->folder.seen;
    int result = judge(f, FAKE_LIST).error;
    size_t first = names.count == 0 ? 0 : luck_below(&f->luck, names.count);

    for (size_t i = 0; result == 0 && i < names.count; i++)
        result = see(arg, names.entries[(first + i) % names.count].name);
    return (int)tell(f, FAKE_LIST, "", 0, 0, result);
}

/* ---- life ---------------------------------------------------------------- */

struct fake *
fake_new(uint64_t seed)
{
    struct fake *f = malloc(sizeof *f);

    CHECK(f != NULL);
    *f = (struct fake){
        .disk = { .open = open_file,
            .close = close_file,
            .read = read_file,
            .write = write_file,
            .sync = sync_file,
            .size = size_file,
            .rename = rename_file,
            .remove = remove_file,
            .sync_dir = sync_dir,
            .list = list_files,
            .path = "the fake disk" },
        .luck = { seed },
        .room = UINT64_MAX,
    };
    return f;
}

void
fake_free(struct fake *fake)
{
    if (fake == NULL) return;
    CHECK(fake->handles == 0);
    for (size_t i = 0; i < fake->file_count; i++)
        free_file(fake->files[i]);
    free(fake->files);
    free(fake);
}

static struct file *
twin(const struct fake *from, const struct fake *to, const struct file *file)
{
    size_t i = 0;

    while (from->files[i] != file)
        i++;
    return to->files[i];
}

static void
copy_names(const struct fake *from, const struct fake *to,
    const struct folder_names *names, struct folder_names *out)
{
    out->count = names->count;
    for (size_t i = 0; i < names->count; i++) {
        out->entries[i] = names->entries[i];
        out->entries[i].file = twin(from, to, names->entries[i].file);
    }
}

struct fake *
fake_copy(const struct fake *fake, uint64_t seed)
{
    struct fake *copy = fake_new(seed);

    CHECK(fake->handles == 0);
    copy->room = fake->room;
    for (size_t i = 0; i < fake->file_count; i++)
        platter_copy(&new_file(copy)->data, &fake->files[i]->data);
    copy_names(fake, copy, &fake->folder.seen, &copy->folder.seen);
    copy_names(fake, copy, &fake->folder.kept, &copy->folder.kept);
    copy->folder.count = fake->folder.count;
    for (size_t i = 0; i < fake->folder.count; i++) {
        copy->folder.steps[i] = fake->folder.steps[i];
        copy->folder.steps[i].file =
            twin(fake, copy, fake->folder.steps[i].file);
    }
    return copy;
}

struct disk *
fake_disk(struct fake *fake)
{
    return &fake->disk;
}

/* ---- ends, faults, looking, damage --------------------------------------- */

void
fake_stop_at(struct fake *fake, uint64_t nth)
{
    fake->stop_in = nth;
}

bool
fake_is_stopped(const struct fake *fake)
{
    return fake->stopped;
}

void
fake_kill(struct fake *fake)
{
    CHECK(fake->handles == 0);
    fake->stopped = false;
    fake->stop_in = 0;
    fake->fault = (struct fake_fault){ .nth = 0 };
}

void
fake_cut_power(struct fake *fake)
{
    fake_kill(fake);
    for (size_t i = 0; i < fake->file_count; i++)
        platter_cut_power(&fake->files[i]->data, &fake->luck);
    folder_cut_power(&fake->folder, &fake->luck);
    sweep(fake);
}

void
fake_fail(struct fake *fake, struct fake_fault fault)
{
    fake->fault = fault;
    fake->failures = 0;
}

uint64_t
fake_failures(const struct fake *fake)
{
    return fake->failures;
}

void
fake_set_room(struct fake *fake, uint64_t bytes)
{
    fake->room = bytes;
}

void
fake_set_cost(struct fake *fake, enum fake_call call, uint64_t ns)
{
    for (unsigned i = 0; i < FAKE_ANY; i++) {
        if (call == FAKE_ANY || call == (enum fake_call)i) fake->cost[i] = ns;
    }
}

uint64_t
fake_spent(const struct fake *fake)
{
    return fake->spent;
}

uint64_t
fake_calls(const struct fake *fake, enum fake_call call)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < FAKE_ANY; i++) {
        if (call == FAKE_ANY || call == (enum fake_call)i) {
            sum += fake->calls[i];
        }
    }
    return sum;
}

const char *
fake_call_name(enum fake_call call)
{
    static const char *const names[] = { "open", "create", "read", "write",
        "sync", "size", "rename", "remove", "sync_dir", "list", "any" };

    return names[call];
}

unsigned
fake_handles(const struct fake *fake)
{
    return fake->handles;
}

void
fake_watch(struct fake *fake,
    void (*see)(void *arg, enum fake_call call, const char *name, uint64_t at,
        uint64_t length, int64_t result),
    void *arg)
{
    fake->see = see;
    fake->see_arg = arg;
}

const char *
fake_name(const struct fake *fake, size_t i)
{
    const struct folder_names *names = &fake->folder.seen;

    for (size_t j = 0; j < names->count; j++) {
        size_t before = 0;
        for (size_t k = 0; k < names->count; k++)
            before +=
                strcmp(names->entries[k].name, names->entries[j].name) < 0;
        if (before == i) return names->entries[j].name;
    }
    return NULL;
}

struct slice
fake_contents(const struct fake *fake, const char *name)
{
    const struct file *file = folder_find(&fake->folder, name);

    CHECK(file != NULL);
    return (struct slice){ file->data.seen.bytes, file->data.seen.length };
}

static struct file *
settled(struct fake *f, const char *name)
{
    folder_sync(&f->folder);
    for (size_t i = 0; i < f->file_count; i++)
        platter_sync(&f->files[i]->data);
    struct file *file = folder_find(&f->folder, name);
    CHECK(file != NULL);
    return file;
}

void
fake_flip(struct fake *fake, const char *name, uint64_t at, uint8_t mask)
{
    platter_flip(&settled(fake, name)->data, (size_t)at, mask);
}

void
fake_resize(struct fake *fake, const char *name, uint64_t length)
{
    platter_resize(&settled(fake, name)->data, (size_t)length);
}

void
fake_lose(struct fake *fake, const char *name)
{
    (void)settled(fake, name);
    folder_remove(&fake->folder, name);
    folder_sync(&fake->folder);
    sweep(fake);
}
