/* Looking at named objects of whatever kind.                 [layer: client] */
#include "client/stint_objects.h"

#include "client/inspect.h"
#include "client/share/shared.h"
#include "common/sys/say.h"
#include "proto/record.h"

enum { LIST_OBJECTS = 6, LIST_USERS = 7 };

/* Room for the texts of a row. */
struct texts {
    char name[PROTO_NAME_MAX + 1], host[PROTO_NAME_MAX + 1];
    char key[PROTO_NAME_MAX + 1], object[PROTO_NAME_MAX + 1];
    char lock[PROTO_NAME_MAX + 1];
};

/* ---- objects ------------------------------------------------------------- */

struct objects_view {
    int (*see)(void *arg, const struct stint_object_row *row);
    void *arg;
};

static struct stint_object_user
holder_of(const struct rec_object_row *r, struct texts *texts)
{
    return (struct stint_object_user){
        .how = STINT_HOLDS,
        .name = inspect_text(texts->name, sizeof texts->name, r->holder),
        .host = inspect_text(texts->host, sizeof texts->host, r->host),
        .key = inspect_text(texts->key, sizeof texts->key, r->key),
        .pid = (int64_t)r->pid,
        .away = r->away != 0,
        .fence = r->fence,
        .held_ns = (int64_t)r->held_ns,
    };
}

static struct stint_object_row
row_of(const struct rec_object_row *r, struct texts *texts)
{
    enum { DIED = 1, BROKEN = 2, FIRST = 4, SECOND = 8, ONE_WAY = 16 };
    enum { BOUNDED = 1, NO_RETURN = 2 };
    static const char *const durabilities[] = { "synced", "written", "memory" };

    return (struct stint_object_row){
        .name = inspect_text(texts->object, sizeof texts->object, r->object),
        .number = r->number,
        .kind = (enum stint_object_kind)r->kind,
        .durability = durabilities[r->durability],
        .lock = inspect_text(texts->lock, sizeof texts->lock, r->lock),
        .type = (enum stint_value_type)r->type,
        .size = r->size,
        .count = r->count,
        .bytes = r->bytes,
        .version = r->version,
        .waiting = r->waiting,
        .bounded = (r->flags & BOUNDED) != 0,
        .no_return = (r->flags & NO_RETURN) != 0,
        .owner_died = (r->state & DIED) != 0,
        .broken = (r->state & BROKEN) != 0,
        .one_way = (r->state & ONE_WAY) != 0,
        .closed = { (r->state & FIRST) != 0, (r->state & SECOND) != 0 },
        .to = { { r->first_messages, r->first_bytes },
            { r->second_messages, r->second_bytes } },
        .held = r->held != 0,
        .holder = holder_of(r, texts),
    };
}

static int
show_object(const void *arg, const void *record)
{
    const struct objects_view *view = arg;
    struct texts texts;
    const struct stint_object_row row = row_of(record, &texts);

    return view->see(view->arg, &row);
}

int
stint_list_objects(struct stint *s, const char *only,
    int (*see)(void *arg, const struct stint_object_row *row), void *arg,
    int64_t timeout_ms)
{
    const struct objects_view seen = { see, arg };
    const struct inspect_view view = { RECORD_object_row, show_object, &seen };
    struct msg m = { .type = MSG_list, .as.list.what = LIST_OBJECTS };
    uint64_t unused;

    if (only != NULL) {
        int rc = named_check(only, NULL, &unused);
        if (rc != 0) return rc;
        m.as.list.object = slice_of(only);
    }
    return inspect_list(s, &m, &view, 0, timeout_ms);
}

/* ---- who holds them, who waits ------------------------------------------- */

struct users_view {
    int (*see)(void *arg, const struct stint_object_user *user);
    void *arg;
};

static int
show_user(const void *arg, const void *record)
{
    const struct users_view *view = arg;
    const struct rec_object_user *r = record;
    struct texts texts;
    const struct stint_object_user user = {
        .how = (enum stint_object_how)r->how,
        .name = inspect_text(texts.name, sizeof texts.name, r->name),
        .host = inspect_text(texts.host, sizeof texts.host, r->host),
        .key = inspect_text(texts.key, sizeof texts.key, r->key),
        .pid = (int64_t)r->pid,
        .away = r->away != 0,
        .holder = r->holder,
        .count = r->count,
        .fence = r->fence,
        .held_ns = (int64_t)r->held_ns,
        .left_ns = (int64_t)r->left_ns,
    };

    return view->see(view->arg, &user);
}

int
stint_list_object_users(struct stint *s, const char *name,
    int (*see)(void *arg, const struct stint_object_user *user), void *arg,
    int64_t timeout_ms)
{
    const struct users_view seen = { see, arg };
    const struct inspect_view view = { RECORD_object_user, show_user, &seen };
    struct msg m = { .type = MSG_list, .as.list.what = LIST_USERS };
    uint64_t unused;

    int rc = named_check(name, NULL, &unused);
    if (rc != 0) return rc;
    m.as.list.object = slice_of(name);
    return inspect_list(s, &m, &view, 0, timeout_ms);
}

/* ---- what is in them ----------------------------------------------------- */

static int
see_page(struct slice page, int (*see)(void *, const struct stint_entry *),
    void *arg)
{
    struct cursor c = { page.bytes, page.bytes };
    struct rec_entry e;
    const char *where;
    int rc = 0;

    if (page.length > 0) c.end += page.length;
    while (rc == 0 && c.at < c.end) {
        if (record_read(&c, RECORD_entry, &e, &where) != 0) {
            return say(STINT_EMALFORMED, "the master's page does not read");
        }
        const struct stint_entry entry = {
            .key = { e.key.bytes, e.key.length },
            .value = { e.value.bytes, e.value.length },
            .version = e.version,
        };
        rc = see(arg, &entry);
    }
    return rc;
}

/* Where a page of a dict goes on is a rank, of the others a place: both are the
 * `number` of the page before. */
int
stint_object_each(struct stint *s, const char *name,
    int (*see)(void *arg, const struct stint_entry *entry), void *arg)
{
    struct rec_op op = { .verb = SHARED_PAGE, .to = INT64_MAX };
    struct rec_op_done done = { .number = 0 };
    struct shared_answer a;
    uint64_t unused;

    int rc = named_check(name, NULL, &unused);
    if (rc != 0) return rc;
    op.object = slice_of(name);
    do {
        op.at = done.number;
        rc = shared_ask(&a, s, &op, 1);
        if (rc != 0) return rc;
        rc = shared_next(&a, &done);
        if (rc == 0) rc = see_page(done.value, see, arg);
        shared_end(&a);
    } while (rc == 0 && done.number != 0);
    return rc;
}
