/*
 * lease.pml - lease, fence and crash, for Spin.  tests/model/run runs it.
 *
 * A master that hands tasks out before their commit and dies at any time; a
 * disk that loses what was not synced; workers that are slow, late, or die.
 * Names are those of the sources: master/core/{life,finish,journal}.c.
 *
 * What there is no time for in a model is chance: a lease runs out whenever it
 * likes, so a frozen worker is one that does nothing meanwhile.  Frames that
 * are repeated or lost in one start of the master are put.pml's.
 *
 * A nonce is siphash(secret, task, attempt, start): here it is that triple.
 * `grant` is not in the code: it numbers the grants of a put for ever, as an
 * ideal fence would, and the properties are said with it.
 *
 * MUTANT PUT_EARLY      I1  the answer to a put leaves before its commit
 * MUTANT LOST_WRITE     I1  a batch counts as committed when it was only taken
 * MUTANT DONE_EARLY     I4  the answer to a completion leaves before its commit
 * MUTANT RESULT_EARLY   I6  the result leaves before its commit
 * MUTANT NO_FENCE       I5  who completes is not compared with who holds
 * MUTANT NO_START       I5  the nonce is the same in every start
 * MUTANT START_LATE     I5  a start is not on the disk before it grants
 * MUTANT ANY_ATTEMPT    I5  a lease that ran out is taken for a lost grant
 * MUTANT OLD_STARTS     I5  a lost grant is known in every later start
 * MUTANT ANY_RECOVERED  I5  a lost grant is looked for after a new one was made
 * MUTANT TORN_BATCH     I2  a crash leaves half a batch
 * MUTANT NOT_COUNTED    I2  a recovered tally is not read
 * MUTANT SHOW_FIRST     I6  leases are shown before completions are sent again
 * MUTANT SHOW_TAKES_NEW I16 what was granted since the restart must be shown too
 * MUTANT NO_RECOGNITION I16 a grant that the crash lost is refused
 * MUTANT NEW_START      I16 a lost grant is written down as of this start
 * MUTANT NO_RECEIPT     I6  the answer to a completion is not kept
 * MUTANT IMMORTAL       I3  a recovered lease runs out only once it was shown
 *
 * RUN short errors PUTS=1 CRASHES=1
 * RUN short errors PUTS=2 CRASHES=0
 * RUN long errors PUTS=1 CRASHES=2
 * RUN deep errors PUTS=1 CRASHES=3
 * RUN long errors PUTS=2 CRASHES=1 TIMEOUTS=0 DEATHS=0
 * RUN deep errors PUTS=2 CRASHES=1 TIMEOUTS=0
 * RUN long cycles PUTS=1 CRASHES=1
 */
#ifdef NO_START
#define PUTS 2 /* One takes the id of the other. */
#define CRASHES 1
#define TIMEOUTS 0
#endif
#ifndef PUTS
#define PUTS 1
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef TIMEOUTS
#define TIMEOUTS 1 /* Of leases whose worker lives. */
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#define WORKERS 2

/* ---- what must never be; the name is what a failing run says -------------- */

hidden byte I1_an_acknowledged_put_is_lost = 0;
hidden byte I2_tasks_and_their_counts_differ = 0;
hidden byte I3_a_task_never_ends = 0;
hidden byte I4_two_completions_of_a_task_are_told = 0;
hidden byte I5_a_stale_completion_is_accepted = 0;
hidden byte I6_an_accepted_completion_is_called_stale = 0;
hidden byte I6_an_answer_is_kept_for_ever = 0;
hidden byte I16_a_live_lease_is_refused = 0;
hidden byte I16_a_live_lease_is_given_back = 0;
#define HOLDS(otherwise, fact) if :: (fact) :: else -> assert(otherwise) fi

/* ---- what is on the disk, and what will be -------------------------------- */

