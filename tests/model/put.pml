/*
 * put.pml - puts and their resending, for Spin.  tests/model/run runs it.
 *
 * One client that numbers its requests and a master that dies at any time;
 * connections break as often as they like and lose what was on its way, hello
 * and welcome too.  Names are those of the sources: proto/stream.h,
 * client/rpc/rpc.c, master/core/{greet,receipt}.c.
 *
 * At some time the world becomes stable: then every put is to be answered.
 *
 * MUTANT PUT_EARLY       I1 the answer leaves before its commit
 * MUTANT LOST_WRITE      I1 a batch counts as committed when it was only taken
 * MUTANT RECEIPT_SENT    I6 the receipt goes when its answer was sent
 * MUTANT RECEIPT_MEMORY  I6 receipts are not written
 * MUTANT RECEIPT_LATER   I6 the receipt is in the batch after its task's
 * MUTANT NEW_NUMBERS     I6 a request is sent again under a new number
 * MUTANT SHOW_FIRST      I6 leases are shown before requests are sent again
 * MUTANT HELLO_FORGETS   I6 a recovered session begins anew without its receipts
 * MUTANT WELCOME_ONCE    I6 so does one whose welcome was lost
 * MUTANT FRAMES_TWICE    I6 a frame is sent again and acted upon again
 * MUTANT RECEIPT_STAYS   I6 receipts that nobody asked for stay after the show
 * MUTANT FRAME_SENT      I6 a frame with an answer goes when it was sent
 * MUTANT NO_RESEND       I3 after a restart nothing is sent again
 * MUTANT START_IGNORED   I6 a new start takes the session for one of its own
 *
 * RUN short errors CRASHES=1 FORGETS=1
 * RUN long errors CRASHES=3 FORGETS=1
 * RUN short answers CRASHES=1 FORGETS=1
 * RUN deep answers CRASHES=3 FORGETS=1
 */
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef FORGETS
#define FORGETS 0 /* Sessions that were away for too long. */
#endif
#ifndef PUTS
#define PUTS 2
#endif
#define FRAMES 6

/* ---- what must never be; the name is what a failing run says -------------- */

hidden byte I1_an_acknowledged_put_is_lost = 0;
hidden byte I3_a_put_is_never_answered = 0;
hidden byte I6_a_put_is_put_twice = 0;
hidden byte I6_a_receipt_stays_for_ever = 0;
hidden byte I6_a_frame_is_missing = 0;
#define HOLDS(otherwise, fact) if :: (fact) :: else -> assert(otherwise) fi

/* ---- the connection: ordered, and empty after a break ---------------------- */

#define HELLO 1   /* number: start that the client knows; ack: seen of it */
#define WELCOME 2 /* number: resumed; ack: seen; what: this start */
#define FRAME 3   /* number, ack; what: put or SHOW; number 0: only the ack */
#define SHOW 7
chan up = [2] of { byte, byte, byte, byte };
chan down = [2] of { byte, byte, byte, byte };
bit stable;

/* ---- the client --------------------------------------------------------------- */

#define DOWN 0
#define GREETING 1
#define UP 2
typedef stream {
    byte sent;
    byte acked;
    byte seen;
    byte told;
    byte next = 1;
    byte what[FRAMES]; /* Of a frame, by its number. */
}
byte line; /* DOWN, GREETING, UP */
byte known_start;
byte asked;
bit answered[PUTS + 1];
stream cl;

/* ---- the master ----------------------------------------------------------------- */

typedef image {
    byte task[PUTS + 1]; /* How often each was put. */
    bit receipt[PUTS + 1];
}
image mem;
image taken;
image disk;
bit dirty, under_way;
byte start = 1;
bit is_known;    /* It has the session, */
bit is_restored; /* from its rows, and has not heard of it since. */
bit has_line;
stream ms;
byte gate[FRAMES];
bit is_loaded[PUTS + 1]; /* A receipt from before the restart. */
byte told_by[PUTS + 1];  /* The frame that tells it. */
#ifdef RECEIPT_LATER
bit is_fresh[PUTS + 1];
#endif

byte crashes, forgets;
hidden byte k, n, is_same, is_resumed;

#define NO_ANSWER 0
#define FILLING 1
#define TAKEN 2
#define OPEN 3
#ifdef PUT_EARLY
#define MAY_LEAVE(g) true
#else
#define MAY_LEAVE(g) (g == OPEN || (g == FILLING && !dirty && !under_way))
#endif

inline clear_stream(s)
{
    s.sent = 0;
    s.acked = 0;
    s.seen = 0;
    s.told = 0;
    s.next = 1;
    for (k : 0 .. FRAMES - 1) { s.what[k] = 0 }
}

inline queue_frame(s, content)
{
    s.sent++;
    s.what[s.sent] = content
}

/* ---- receipts ---------------------------------------------------------------------- */

inline drop_heard()
{
    for (k : 1 .. PUTS) {
        if
        :: told_by[k] != 0 && told_by[k] <= ms.acked ->
            told_by[k] = 0;
            mem.receipt[k] = 0;
            dirty = 1
        :: else
        fi
    }
}

