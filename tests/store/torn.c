/*
 * A small store is cut at every byte of its last records, and a bit is flipped
 * at every byte of it.  It must be refused, saying file and offset, or open
 * with whole batches in their order, of which at most the end may be missing
 * that nothing in the log can prove; and store_check() says the same.
 *
 *     torn [--short] [--seed N]
 */
#include <inttypes.h>
#include <string.h>

#include "common/check.h"
#include "common/stint_error.h"
#include "common/sys/say.h"
#include "tests/disk/luck.h"
#include "tests/store/player.h"
#include "tests/store/report.h"

enum {
    BATCHES = 44,
    UNSYNCED = 3, /* So many at the end, if any. */
    GO_ON = 4,
    SEGMENT = 4096,
    FILES = 32,
    HANG_SECONDS = 1200
};

/* How the store was left. */
enum how { CLOSED, SYNCED, WRITTEN, HOWS };

static const char *const how_names[] = { "closed", "synced", "written" };

/* Where the block of a batch ends. */
struct place {
    char file[40];
    uint64_t end;
};

static struct {
    struct script script;
    struct fake *fake; /* The store as it was left, all of it kept. */
    struct place places[BATCHES + 1];
    char last_file[40]; /* Where the last bytes were written. */
    uint64_t last_end;  /* And how far. */
    unsigned provable;  /* The batch that no single damage may take. */
    enum how how;
    uint64_t cuts, flips, lost, refused, whole, shorter;
} torn;

static void
see_write(void *arg, enum fake_call call, const char *name, uint64_t at,
    uint64_t length, int64_t result)
{
    struct place *place = arg;

    if (call != FAKE_WRITE || result != 0) return;
    (void)snprintf(place->file, sizeof place->file, "%s", name);
    place->end = at + length;
}

static void
play(struct player *p, unsigned to)
{
    struct place place = { .end = 0 };

    while (p->written < to) {
        fake_watch(p->fake, see_write, &place);
        CHECK(player_commit(p) == 0);
        fake_watch(p->fake, NULL, NULL);
        torn.places[p->written] = place;
        /* At the end are blocks of batches and no others: what frees an old
         * segment may not be lost, and tells nobody but itself. */
        while (p->written + UNSYNCED < to && store_tend(p->store) > 0) {}
    }
}

/* Make the store; leaves how far the log goes. */
static void
build(uint64_t seed, enum how how)
{
    struct fake *fake = fake_new(seed);
    struct place place = { .end = 0 };
    struct player p;

    torn.how = how;
    for (unsigned n = 1; n <= BATCHES + GO_ON; n++) {
        torn.script.batches[n].sync =
            how == WRITTEN ? n <= BATCHES - UNSYNCED : true;
        torn.script.batches[n].reopen = false;
    }
    player_init(&p, &torn.script, fake);
    CHECK(player_open(&p) == 0);
    play(&p, BATCHES);
    fake_watch(fake, see_write, &place);
    if (how != CLOSED) fake_stop_at(fake, 1);
    player_close(&p);
    fake_watch(fake, NULL, NULL);
    if (how != CLOSED) place = torn.places[BATCHES];
    (void)snprintf(torn.last_file, sizeof torn.last_file, "%s", place.file);
    torn.last_end = place.end;
    /* The last block has no other behind it that could tell of it. */
    torn.provable = how == CLOSED   ? BATCHES
                    : how == SYNCED ? BATCHES - 1
                                    : BATCHES - UNSYNCED;
    fake_kill(fake);
    torn.fake = fake;
}

/* ---- what comes of a damage ---------------------------------------------- */

struct finding {
    char file[40];
    uint64_t offset;
    unsigned count;
};

static void
see_damage(void *arg, const char *file, uint64_t offset, const char *what)
{
    struct finding *finding = arg;

    if (finding->count++ > 0) return;
    (void)snprintf(finding->file, sizeof finding->file, "%s", file);
    finding->offset = offset;
    if (report_is_traced()) {
        (void)printf("    check: %s %" PRIu64 " %s\n", file, offset, what);
    }
}

/* The sentence of the refusal names what the check has found first. */
static bool
says_the_same(const char *sentence, const struct finding *finding)
{
    char offset[24];

    (void)snprintf(offset, sizeof offset, "%" PRIu64, finding->offset);
    return strstr(sentence, finding->file) != NULL
           && strstr(sentence, offset) != NULL;
}

static void
judge_refusal(int code, int checked, const struct finding *finding)
{
    if (code != STINT_EDAMAGED && code != STINT_EFORMAT) {
        report_failure("the open returns %d: %s", code, say_message());
    } else if (checked != code) {
        report_failure("the open returns %d, the check %d: %s", code, checked,
            say_message());
    } else if (finding->count == 0) {
        report_failure(
            "the open returns %d, and the check has found nothing", code);
    } else if (!says_the_same(say_message(), finding)) {
        report_failure("the open says \"%s\", the check %s %" PRIu64,
            say_message(), finding->file, finding->offset);
    }
    torn.refused++;
}