#define NONE 0
#define READY 1
#define LEASED 2
#define DONE 3
typedef row {
    byte state;
    byte put;      /* Which one it is: its payload. */
    byte attempts;
    byte holder;   /* Of the lease, as the two below. */
    byte start;
    byte grant;    /* The newest one. */
}
typedef image {
    row task[PUTS + 1]; /* By id. */
    byte last;          /* Id given last. */
    byte accepted;      /* The tally. */
    byte done;
    byte receipt[WORKERS]; /* Of which put and grant, see KEY; 0: none. */
    bit refused[WORKERS];
    byte starts = 1;
}
image mem;   /* The core. */
image taken; /* A batch on its way, as all that it leads to. */
image disk;
bit dirty;     /* There is something to take. */
bit under_way; /* A batch is. */

#define KEY(w) (wk[w].put * 16 + wk[w].grant)

inline copy_tasks(to, from)
{
    for (k : 1 .. PUTS) {
        to.task[k].state = from.task[k].state;
        to.task[k].put = from.task[k].put;
        to.task[k].attempts = from.task[k].attempts;
        to.task[k].holder = from.task[k].holder;
        to.task[k].start = from.task[k].start;
        to.task[k].grant = from.task[k].grant;
    }
    to.last = from.last;
}

inline copy_rest(to, from)
{
    for (k : 0 .. WORKERS - 1) {
        to.receipt[k] = from.receipt[k];
        to.refused[k] = from.refused[k];
    }
    to.accepted = from.accepted;
    to.done = from.done;
    to.starts = from.starts;
}

/* ---- answers wait for the batch that holds what they tell ------------------ */

#define NO_ANSWER 0
#define FILLING 1
#define TAKEN 2
#define OPEN 3
/* journal_is_open(): also when there turned out to be nothing to commit. */
#define MAY_LEAVE(gate) \
    (gate == OPEN || (gate == FILLING && !dirty && !under_way))
byte put_gate[PUTS + 1];

/* ---- workers ---------------------------------------------------------------- */

#define IDLE 0    /* Its get waits at the master. */
#define COMING 1  /* A task is on its way to it. */
#define HELD 2
#define FINISHED 3 /* It has said so and has no answer. */
#define DEAD 4
#define DOWN 0    /* No connection to this start of the master. */
#define GREETED 1 /* Welcome; what is unanswered, then the show, are coming. */
#define UP 2
typedef worker {
    byte state;
    byte conn = UP;
    byte task;     /* The fence. */
    byte attempt;
    byte start;
    byte put;      /* What it works on. */
    byte grant;
    bit unsent;    /* FINISHED: this start has not received it. */
    bit resends;   /* GREETED: it comes before the show. */
    bit shows;     /* GREETED: the show has the fence. */
    bit stale;     /* The answer. */
    byte gate;
}
worker wk[WORKERS];

/* ---- the master's memory that no row tells ---------------------------------- */

bit is_recovered[PUTS + 1];    /* Loaded, and not granted since. */
bit lease_recovered[PUTS + 1]; /* And not shown since. */
bit receipt_loaded[WORKERS];

byte crashes, timeouts, deaths;

/* ---- what the world has been told -------------------------------------------- */

bit was_first_put;
bit acknowledged[PUTS + 1];
byte told[PUTS + 1];   /* The grant whose completion somebody heard of. */
byte grants[PUTS + 1]; /* Ever made. */
hidden byte k, n, id;
hidden byte is_live, is_right;

inline tell(whose, which)
{
    n = whose;
    HOLDS(I4_two_completions_of_a_task_are_told,
        told[n] == 0 || told[n] == which);
    told[n] = which
}

inline check_counts()
{
    n = 0;
    id = 0;
    for (k : 1 .. PUTS) {
        if :: mem.task[k].state != NONE -> n++ :: else fi;
        if :: mem.task[k].state == DONE -> id++ :: else fi
    }
    HOLDS(I2_tasks_and_their_counts_differ,
        n == mem.accepted && id == mem.done && n == mem.last)
}