inline drop_loaded()
{
    for (k : 1 .. PUTS) {
        if
        :: is_loaded[k] ->
            is_loaded[k] = 0;
            mem.receipt[k] = 0;
            dirty = 1
        :: else
        fi
    }
}

inline forget_session()
{
    drop_loaded();
    for (k : 1 .. PUTS) {
        if
        :: told_by[k] != 0 ->
            told_by[k] = 0;
            mem.receipt[k] = 0;
            dirty = 1
        :: else
        fi
    }
    for (k : 0 .. FRAMES - 1) { gate[k] = NO_ANSWER }
    clear_stream(ms);
    is_known = 0;
    is_restored = 0
}

/* ---- the master hears --------------------------------------------------------------- */

#ifdef START_IGNORED
#define IS_OF_THIS_START(s) true
#define IS_RESTORED false
#else
#define IS_OF_THIS_START(s) (s == 0 || s == start)
#define IS_RESTORED is_restored
#endif
#ifdef HELLO_FORGETS
#define BEGINS_AGAIN false
#else
#ifdef WELCOME_ONCE
#define BEGINS_AGAIN is_restored
#else
#define BEGINS_AGAIN \
    (is_restored || (ms.seen == 0 && ms.acked == 0 && !is_same))
#endif
#endif

inline hear_hello(of_start, seen_up_to)
{
    is_same = IS_OF_THIS_START(of_start);
    is_resumed = is_known && !IS_RESTORED && is_same &&
        seen_up_to <= ms.sent && seen_up_to >= ms.acked;
    if
    :: is_resumed ->
        ms.acked = seen_up_to;
        drop_heard()
    :: else ->
        if
        :: is_known && BEGINS_AGAIN
        :: else ->
            if :: is_known -> forget_session() :: else fi;
            is_known = 1;
            ms.next = 1
        fi
    fi;
    is_restored = 0;
#ifdef FRAME_SENT
    if :: ms.next <= ms.acked -> ms.next = ms.acked + 1 :: else fi;
#else
    ms.next = ms.acked + 1;
#endif
    has_line = 1;
    down!WELCOME, is_resumed, ms.seen, start
}

#ifdef NEW_NUMBERS
#define HAS_RECEIPT(p) false
#else
#define HAS_RECEIPT(p) is_loaded[p]
#endif

inline hear_put(p)
{
    if
    :: HAS_RECEIPT(p) -> is_loaded[p] = 0
    :: else ->
        mem.task[p]++;
        HOLDS(I6_a_put_is_put_twice, forgets > 0 || mem.task[p] == 1);
        mem.receipt[p] = 1;
        is_loaded[p] = 0;
#ifdef RECEIPT_LATER
        is_fresh[p] = 1;
#endif
        dirty = 1
    fi;
    queue_frame(ms, p);
    gate[ms.sent] = FILLING;
    told_by[p] = ms.sent
}

#ifdef FRAMES_TWICE
#define IS_NEW(number) (number != 0)
#else
#define IS_NEW(number) (number > ms.seen)
#endif

inline hear_frame(number, ack, content)
{
    if
    :: ack > ms.acked ->
        ms.acked = ack;
        drop_heard()
    :: else
    fi;
    if
    :: IS_NEW(number) ->
        HOLDS(I6_a_frame_is_missing, number <= ms.seen + 1);
        ms.seen = number;
        if
        :: content == SHOW ->
#ifndef RECEIPT_STAYS
            drop_loaded()
#endif
        :: else -> hear_put(content)
        fi
    :: else
    fi
}

inline tell()
{
    down!FRAME, ms.next, ms.seen, ms.what[ms.next];
#ifdef RECEIPT_SENT
    n = ms.what[ms.next];
    told_by[n] = 0;
    mem.receipt[n] = 0;
    dirty = 1;
#endif
    ms.next++
}

/* ---- the client hears ----------------------------------------------------------------- */

/* A master that does not know our frames: all that is unanswered again, under
 * the old numbers, and then what leases there are. */
inline begin_anew()
{
    clear_stream(cl);
#ifdef SHOW_FIRST
    queue_frame(cl, SHOW);
#endif
#ifndef NO_RESEND
    for (k : 1 .. PUTS) {
        if
        :: k <= asked && !answered[k] -> queue_frame(cl, k)
        :: else
        fi
    }
#endif
#ifndef SHOW_FIRST
    queue_frame(cl, SHOW);
#endif
}

inline hear_welcome(resumed, ack, of_start)
{
    is_resumed = resumed && ack >= cl.acked && ack <= cl.sent;
    if
    :: known_start != 0 && !is_resumed -> begin_anew()
    :: else
    fi;
#ifndef FRAMES_TWICE
    if :: is_resumed -> cl.acked = ack :: else fi;
#endif
    cl.next = cl.acked + 1;
    known_start = of_start;
    line = UP
}

inline hear_answer(number, content)
{
    if
    :: number > cl.seen ->
        HOLDS(I6_a_frame_is_missing, number == cl.seen + 1);
        HOLDS(I1_an_acknowledged_put_is_lost, disk.task[content] > 0);
        cl.seen = number;
        answered[content] = 1
    :: else
    fi
}

