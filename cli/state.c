#include "cli/state.h"

#include <string.h>

struct state {
    const char *word;
    enum stint_task_state state;
    bool is_running, is_ahead; /* Of what is leased: only that. */
};

/* Of several for a state the first that fits is shown. */
static const struct state states[] = {
    { "ready", STINT_READY, false, false },
    { "delayed", STINT_DELAYED, false, false },
    { "running", STINT_LEASED, true, false },
    { "taken", STINT_LEASED, false, true },
    { "leased", STINT_LEASED, false, false },
    { "done", STINT_DONE, false, false },
    { "failed", STINT_DEAD, false, false },
    { "dead", STINT_DEAD, false, false },
    { "cancelled", STINT_CANCELLED, false, false },
    { "expired", STINT_EXPIRED, false, false },
};

enum { STATES = sizeof(states) / sizeof(*states) };

static const struct state *
find(const char *word)
{
    for (size_t i = 0; word != NULL && i < STATES; i++)
        if (strcmp(states[i].word, word) == 0) return &states[i];
    return NULL;
}

const char *
state_word(const struct stint_task_row *row)
{
    for (size_t i = 0; i < STATES; i++) {
        const struct state *s = &states[i];

        if (s->state != row->state) continue;
        if (s->state == STINT_LEASED && s->is_running != row->running) continue;
        return s->word;
    }
    return "unknown"; /* A later master's. */
}

int
state_plus_one(const char *word)
{
    const struct state *s = find(word);

    return s != NULL ? (int)s->state + 1 : 0;
}

void
state_filter(const char *word, struct stint_task_filter *filter)
{
    const struct state *s = find(word);

    filter->state_plus_one = state_plus_one(word);
    filter->running = s != NULL && s->is_running;
    filter->ahead = s != NULL && s->is_ahead;
}
