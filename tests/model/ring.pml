/* SPDX-License-Identifier: MIT */
/*
 * The ring of lib/ring with its wake-ups, on a memory weaker than the hardware's: each side has a store
 * buffer that empties in any order, but for what release stores and sequentially consistent fences
 * forbid. Two slots, entries of two words.
 *
 * Checked: no entry is torn, lost, doubled or out of order (assertions); nobody sleeps for ever (no
 * invalid end state). Mutants, each of which must fail: NO_RECHECK (sleep without looking again),
 * NO_FENCE (no fence between index and wish), NO_RELEASE (the index may overtake the entry).
 * Not modelled: epochs and lies (lib/ring/test).
 */

#ifndef ENTRIES
#define ENTRIES 4
#endif
#define SLOTS 2
#define DEPTH 4 /* of a store buffer */

/* Memory: one place per word. */
#define TAIL 0
#define CONSUMER_ASKS 1
#define HEAD 2
#define PRODUCER_ASKS 3
#define WORDS 4
#define PLACES 8
#define SLOT(i) (WORDS + ((i) % SLOTS) * 2)
#define NOT_ASKED 255

#define PRODUCER 0
#define CONSUMER 1

byte memory[PLACES];
bit notified[2];

/* Store buffers, oldest first. */
typedef buffer {
    byte place[DEPTH];
    byte value[DEPTH];
    bit release[DEPTH];
    byte used
};
buffer buffers[2];

inline store(me, where, what, is_release)
{
    d_step {
        buffers[me].used < DEPTH;
        buffers[me].place[buffers[me].used] = where;
        buffers[me].value[buffers[me].used] = what;
        buffers[me].release[buffers[me].used] = is_release;
        buffers[me].used++
    }
}

/* The newest of our own stores, else memory. Loads happen in order: all of ours are acquire. */
inline load(me, where, into)
{
    d_step {
        into = memory[where];
        scan = 0;
        do
        :: scan < buffers[me].used ->
            if
            :: buffers[me].place[scan] == where -> into = buffers[me].value[scan]
            :: else
            fi;
            scan++
        :: else -> break
        od;
        scan = 0
    }
}

#ifdef NO_FENCE
#define fence(me) skip
#else
#define fence(me) (buffers[me].used == 0)
#endif

/*
 * Empties a buffer: any store may leave whose place has no older one, and a release store only if it
 * is the oldest.
 */
proctype memory_of(byte me)
{
    byte pick, i, older;
end:
    do
    :: atomic {
        buffers[me].used > 0 ->
        pick = 0;
        do
        :: pick + 1 < buffers[me].used -> pick++
        :: break
        od;
        older = 0;
        i = 0;
        do
        :: i < pick ->
            if
            :: buffers[me].place[i] == buffers[me].place[pick] -> older = 1
            :: else
            fi;
            i++
        :: else -> break
        od;
#ifndef NO_RELEASE
        if
        :: pick > 0 && buffers[me].release[pick] -> older = 1
        :: else
        fi;
#endif
        if
        :: older == 0 ->
            memory[buffers[me].place[pick]] = buffers[me].value[pick];
            i = pick;
            do
            :: i + 1 < buffers[me].used ->
                buffers[me].place[i] = buffers[me].place[i + 1];
                buffers[me].value[i] = buffers[me].value[i + 1];
                buffers[me].release[i] = buffers[me].release[i + 1];
                i++
            :: else -> break
            od;
            buffers[me].used--;
            buffers[me].place[buffers[me].used] = 0;
            buffers[me].value[buffers[me].used] = 0;
            buffers[me].release[buffers[me].used] = 0
        :: else
        fi;
        pick = 0; i = 0; older = 0
    }
    od
}

/* signal and wait of the kernel: one bit. */
#define signal(whom) notified[whom] = 1
inline sleep(me)
{
    atomic { notified[me] == 1 -> notified[me] = 0 }
}

proctype producer()
{
    byte mine, theirs, asked, scan;

    do
    :: mine == ENTRIES -> break
    :: mine < ENTRIES && mine - theirs < SLOTS ->
        store(PRODUCER, SLOT(mine), mine + 1, 0);
        store(PRODUCER, SLOT(mine) + 1, mine + 1, 0);
        mine++;
        store(PRODUCER, TAIL, mine, 1);
        fence(PRODUCER);
        load(PRODUCER, CONSUMER_ASKS, asked);
        if
        :: asked == mine - 1 -> signal(CONSUMER)
        :: else
        fi;
        asked = 0
    :: mine < ENTRIES && mine - theirs == SLOTS ->
        load(PRODUCER, HEAD, theirs);
        if
        :: mine - theirs == SLOTS ->
            store(PRODUCER, PRODUCER_ASKS, theirs, 0);
            fence(PRODUCER);
#ifndef NO_RECHECK
            load(PRODUCER, HEAD, theirs);
#endif
            if
            :: mine - theirs == SLOTS -> sleep(PRODUCER)
            :: else
            fi
        :: else
        fi
    od
}

proctype consumer()
{
    byte mine, theirs, asked, first, second, scan;

    do
    :: mine == ENTRIES -> break
    :: mine < ENTRIES && mine != theirs ->
        load(CONSUMER, SLOT(mine), first);
        load(CONSUMER, SLOT(mine) + 1, second);
        assert(first == mine + 1 && second == mine + 1);
        first = 0; second = 0;
        mine++;
        store(CONSUMER, HEAD, mine, 1);
        fence(CONSUMER);
        load(CONSUMER, PRODUCER_ASKS, asked);
        if
        :: asked == mine - 1 -> signal(PRODUCER)
        :: else
        fi;
        asked = 0
    :: mine < ENTRIES && mine == theirs ->
        load(CONSUMER, TAIL, theirs);
        assert(theirs >= mine && theirs - mine <= SLOTS);
        if
        :: mine == theirs ->
            store(CONSUMER, CONSUMER_ASKS, mine, 0);
            fence(CONSUMER);
#ifndef NO_RECHECK
            load(CONSUMER, TAIL, theirs);
#endif
            if
            :: mine == theirs -> sleep(CONSUMER)
            :: else
            fi
        :: else
        fi
    od
}

init {
    atomic {
        memory[CONSUMER_ASKS] = NOT_ASKED;
        memory[PRODUCER_ASKS] = NOT_ASKED;
        run memory_of(PRODUCER);
        run memory_of(CONSUMER);
        run producer();
        run consumer()
    }
}