/* ---- the store ------------------------------------------------------------------------------ */

inline move_gates(from, to)
{
    for (k : 1 .. FRAMES - 1) {
        if :: gate[k] == from -> gate[k] = to :: else fi
    }
}

inline take()
{
    dirty = 0;
    for (k : 1 .. PUTS) {
        taken.task[k] = mem.task[k];
#ifdef RECEIPT_LATER
        taken.receipt[k] = mem.receipt[k] && !is_fresh[k];
        if :: is_fresh[k] -> dirty = 1 :: else fi;
        is_fresh[k] = 0
#else
#ifndef RECEIPT_MEMORY
        taken.receipt[k] = mem.receipt[k]
#endif
#endif
    }
    under_way = 1;
    move_gates(FILLING, TAKEN);
#ifdef LOST_WRITE
    move_gates(TAKEN, OPEN)
#endif
}

inline write()
{
    for (k : 1 .. PUTS) {
        disk.task[k] = taken.task[k];
        disk.receipt[k] = taken.receipt[k];
    }
}

inline clear_taken()
{
    for (k : 1 .. PUTS) {
        taken.task[k] = 0;
        taken.receipt[k] = 0;
    }
    under_way = 0
}

inline commit()
{
    write();
    clear_taken();
    move_gates(TAKEN, OPEN)
}

inline break_line()
{
    do
    :: nempty(up) -> up?_, _, _, _
    :: empty(up) -> break
    od;
    do
    :: nempty(down) -> down?_, _, _, _
    :: empty(down) -> break
    od;
    line = DOWN;
    has_line = 0
}

inline recover()
{
    break_line();
    clear_taken();
    clear_stream(ms);
    dirty = 0;
    start++;
    is_known = 0;
    for (k : 0 .. FRAMES - 1) { gate[k] = NO_ANSWER }
    for (k : 1 .. PUTS) {
        mem.task[k] = disk.task[k];
        mem.receipt[k] = disk.receipt[k];
        is_loaded[k] = disk.receipt[k];
        told_by[k] = 0;
        if :: is_loaded[k] -> is_known = 1 :: else fi;
        HOLDS(I1_an_acknowledged_put_is_lost, !answered[k] || mem.task[k] > 0)
    }
    is_restored = is_known
}

/* ---- who acts -------------------------------------------------------------------------------- */

active proctype client()
{
    byte number, ack, content;
end:
    do
    :: d_step { asked < PUTS ->
            asked++;
            queue_frame(cl, asked) }
    :: d_step { line == DOWN ->
            line = GREETING;
            up!HELLO, known_start, cl.seen, 0 }
    :: d_step { line == UP && cl.next <= cl.sent && nfull(up) ->
            up!FRAME, cl.next, cl.seen, cl.what[cl.next];
            cl.told = cl.seen;
            cl.next++ }
    :: d_step { line == UP && cl.next > cl.sent && cl.told < cl.seen &&
            nfull(up) ->
            up!FRAME, 0, cl.seen, 0;
            cl.told = cl.seen }
    :: d_step { down?WELCOME, number, ack, content ->
            hear_welcome(number, ack, content);
            number = 0; ack = 0; content = 0 }
    :: d_step { down?FRAME, number, ack, content ->
            hear_answer(number, content);
            number = 0; ack = 0; content = 0 }
    od
}

active proctype master()
{
    byte number, ack, content;
end:
    do
    :: d_step { nfull(down) && up?[HELLO, _, _, _] ->
            up?HELLO, number, ack, content;
            hear_hello(number, ack);
            number = 0; ack = 0; content = 0 }
    :: d_step { up?FRAME, number, ack, content ->
            hear_frame(number, ack, content);
            number = 0; ack = 0; content = 0 }
    :: d_step { has_line && ms.next <= ms.sent && nfull(down) &&
            MAY_LEAVE(gate[ms.next]) -> tell() }
    od
}

active proctype store()
{
end:
    do
    :: d_step { dirty && !under_way -> take(); k = 0 }
    :: d_step { under_way -> commit(); k = 0 }
    od
}

active proctype fate()
{
end:
    do
    :: d_step { !stable -> stable = 1 }
    :: d_step { !stable && line != DOWN -> break_line(); k = 0 }
    :: d_step { !stable && crashes < CRASHES ->
            crashes++;
            recover();
            k = 0 }
    :: d_step { !stable && crashes < CRASHES && under_way ->
            crashes++;
            write();
            recover();
            k = 0 }
    :: d_step { !stable && is_known && !has_line && forgets < FORGETS ->
            forgets++;
            forget_session();
            k = 0 }
    od
}

#define ALL_ANSWERED (answered[1] && answered[PUTS])
#ifdef LIVENESS
ltl answered_at_last { (<> stable) -> <> ALL_ANSWERED }
#else
active proctype observer()
{
    timeout -> d_step {
        HOLDS(I3_a_put_is_never_answered, ALL_ANSWERED);
        for (k : 1 .. PUTS) {
            HOLDS(I6_a_receipt_stays_for_ever, !mem.receipt[k])
        }
        k = 0
    }
}
#endif