/* ---- the core ---------------------------------------------------------------- */

inline find_put(p) /* Sets id; 0: it was never accepted. */
{
    id = 0;
    for (k : 1 .. PUTS) {
        if :: mem.task[k].put == p -> id = k :: else fi
    }
}

inline accept_put(p)
{
    find_put(p);
    if
    :: id == 0 ->
        mem.last++;
        mem.task[mem.last].state = READY;
        mem.task[mem.last].put = p;
        mem.accepted++;
        dirty = 1;
        check_counts()
    :: else
    fi;
    put_gate[p] = FILLING
}

inline hand_out(t, w)
{
    grants[mem.task[t].put]++;
    mem.task[t].state = LEASED;
    mem.task[t].attempts++;
    mem.task[t].holder = w;
    mem.task[t].start = mem.starts;
    mem.task[t].grant = grants[mem.task[t].put];
    is_recovered[t] = 0;
    lease_recovered[t] = 0;
    dirty = 1;
    wk[w].state = COMING;
    wk[w].task = t;
    wk[w].attempt = mem.task[t].attempts;
    wk[w].start = mem.starts;
    wk[w].put = mem.task[t].put;
    wk[w].grant = grants[wk[w].put]
}

#ifdef NO_START
#define IS_START(w, s) true
#else
#define IS_START(w, s) (wk[w].start == (s))
#endif
#ifdef NO_FENCE
#define IS_HELD(t, w) (mem.task[t].state == LEASED)
#else
#define IS_HELD(t, w) \
    (mem.task[t].state == LEASED && mem.task[t].attempts == wk[w].attempt \
        && IS_START(w, mem.task[t].start))
#endif
#ifdef ANY_ATTEMPT
#define IS_LATER(t, w) true
#else
#define IS_LATER(t, w) (wk[w].attempt == mem.task[t].attempts + 1)
#endif
#ifdef ANY_RECOVERED
#define IS_UNTOUCHED(t) true
#else
#define IS_UNTOUCHED(t) is_recovered[t]
#endif
#ifdef OLD_STARTS
#define WAS_LAST(w) (wk[w].start < mem.starts)
#else
#define WAS_LAST(w) IS_START(w, mem.starts - 1)
#endif
/* A grant that a crash lost: its task was loaded as it was before. */
#ifdef NO_RECOGNITION
#define IS_LOST_GRANT(t, w) false
#else
#define IS_LOST_GRANT(t, w) \
    (mem.task[t].state == READY && IS_UNTOUCHED(t) && IS_LATER(t, w) \
        && WAS_LAST(w))
#endif

/* Sets is_live: whether the master takes the fence of w; and judges that. */
inline find_leased(w)
{
    id = wk[w].task;
    is_live = IS_HELD(id, w) || IS_LOST_GRANT(id, w);
    /* An older grant than the newest that is known of is stale; a newer one
     * was lost.  Another put under the same id is somebody else's task. */
    is_right = mem.task[id].put == wk[w].put &&
        ((mem.task[id].state == LEASED &&
                mem.task[id].grant == wk[w].grant) ||
            (mem.task[id].state == READY &&
                mem.task[id].grant < wk[w].grant));
    HOLDS(I5_a_stale_completion_is_accepted, !is_live || is_right);
    /* A grant that was never synced is known in the next start only, and only
     * if it was the first that the crash lost of its task. */
    HOLDS(I16_a_live_lease_is_refused, is_live || !is_right ||
        (mem.task[id].state == READY &&
            (!is_recovered[id] || wk[w].start + 1 != mem.starts ||
                wk[w].attempt != mem.task[id].attempts + 1)))
}

inline end_lease(t)
{
    mem.task[t].holder = 0;
    mem.task[t].start = 0;
    lease_recovered[t] = 0
}

