#include "tests/store/player.h"

#include <inttypes.h>
#include <string.h>

#include "common/check.h"
#include "common/stint_error.h"
#include "common/sys/say.h"
#include "tests/store/report.h"

enum { TENDS = 3, READS = 16 };

/* One look at all rows. */
struct look {
    struct player *player;
    unsigned n; /* The batch that the marker names. */
    uint32_t rows;
    struct row last;
    struct row keys[READS]; /* Some of the rows, to be read. */
    struct buf value;
};

static void
print_call(void *arg, enum fake_call call, const char *name, uint64_t at,
    uint64_t length, int64_t result)
{
    (void)arg;
    (void)printf("    %-8s %-16s at %6" PRIu64 " length %6" PRIu64
                 " -> %" PRId64 "\n",
        fake_call_name(call), name, at, length, result);
}

void
player_init(struct player *p, const struct script *script, struct fake *fake)
{
    *p = (struct player){ .script = script, .fake = fake };
    if (report_is_traced()) fake_watch(fake, print_call, NULL);
}

void
player_is_killed(struct player *p)
{
    p->must = p->written;
}

void
player_lost_power(struct player *p)
{
    p->must = p->written = p->synced;
}

static bool
is_value(struct look *look, const struct row *row, unsigned writer)
{
    buf_clear(&look->value);
    script_value(
        look->player->script, row->kind, row->id, writer, &look->value);
    CHECK(!look->value.failed);
    return slice_equal(
        row->value, (struct slice){ look->value.bytes, look->value.length });
}

static bool
judge_row(struct look *look, const struct row *row)
{
    const struct script *script = look->player->script;

    if (row->deleted) return false;
    if (look->rows == 0) {
        if (row->kind != SCRIPT_MARKER) return false;
        look->n = script_marked(row->value);
        if (look->n == 0 || look->n > script->count) return false;
    } else if (row->kind < look->last.kind
               || (row->kind == look->last.kind && row->id <= look->last.id)) {
        return false;
    }
    unsigned writer = script_writer(script, look->n, row->kind, row->id);
    return writer != 0 && is_value(look, row, writer);
}

static int
see_row(void *arg, const struct row *row)
{
    struct look *look = arg;

    if (!judge_row(look, row)) {
        report_failure("row kind %u id %" PRIu64 ", %zu bytes, is not of the "
                       "state after batch %u",
            row->kind, row->id, row->value.length, look->n);
        return 1;
    }
    look->last = *row;
    look->keys[look->rows++ % READS] = *row;
    return 0;
}

/* What the fake disk does on purpose must be told as such. */
static bool
is_a_fault(const struct player *p, uint64_t failures, int code)
{
    if (fake_is_stopped(p->fake) || fake_failures(p->fake) > failures) {
        return code == STINT_EDISK || code == STINT_ENOSPACE;
    }
    return false;
}

static int
read_some(struct look *look)
{
    struct player *p = look->player;
    uint32_t count = look->rows < READS ? look->rows : READS;
    struct buf got;
    int code = 0;

    buf_init(&got);
    for (uint32_t i = 0; code == 0 && i < count; i++) {
        struct row *row = &look->keys[i];
        uint64_t failures = fake_failures(p->fake);
        buf_clear(&got);
        code = store_read(p->store, row->kind, row->id, &got);
        row->value = (struct slice){ got.bytes, got.length };
        if (is_a_fault(p, failures, code)) break;
        if (code < 0 || !judge_row(look, row)) {
            report_failure("a read of kind %u id %" PRIu64 " returns %d, %zu "
                           "bytes: not what the scan has shown",
                row->kind, row->id, code, got.length);
            break;
        }
    }
    buf_fini(&got);
    return code;
}

