#include "master/core/slots.h"

#include <stdlib.h>

#include "common/check.h"

/* Both tables at once, so that giving a number back cannot fail. */
static bool
grow(struct core *core)
{
    uint32_t want = core->slots_capacity == 0 ? 16 : core->slots_capacity * 2;

    struct session **slots =
        realloc(core->slots, want * sizeof(struct session *));
    if (slots == NULL) return false;
    core->slots = slots;
    uint32_t *numbers = realloc(core->slots_free, want * sizeof *numbers);
    if (numbers == NULL) return false;
    core->slots_free = numbers;
    core->slots_capacity = want;
    return true;
}

bool
slots_take(struct core *core, struct session *s)
{
    if (core->slots_free_count > 0) {
        s->slot = core->slots_free[--core->slots_free_count];
    } else {
        if (core->slots_count == core->slots_capacity && !grow(core)) {
            return false;
        }
        s->slot = core->slots_count++;
    }
    core->slots[s->slot] = s;
    return true;
}

static void
give_back(struct core *core, struct session *s)
{
    core->slots[s->slot] = NULL;
    core->slots_free[core->slots_free_count++] = s->slot;
    session_free(s);
}

void
slots_leave(struct core *core, struct session *s)
{
    s->state = SESSION_GHOST;
    if (s->owed == 0) {
        give_back(core, s);
    } else {
        core->memory += sizeof *s;
    }
}

void
slots_repaid(struct core *core, struct session *s)
{
    CHECK(s->owed > 0);
    s->owed -= 1;
    if (s->state != SESSION_GHOST || s->owed > 0) return;
    core->memory -= sizeof *s;
    give_back(core, s);
}

void
slots_fini(struct core *core)
{
    for (uint32_t i = 0; i < core->slots_count; i++) {
        if (core->slots[i] != NULL) session_free(core->slots[i]);
    }
    free(core->slots);
    free(core->slots_free);
}