inline receive_done(w)
{
    if
    :: mem.receipt[w] == KEY(w) -> /* It is asked again. */
        wk[w].stale = mem.refused[w];
        receipt_loaded[w] = 0
    :: else ->
        find_leased(w);
        if
        :: is_live ->
            mem.task[id].state = DONE;
            end_lease(id);
            mem.task[id].grant = wk[w].grant;
            mem.done++;
            is_recovered[id] = 0;
            check_counts();
#ifdef RESULT_EARLY
            tell(wk[w].put, wk[w].grant)
#endif
        :: else
        fi;
        wk[w].stale = !is_live;
#ifndef NO_RECEIPT
        mem.receipt[w] = KEY(w);
        mem.refused[w] = !is_live;
        receipt_loaded[w] = 0;
#endif
        dirty = 1
    fi;
    wk[w].state = FINISHED;
    wk[w].unsent = 0;
    wk[w].resends = 0;
    wk[w].gate = FILLING
}

#ifdef SHOW_TAKES_NEW
#define IS_UNSHOWN(t, w) (!(wk[w].shows && wk[w].task == t))
#else
#define IS_UNSHOWN(t, w) lease_recovered[t]
#endif

/* renew with all=1, after what was sent again. */
inline receive_show(w)
{
    if
    :: wk[w].shows ->
        find_leased(w);
        if
        :: is_live && mem.task[id].state == READY ->
            mem.task[id].state = LEASED;
            mem.task[id].attempts = wk[w].attempt;
            mem.task[id].holder = w;
#ifdef NEW_START
            mem.task[id].start = mem.starts;
#else
            mem.task[id].start = wk[w].start;
#endif
            mem.task[id].grant = wk[w].grant;
            is_recovered[id] = 0;
            dirty = 1
        :: else
        fi;
        if :: is_live -> lease_recovered[id] = 0 :: else fi
    :: else
    fi;
    for (k : 1 .. PUTS) {
        if
        :: mem.task[k].state == LEASED && mem.task[k].holder == w &&
            IS_UNSHOWN(k, w) ->
            HOLDS(I16_a_live_lease_is_given_back,
                !(wk[w].state != IDLE && wk[w].put == mem.task[k].put &&
                    wk[w].grant == mem.task[k].grant));
            mem.task[k].state = READY;
            end_lease(k);
            dirty = 1
        :: else
        fi
    }
    if
    :: receipt_loaded[w] ->
        mem.receipt[w] = 0;
        mem.refused[w] = 0;
        receipt_loaded[w] = 0;
        dirty = 1
    :: else
    fi;
    wk[w].shows = 0;
    wk[w].conn = UP
}

#ifdef IMMORTAL
#define CAN_RUN_OUT(t) (!lease_recovered[t])
#else
#define CAN_RUN_OUT(t) true
#endif

inline run_out(t)
{
    if
    :: wk[mem.task[t].holder].state != DEAD -> timeouts++
    :: else
    fi;
    mem.task[t].state = READY;
    end_lease(t);
    dirty = 1
}

/* ---- the store ----------------------------------------------------------------- */

inline move_gates(from, to)
{
    for (k : 1 .. PUTS) {
        if :: put_gate[k] == from -> put_gate[k] = to :: else fi
    }
    for (k : 0 .. WORKERS - 1) {
        if :: wk[k].gate == from -> wk[k].gate = to :: else fi
    }
}

inline take()
{
    copy_tasks(taken, mem);
    copy_rest(taken, mem);
    under_way = 1;
    dirty = 0;
    move_gates(FILLING, TAKEN);
#ifdef LOST_WRITE
    move_gates(TAKEN, OPEN)
#endif
}

inline clear_taken() /* So that equal states are equal. */
{
    for (k : 1 .. PUTS) {
        taken.task[k].state = 0;
        taken.task[k].put = 0;
        taken.task[k].attempts = 0;
        taken.task[k].holder = 0;
        taken.task[k].start = 0;
        taken.task[k].grant = 0;
    }
    for (k : 0 .. WORKERS - 1) {
        taken.receipt[k] = 0;
        taken.refused[k] = 0;
    }
    taken.last = 0;
    taken.accepted = 0;
    taken.done = 0;
    taken.starts = 0;
    under_way = 0
}

