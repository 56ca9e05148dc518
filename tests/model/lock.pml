/* SPDX-License-Identifier: MIT */
/*
 * The kernel's locks for several cores (kernel/arch/x86_64/many/locks.c, docs/locking.md): each core's own, and that of all. Each core takes its own,
 * or all, again and again; each may, now and then, not be there for a while (a virtual machine's processor that has no turn on its host), but only while it waits.
 *
 * Checked: who has all has every own lock, alone; a core that asks, and is there, lets others have all at most CORES - 1 times before it has it, whoever
 * else is not there, and once if it asks for its own; who takes all waits for the own lock of another that comes again and again ENTRIES_MAX times at
 * most; who has all has nothing in an inbox that he does not know of; nobody is left behind (no invalid end state). Who was not there, and lost its turn, asks anew: its count begins anew.
 *
 * Patience is not counted: a turn is passed on only if whose turn it is is not there, which is what patience is to find out. Nor is how many turns are lost before a core asks.
 *
 * Mutants, each of which must fail: NO_TURN (who gives it back leaves it to anybody), LOWEST (to the first that asks, not to the next), PASS_TAKES (who passes
 * a turn on takes it himself), NO_GOING_FIRST (who takes all does not let those go first that ask for their own), NO_WISH (who comes again and
 * again is not interrupted), TRY_BEFORE_ASKED (nor does who tries all at once), TWO_STEPS (who sees it free takes it without looking again),
 * LOOKS_TOO_SOON (who tries all at once looks into an inbox before he has the locks of all who could send something there).
 */
#ifndef CORES
#define CORES 3
#endif
#define ENTRIES_MAX 1
#define FREE 100
#define HELD 101
#define NOBODY 255

byte turn = FREE; /* or whose turn it is */
bit asking[CORES];
bit asking_own[CORES];
bit own[CORES]; /* is held */
bit wanted[CORES];
bit absent[CORES];
byte has_all = NOBODY;
#define RECEIVER 1 /* the others send to this core, with their own lock */
bit letter; /* lies in its inbox */
bit has_own[CORES];

/* Counted for the checks. */
byte turns[CORES]; /* others had all since it asked */
bit counts[CORES]; /* it has asked, and was not passed over */
byte entries[CORES]; /* since who has the lock of all waits for its own */
byte awaited = NOBODY; /* whose own lock that is */

/* The next that asks behind a core, or FREE; not that one itself. */
inline turn_behind(core, next)
{
    next = FREE;
    i = 1;
    do
    :: i < CORES && next == FREE ->
#ifdef LOWEST
        if
        :: asking[i - 1] && i - 1 != core -> next = i - 1
        :: else
        fi;
#else
        if
        :: asking[(core + i) % CORES] -> next = (core + i) % CORES
        :: else
        fi;
#endif
        i++
    :: else -> break
    od;
#ifdef LOWEST
    if
    :: next == FREE && asking[CORES - 1] && core != CORES - 1 -> next = CORES - 1
    :: else
    fi;
#endif
#ifdef NO_TURN
    next = FREE;
#endif
    i = 0
}

/* All was given back by one: for those that ask it was a turn; of who had the lock of all only, not for those that ask for their own. */
inline count_turn(core, had_others)
{
    i = 0;
    do
    :: i < CORES ->
        if
        :: i != core && counts[i] && (had_others || !asking_own[i]) ->
            turns[i]++;
            assert(turns[i] <= CORES - 1);
            assert(!asking_own[i] || turns[i] <= 1)
        :: else
        fi;
        i++
    :: else -> break
    od;
    i = 0
}

#define ASK(core, how)                                                 \
    d_step {                                                           \
        if                                                             \
        :: !how[core] -> how[core] = 1; counts[core] = 1; turns[core] = 0 \
        :: else                                                        \
        fi                                                             \
    }

#define ASK_NO_MORE(core, how) how[core] = 0; counts[core] = 0; turns[core] = 0