static void
judge_state(struct look *look)
{
    struct player *p = look->player;
    struct store_stat stat = store_stat(p->store);

    if (look->rows != script_rows(p->script, look->n)) {
        report_failure("%u rows, but after batch %u there are %u", look->rows,
            look->n, script_rows(p->script, look->n));
    } else if (stat.rows != look->rows) {
        report_failure("store_stat() counts %" PRIu64 " rows of %u", stat.rows,
            look->rows);
    } else if (look->n < p->must || look->n > p->tried) {
        report_failure("the state is that after batch %u; it must be one "
                       "from %u to %u",
            look->n, p->must, p->tried);
    }
}

int
player_look(struct player *p)
{
    struct look look = { .player = p };

    buf_init(&look.value);
    int code = store_scan(p->store, see_row, &look);
    if (code < 0 && !fake_is_stopped(p->fake) && fake_failures(p->fake) == 0) {
        report_failure("the scan returns %d: %s", code, say_message());
    }
    if (code == 0) {
        judge_state(&look);
        /* Order was judged; what is read now comes in any. */
        look.last = (struct row){ .kind = 0 };
        code = read_some(&look);
        p->synced = p->written = p->tried = p->must = look.n;
    }
    buf_fini(&look.value);
    return code;
}

int
player_open(struct player *p)
{
    struct store_config config = { .segment = p->script->segment };

    CHECK(p->store == NULL);
    int code = store_open(fake_disk(p->fake), &config, &p->store);
    if (code == 0) {
        p->torn += store_stat(p->store).torn;
        return player_look(p);
    }
    p->store = NULL;
    if (!fake_is_stopped(p->fake) && fake_handles(p->fake) > 0) {
        report_failure(
            "a failed open left %u files open", fake_handles(p->fake));
    }
    return code;
}

int
player_commit(struct player *p)
{
    unsigned n = p->written + 1;
    struct buf ops;

    buf_init(&ops);
    script_ops(p->script, n, &ops);
    bool sync = p->script->batches[n].sync;
    p->tried = n;
    int code =
        store_commit(p->store, (struct slice){ ops.bytes, ops.length }, sync);
    buf_fini(&ops);
    if (code == 0) p->written = n;
    if (code == 0 && sync) p->synced = n;
    return code;
}

static int
tend(struct player *p)
{
    int code = 1;

    for (unsigned i = 0; code == 1 && i < TENDS; i++)
        code = store_tend(p->store);
    struct store_stat stat = store_stat(p->store);
    if (stat.segments > p->segments_max) p->segments_max = stat.segments;
    return code < 0 ? code : 0;
}

int
player_play(struct player *p, unsigned to)
{
    while (p->written < to) {
        int code = player_commit(p);
        if (code == 0) code = tend(p);
        if (code == 0 && p->script->batches[p->written].reopen) {
            player_close(p);
            code = player_open(p);
        }
        if (code < 0) return code;
    }
    return 0;
}

void
player_must_have_failed(struct player *p)
{
    unsigned written = p->written;

    if (p->store == NULL) return;
    for (int i = 0; i < 3; i++) {
        if (written < p->script->count && player_commit(p) != STINT_EDISK) {
            report_failure("a commit after the disk failed does not return "
                           "STINT_EDISK");
        }
        if (store_tend(p->store) != STINT_EDISK) {
            report_failure("store_tend() after the disk failed does not "
                           "return STINT_EDISK");
        }
    }
    p->written = written;
    if (!store_stat(p->store).failed) {
        report_failure("store_stat() does not say that the disk failed");
    }
}

void
player_close(struct player *p)
{
    if (p->store == NULL) return;
    uint64_t failures = fake_failures(p->fake);
    p->moved += store_stat(p->store).moved;
    store_close(p->store);
    p->close_failures += fake_failures(p->fake) - failures;
    p->store = NULL;
    if (fake_handles(p->fake) > 0) {
        report_failure("the close left %u files open", fake_handles(p->fake));
    }
    if (!fake_is_stopped(p->fake) && fake_failures(p->fake) == 0) {
        p->synced = p->written;
    }
    p->must = p->written;
}