inline tell_results() /* They leave as soon as they may. */
{
    for (id : 1 .. PUTS) {
        if
        :: disk.task[id].state == DONE ->
            tell(disk.task[id].put, disk.task[id].grant)
        :: else
        fi
    }
}

inline commit()
{
    copy_tasks(disk, taken);
    copy_rest(disk, taken);
    clear_taken();
    move_gates(TAKEN, OPEN);
    tell_results()
}

inline recover()
{
    clear_taken();
    copy_tasks(mem, disk);
#ifdef NOT_COUNTED
    for (k : 0 .. WORKERS - 1) {
        mem.receipt[k] = disk.receipt[k];
        mem.refused[k] = disk.refused[k]
    }
    mem.starts = disk.starts;
    mem.accepted = 0;
    mem.done = 0;
#else
    copy_rest(mem, disk);
#endif
    mem.starts++;
#ifndef START_LATE
    disk.starts = mem.starts;
#endif
    dirty = 0;
    for (k : 1 .. PUTS) {
        is_recovered[k] = mem.task[k].state == READY ||
            mem.task[k].state == LEASED;
        lease_recovered[k] = mem.task[k].state == LEASED;
        put_gate[k] = NO_ANSWER;
    }
    for (k : 0 .. WORKERS - 1) {
        receipt_loaded[k] = mem.receipt[k] != 0;
        wk[k].conn = DOWN;
        wk[k].resends = 0;
        wk[k].shows = 0;
        wk[k].gate = NO_ANSWER;
        wk[k].stale = 0;
        wk[k].unsent = wk[k].state == FINISHED;
        if :: wk[k].state == COMING -> forget_fence(k) :: else fi
    }
    check_counts();
    for (n : 1 .. PUTS) {
        find_put(n);
        HOLDS(I1_an_acknowledged_put_is_lost, !acknowledged[n] || id != 0)
    }
    tell_results()
}

/* Its acknowledgement may be lost: then a crash is about to lose the delete. */
inline hear_answer(w)
{
    wk[w].gate = NO_ANSWER;
    if
    :: mem.receipt[w] != 0 && !receipt_loaded[w] ->
        mem.receipt[w] = 0;
        mem.refused[w] = 0;
        dirty = 1
    :: else
    fi;
    if
    :: !wk[w].stale -> tell(wk[w].put, wk[w].grant)
    :: else ->
        HOLDS(I6_an_accepted_completion_is_called_stale,
            told[wk[w].put] != wk[w].grant)
    fi;
    wk[w].stale = 0;
    forget_fence(w)
}

/* What it has said and nobody has received is as if it had died sooner; what
 * comes late is a slow worker's. */
inline die(w)
{
    forget_fence(w);
    wk[w].state = DEAD;
    wk[w].conn = DOWN;
    wk[w].unsent = 0;
    wk[w].resends = 0;
    wk[w].shows = 0;
    wk[w].stale = 0;
    wk[w].gate = NO_ANSWER
}

#ifdef PUT_EARLY
#define PUT_MAY_LEAVE(p) true
#else
#define PUT_MAY_LEAVE(p) MAY_LEAVE(put_gate[p])
#endif
#ifdef DONE_EARLY
#define DONE_MAY_LEAVE(w) (wk[w].gate != NO_ANSWER)
#else
#define DONE_MAY_LEAVE(w) MAY_LEAVE(wk[w].gate)
#endif
#ifdef SHOW_FIRST
#define SHOW_IS_NEXT(w) true
#else
#define SHOW_IS_NEXT(w) (!wk[w].resends)
#endif
#define CAN_TAKE(w) (wk[w].state == IDLE && wk[w].conn != DOWN)