/* A look that finds it free, or its own turn; else whose turn it is may lose that. */
inline all_take(me)
{
    do
#ifdef TWO_STEPS
    :: turn == FREE || turn == me -> d_step { turn = HELD; ASK_NO_MORE(me, asking) } -> break
#else
    :: d_step { turn == FREE || turn == me -> turn = HELD; ASK_NO_MORE(me, asking) } -> break
#endif
    :: !absent[me] && turn != FREE && turn != me -> ASK(me, asking)
    :: d_step {
        turn < CORES && turn != me && absent[turn] ->
        other = turn;
        ASK_NO_MORE(other, asking);
        turn_behind(other, turn);
#ifdef PASS_TAKES
        turn = HELD;
        ASK_NO_MORE(me, asking)
#endif
       }
#ifdef PASS_TAKES
       -> break
#endif
    :: d_step { turn != FREE && turn != me && !absent[me] -> absent[me] = 1 } ->
        d_step { absent[me] = 0 } /* at any later time */
    od;
    other = 0;
    do
    :: other < CORES ->
#ifndef NO_GOING_FIRST
        if
        :: !asking_own[other]
        :: d_step { asking_own[other] && absent[other] -> ASK_NO_MORE(other, asking_own) }
        fi;
#endif
#ifndef NO_WISH
        wanted[other] = 1; /* and it is interrupted */
#endif
        d_step { awaited = other; entries[other] = 0 };
        d_step { !own[other] -> own[other] = 1; wanted[other] = 0; awaited = NOBODY };
        other++
    :: else -> break
    od;
    skip;
    d_step {
        assert(has_all == NOBODY);
        has_all = me;
        letter = 0; /* who waited for all does what is in all inboxes */
        other = 0;
        do
        :: other < CORES -> assert(!has_own[other] && own[other]); other++
        :: else -> break
        od;
        other = 0
    }
}

inline all_give(me)
{
    d_step { has_all = NOBODY };
    other = CORES;
    do
    :: other > 0 -> other--; own[other] = 0
    :: else -> break
    od;
    skip;
    d_step { count_turn(me, true) }; /* the place of the mark: before it is seen who asks */
    d_step { turn_behind(me, next_turn) };
    d_step { turn = next_turn; next_turn = 0 }
}

/* An interrupt, which the wish of another brings, comes before the next entry, and not into one that is on its way. */
inline own_take(me)
{
    do
    :: !wanted[me] ->
        if
        :: d_step { !own[me] -> own[me] = 1; ASK_NO_MORE(me, asking_own) } -> break
        :: own[me]
        fi
    :: !absent[me] && (own[me] || wanted[me]) -> ASK(me, asking_own)
    :: d_step { (own[me] || wanted[me]) && !absent[me] -> absent[me] = 1 } -> d_step { absent[me] = 0 }
    od;
    skip;
    d_step {
        has_own[me] = 1;
        assert(has_all == NOBODY);
        if
        :: awaited == me -> entries[me]++; assert(entries[me] <= ENTRIES_MAX)
        :: else
        fi
    }
}

/* With its own lock, and all others if they are free at once. */
inline all_try(me)
{
    if
    :: d_step { turn == FREE || turn == me -> turn = HELD } ->
        other = 0;
        do
        :: other < CORES && other == me -> other++
        :: other < CORES && other != me ->
            if
#ifdef TRY_BEFORE_ASKED
            :: d_step { !own[other] -> own[other] = 1 } -> other++
            :: own[other] -> break
#else
            :: d_step {
                !own[other] && !asking_own[other] -> own[other] = 1;
                seen = (other == RECEIVER -> letter : seen)
               } -> other++
            :: own[other] || asking_own[other] -> break
#endif
            fi
        :: other == CORES -> break
        od;
        skip;
        d_step {
            assert(has_all == NOBODY);
#ifdef LOOKS_TOO_SOON
            seen = (me == RECEIVER -> letter : seen);
#else
            seen = letter;
#endif
            has_all = (other == CORES && !seen -> me : NOBODY);
            seen = 0;
            assert(has_all == NOBODY || !letter)
        };
        d_step { count_turn(me, has_all == me); has_all = NOBODY };
        do
        :: other > 0 ->
            other--;
            if
            :: other != me -> own[other] = 0
            :: else
            fi
        :: else -> break
        od;
        skip;
        d_step { turn_behind(me, next_turn) };
        d_step { turn = next_turn; next_turn = 0 }
    :: turn != FREE && turn != me
    fi
}

active [CORES] proctype core()
{
    byte i = 0, other = 0, next_turn = 0;
    bit seen = 0;

    do
    :: own_take(_pid);
        if
        :: true
        :: all_try(_pid)
        :: _pid != RECEIVER -> letter = 1
        fi;
        /* It does what is in its inbox before it leaves. */
        d_step { letter = (_pid == RECEIVER -> 0 : letter); has_own[_pid] = 0; own[_pid] = 0 }
    :: all_take(_pid); all_give(_pid)
    od
}