static void
judge_opened(struct player *p, int checked, const struct finding *finding)
{
    unsigned n = p->written;

    if (checked != 0 || finding->count > 0) {
        report_failure("the open finds nothing wrong, the check returns %d: "
                       "%s %" PRIu64,
            checked, finding->file, finding->offset);
    }
    torn.whole += n == BATCHES;
    torn.shorter += n < BATCHES;
    int code = player_play(p, n + GO_ON);
    if (code < 0) report_failure("going on returns %d", code);
    fake_stop_at(p->fake, 1);
    player_close(p);
    fake_cut_power(p->fake);
    player_lost_power(p);
    code = player_open(p);
    if (code < 0) {
        report_failure(
            "after going on the open returns %d: %s", code, say_message());
    }
    player_close(p);
}

/* `least`: the batch that must be there if the store opens. */
static void
try_store(struct fake *fake, unsigned least, bool may_refuse)
{
    struct finding finding = { .count = 0 };
    struct store_check check = { .found = see_damage, .arg = &finding };
    struct store_stat stat;
    struct player p;

    player_init(&p, &torn.script, fake);
    p.must = least;
    p.written = p.tried = BATCHES;
    int checked = store_check(fake_disk(fake), &check, &stat);
    int code = player_open(&p);
    if (code == 0) {
        judge_opened(&p, checked, &finding);
    } else if (may_refuse) {
        judge_refusal(code, checked, &finding);
    } else {
        report_failure("a torn end is refused: %s", say_message());
    }
    player_close(&p);
}

/* ---- cuts ---------------------------------------------------------------- */

/* The last batch whose bytes are all before `at` of the last file. */
static unsigned
batch_before(const char *file, uint64_t at)
{
    unsigned n = BATCHES;

    while (n > 0 && strcmp(torn.places[n].file, file) == 0
           && torn.places[n].end > at)
        n--;
    return n;
}

static void
blank(struct fake *fake, const char *file, uint64_t from)
{
    uint64_t length = fake_contents(fake, file).length;

    fake_resize(fake, file, from);
    fake_resize(fake, file, length);
}

static void
cut_everywhere(uint64_t step)
{
    for (uint64_t at = 0; at < torn.last_end; at += step) {
        unsigned least = batch_before(torn.last_file, at);
        bool in_blocks =
            least < BATCHES
            && strcmp(torn.places[least].file, torn.last_file) == 0;
        /* Nothing is torn but what the log did last. */
        bool is_end = torn.how != CLOSED && least >= torn.provable;
        if (report_scene("%s zeros-from %" PRIu64, how_names[torn.how], at)) {
            struct fake *fake = fake_copy(torn.fake, at);
            blank(fake, torn.last_file, at);
            try_store(fake, least, !(is_end && in_blocks));
            fake_free(fake);
            torn.cuts++;
        }
        if (report_scene("%s cut-at %" PRIu64, how_names[torn.how], at)) {
            struct fake *fake = fake_copy(torn.fake, at);
            fake_resize(fake, torn.last_file, at);
            try_store(fake, least, true);
            fake_free(fake);
            torn.cuts++;
        }
    }
}

/* ---- flips --------------------------------------------------------------- */

static void
flip_file(const char *file, uint64_t length, uint64_t step)
{
    struct luck luck = { torn.script.seed };

    for (uint64_t at = 0; at < length; at += step) {
        uint8_t mask = (uint8_t)(1U << luck_below(&luck, 8));
        if (!report_scene("%s flip %s %" PRIu64, how_names[torn.how], file, at))
            continue;
        struct fake *fake = fake_copy(torn.fake, at);
        fake_flip(fake, file, at, mask);
        try_store(fake, torn.provable, true);
        fake_free(fake);
        torn.flips++;
    }
}

static void
lose_file(const char *file)
{
    if (!report_scene("%s lost %s", how_names[torn.how], file)) return;
    struct fake *fake = fake_copy(torn.fake, 1);
    fake_lose(fake, file);
    /* Of the last segment the one before tells, after a close for certain. */
    bool is_known = torn.how == CLOSED || strcmp(file, torn.last_file) != 0;
    try_store(fake, is_known ? torn.provable : batch_before(file, 0), true);
    fake_free(fake);
    torn.lost++;
}

static void
damage_everything(uint64_t step)
{
    char names[FILES][40];
    size_t count = 0;

    for (; fake_name(torn.fake, count) != NULL; count++) {
        CHECK(count < FILES);
        (void)snprintf(names[count], sizeof names[count], "%s",
            fake_name(torn.fake, count));
    }
    for (size_t i = 0; i < count; i++) {
        flip_file(names[i], fake_contents(torn.fake, names[i]).length, step);
        lose_file(names[i]);
    }
}

int
main(int argc, char **argv)
{
    struct report_options o = report_begin(argc, argv, "torn", HANG_SECONDS);
    uint64_t step = o.is_short && o.only == NULL ? 13 : 1;

    script_init(&torn.script, o.seed, BATCHES + 2 * GO_ON, SEGMENT, 0, false);
    for (enum how how = CLOSED; how < HOWS; how++) {
        build(o.seed, how);
        cut_everywhere(step);
        damage_everything(step);
        fake_free(torn.fake);
    }
    report_needs("cuts", torn.cuts, 200);
    report_needs("flipped bits", torn.flips, 1000);
    report_needs("lost files", torn.lost, 3);
    report_needs("refused, with file and offset", torn.refused, 100);
    report_needs("opened with everything", torn.whole, 100);
    report_needs("opened without an end that nothing proves", torn.shorter, 10);
    script_fini(&torn.script);
    return report_end();
}
