#include "worker/room.h"

#include "common/sys/host.h"
#include "worker/agent/agent.h"

/* Both ends of four pipes, one more while they are moved, pidfd, folder of the
 * task, folder to run in, eventfd; inputs and outputs need fewer. */
enum { OF_COMMAND = 13, OF_HANDLER = 2 };

/* Of a program with one connection, and to spare for what is open now. */
enum { LEAST = 32, SPARE = 8 };

static unsigned
wanted(const struct stint_worker_options *o)
{
    unsigned slots = o->slots > 0 ? o->slots : host_cores();

    return slots < AGENT_SLOTS_MAX ? slots : AGENT_SLOTS_MAX;
}

struct room
room_find(const struct stint_worker_options *o)
{
    struct room room = { .wanted = wanted(o) };
    size_t each = o->command != NULL || o->allow_exec ? OF_COMMAND : OF_HANDLER;
    size_t base = host_open_files() + SPARE;

    if (base < LEAST) base = LEAST;
    room.needed = base + room.wanted * each;
    room.allowed = host_allow_files(room.needed);
    room.slots = room.wanted;
    if (room.allowed < room.needed) {
        size_t left = room.allowed > base ? room.allowed - base : 0;
        room.slots = left >= each ? (unsigned)(left / each) : 1;
    }
    return room;
}

unsigned
stint_worker_slots(const struct stint_worker_options *options)
{
    static const struct stint_worker_options none = { .slots = 0 };

    return room_find(options != NULL ? options : &none).slots;
}
