#include "master/core/shared/shelf.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/stint_error.h"
#include "master/core/shared/changes.h"
#include "master/core/shared/ranks.h"

/* ---- what it is ---------------------------------------------------------- */

static struct shelf_content *
make_content(const struct shelf *shelf)
{
    const struct object *o = shelf->object;
    struct shelf_content *content = malloc(sizeof *content);

    if (content == NULL) return NULL;
    if (o->kind == OBJECT_DICT) {
        dict_init(&content->in.dict, shelf->secret);
        return content;
    }
    sequence_init(&content->in.sequence);
    if (o->kind == OBJECT_VALUES
        && !sequence_fill(
            &content->in.sequence, o->size > 0 ? (size_t)o->size : 1)) {
        free(content);
        return NULL;
    }
    return content;
}

void
shelf_drop_content(const struct shelf *shelf, struct shelf_content *content)
{
    if (content == NULL) return;
    if (shelf_is_dict(shelf)) {
        dict_fini(&content->in.dict);
    } else {
        sequence_fini(&content->in.sequence);
    }
    free(content);
}

struct shelf *
shelf_new(struct object *object, bool kept, const uint8_t secret[16])
{
    struct shelf *shelf = calloc(1, sizeof *shelf);

    if (shelf == NULL) return NULL;
    shelf->object = object;
    shelf->kept = kept;
    memcpy(shelf->secret, secret, sizeof shelf->secret);
    list_init(&shelf->watched);
    list_init(&shelf->touched);
    shelf->content = make_content(shelf);
    if (shelf->content == NULL) {
        free(shelf);
        return NULL;
    }
    return shelf;
}

void
shelf_free(struct shelf *shelf)
{
    if (shelf == NULL) return;
    list_remove(&shelf->watched);
    shelf_drop_content(shelf, shelf->content);
    free(shelf);
}

size_t
shelf_size(uint64_t size)
{
    const size_t fixed = sizeof(struct shelf) + sizeof(struct shelf_content);

    if (size == 0) size = 1;
    if (size > (SIZE_MAX - fixed) / sizeof(struct entry *)) return SIZE_MAX;
    return fixed + (size_t)size * sizeof(struct entry *);
}

size_t
shelf_content_memory(
    const struct shelf *shelf, const struct shelf_content *content)
{
    return sizeof *content
           + (shelf_is_dict(shelf) ? dict_memory(&content->in.dict)
                                   : sequence_memory(&content->in.sequence));
}

size_t
shelf_memory(const struct shelf *shelf)
{
    return sizeof *shelf + shelf_content_memory(shelf, shelf->content);
}

size_t
shelf_count(const struct shelf *shelf)
{
    return shelf_is_dict(shelf) ? shelf->content->in.dict.count
                                : shelf->content->in.sequence.count;
}

struct entry *
shelf_find(const struct shelf *shelf, struct slice key)
{
    const struct dict_item *item = dict_find(&shelf->content->in.dict, key);

    return item != NULL ? item->entry : NULL;
}

struct entry *
shelf_at(const struct shelf *shelf, size_t at)
{
    CHECK(at < shelf->content->in.sequence.count);
    return sequence_at(&shelf->content->in.sequence, at);
}

/* ---- changes ------------------------------------------------------------- */

/* The version of a change that is being made. */
static uint64_t
touch(struct shelf *shelf, struct changes *changes)
{
    if (list_is_empty(&shelf->touched)) {
        list_push(&changes->touched, &shelf->touched);
        shelf->version_before = shelf->object->version;
        shelf->lost_before = shelf->lost;
        shelf->cleared_before = shelf->cleared;
    }
    return ++shelf->object->version;
}

static void
note(struct shelf *shelf, struct changes *changes, struct change change)
{
    change.shelf = shelf;
    if (change.content == NULL) change.content = shelf->content;
    uint64_t version = touch(shelf, changes);
    if (change.after != NULL) change.after->version = version;
    if (change.after == NULL) shelf->lost = version;
    changes_note(changes, &change);
}

int
shelf_put(struct shelf *shelf, struct changes *changes, struct slice key,
    struct slice value)
{
    struct entry *before;
    struct entry *e = changes_reserve(changes) ? entry_new(value) : NULL;