inline forget_fence(w)
{
    wk[w].state = IDLE;
    wk[w].task = 0;
    wk[w].attempt = 0;
    wk[w].start = 0;
    wk[w].put = 0;
    wk[w].grant = 0
}

/* ---- who acts -------------------------------------------------------------------- */

proctype client(byte p)
{
end:
    do
    /* The first one is the one that comes first: they are alike. */
    :: d_step { !acknowledged[p] && put_gate[p] == NO_ANSWER &&
            (p == 1 || was_first_put) ->
            was_first_put = 1;
            accept_put(p) }
    :: d_step { put_gate[p] != NO_ANSWER && PUT_MAY_LEAVE(p) ->
            acknowledged[p] = 1;
            put_gate[p] = NO_ANSWER }
    od
}

/* A task at the master, by its id: granted to who waits, taken back. */
proctype lease(byte t)
{
    byte w;
end:
    do
    :: d_step { mem.task[t].state == READY && CAN_TAKE(0) -> hand_out(t, 0) }
    :: d_step { mem.task[t].state == READY && CAN_TAKE(1) -> hand_out(t, 1) }
    :: d_step { mem.task[t].state == LEASED && CAN_RUN_OUT(t) &&
            (wk[mem.task[t].holder].state == DEAD || timeouts < TIMEOUTS) ->
            run_out(t) }
    od
}

/* A worker, and what the master does when it hears of it.  What it holds may
 * be done at any time; that is only told apart where it matters. */
proctype peer(byte w)
{
end:
    do
    :: d_step { wk[w].conn == DOWN && wk[w].state != DEAD ->
            wk[w].conn = GREETED;
            wk[w].resends = wk[w].state == FINISHED;
            wk[w].shows = wk[w].state == HELD }
    :: d_step { wk[w].conn == DOWN && wk[w].state == HELD ->
            wk[w].state = FINISHED;
            wk[w].unsent = 1 }
    :: d_step { wk[w].conn == GREETED && SHOW_IS_NEXT(w) ->
            receive_show(w) }
    :: d_step { wk[w].state == COMING -> wk[w].state = HELD }
    :: d_step { (wk[w].state == HELD && wk[w].conn == UP) ||
            (wk[w].unsent && (wk[w].resends || wk[w].conn == UP)) ->
            receive_done(w) }
    :: d_step { wk[w].state == FINISHED && DONE_MAY_LEAVE(w) ->
            hear_answer(w) }
    :: d_step { w == 1 && wk[w].state != DEAD && deaths < DEATHS ->
            deaths++;
            die(w) }
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

/* The next start reads what the disk has; the batch on its way is there whole,
 * or not at all. */
active proctype fate()
{
end:
    do
    :: d_step { crashes < CRASHES ->
            crashes++;
            recover();
            k = 0 }
    :: d_step { crashes < CRASHES && under_way ->
            crashes++;
            copy_tasks(disk, taken);
#ifndef TORN_BATCH
            copy_rest(disk, taken);
#endif
            recover();
            k = 0 }
    od
}

/* Everything above ends by itself (RUN cycles shows that there are none): then
 * nothing may be left over. */
active proctype observer()
{
    byte p;
    timeout -> d_step {
        for (p : 1 .. PUTS) {
            HOLDS(I1_an_acknowledged_put_is_lost, acknowledged[p]);
            find_put(p);
            HOLDS(I3_a_task_never_ends,
                id != 0 && mem.task[id].state == DONE && told[p] != 0)
        }
        for (p : 0 .. WORKERS - 1) {
            HOLDS(I3_a_task_never_ends,
                wk[p].state == IDLE || wk[p].state == DEAD);
            HOLDS(I6_an_answer_is_kept_for_ever,
                mem.receipt[p] == 0 || wk[p].state == DEAD)
        }
        k = 0
    }
}

init
{
    byte p;
    atomic {
        for (p : 1 .. PUTS) { run client(p); run lease(p) }
        for (p : 0 .. WORKERS - 1) { run peer(p) }
    }
}