    if (e == NULL) return STINT_ENOMEM;
    struct dict_item *item =
        dict_put(&shelf->content->in.dict, key, e, &before);
    if (item == NULL) {
        entry_free(e);
        return STINT_ENOMEM;
    }
    note(shelf, changes,
        (struct change){
            .kind = CHANGE_KEY, .item = item, .before = before, .after = e });
    return 0;
}

int
shelf_take(struct shelf *shelf, struct changes *changes, struct entry *entry)
{
    struct dict_item *item = entry->item;

    if (!changes_reserve(changes)) return STINT_ENOMEM;
    (void)dict_take(&shelf->content->in.dict, item);
    note(shelf, changes,
        (struct change){ .kind = CHANGE_KEY, .item = item, .before = entry });
    return 0;
}

int
shelf_put_at(
    struct shelf *shelf, struct changes *changes, size_t at, struct slice value)
{
    struct sequence *q = &shelf->content->in.sequence;
    struct entry *e = changes_reserve(changes) ? entry_new(value) : NULL;

    if (e == NULL) return STINT_ENOMEM;
    struct entry *before = sequence_set(q, at, e);
    e->rank = before != NULL ? before->rank : (int64_t)at;
    note(shelf, changes,
        (struct change){
            .kind = CHANGE_PLACE, .at = at, .before = before, .after = e });
    return 0;
}

int
shelf_insert(
    struct shelf *shelf, struct changes *changes, size_t at, struct slice value)
{
    struct sequence *q = &shelf->content->in.sequence;
    int64_t rank = 0;

    if (!sequence_reserve(q)) return STINT_ENOMEM;
    if (shelf->kept) {
        int rc = ranks_place(shelf, changes, at, &rank);
        if (rc != 0) return rc;
    }
    struct entry *e = changes_reserve(changes) ? entry_new(value) : NULL;
    if (e == NULL) return STINT_ENOMEM;
    e->rank = rank;
    sequence_insert(q, at, e);
    note(shelf, changes,
        (struct change){ .kind = CHANGE_INSERT, .at = at, .after = e });
    return 0;
}

int
shelf_take_at(struct shelf *shelf, struct changes *changes, size_t at)
{
    if (!changes_reserve(changes)) return STINT_ENOMEM;
    struct entry *e = sequence_take(&shelf->content->in.sequence, at);
    note(shelf, changes,
        (struct change){ .kind = CHANGE_TAKE, .at = at, .before = e });
    return 0;
}

int
shelf_reverse(struct shelf *shelf, struct changes *changes)
{
    if (!changes_reserve(changes)) return STINT_ENOMEM;
    ranks_turn(shelf);
    note(shelf, changes, (struct change){ .kind = CHANGE_TURN });
    return 0;
}

int
shelf_clear(struct shelf *shelf, struct changes *changes)
{
    struct shelf_content *old = shelf->content;
    struct shelf_content *empty =
        changes_reserve(changes) ? make_content(shelf) : NULL;

    if (empty == NULL) return STINT_ENOMEM;
    if (shelf_is_dict(shelf)) empty->in.dict.ranks = old->in.dict.ranks;
    shelf->content = empty;
    note(shelf, changes,
        (struct change){ .kind = CHANGE_CLEAR, .content = old });
    shelf->cleared = shelf->object->version;
    return 0;
}

/* ---- checking ------------------------------------------------------------ */

static void
check_ranks(const struct shelf *shelf)
{
    for (size_t i = 1; i < shelf_count(shelf); i++) {
        CHECK(shelf_at(shelf, i - 1)->rank < shelf_at(shelf, i)->rank);
    }
}

void
shelf_check(const struct shelf *shelf)
{
    CHECK(list_is_empty(&shelf->touched));
    CHECK(shelf->counted == shelf_memory(shelf));
    CHECK(shelf->lost <= shelf->object->version);
    if (shelf_is_dict(shelf)) {
        dict_check(&shelf->content->in.dict);
        return;
    }
    sequence_check(&shelf->content->in.sequence);
    if (shelf->object->kind == OBJECT_LIST && shelf->kept) check_ranks(shelf);
}
