/* SPDX-License-Identifier: MIT */
/*
 * The protocol of waiting, lending time and timing out: docs/kernel/models.md says what is modelled,
 * what is left out, and what is checked. Each step is one entry into the kernel on one core, so it is
 * one d_step; its effect is written in C below, in the order of the kernel's own steps. After each
 * step kernel_exit() dispatches and checks everything; k.bad is the line of the check that failed.
 *
 * Threads 0 (H) and 1 (L) are clients, 2 (S) serves endpoint 4, 3 (B) serves endpoint 5 and may replace
 * S. Node 6 is a notification used as a lock. Contexts 0, 1, 2 belong to H, L, S (S: with -DS_CONTEXT).
 *
 * -D flags: what may happen: NEST ENV_DEADLINES BUDGETS KILL SUSPEND REPLACE DEFER LOCK FAULTS YIELD TIMED,
 * and EQUAL, LOCK_HIGH (models.md); M_*: a mutant, which must be found.
 */
c_decl {
    extern int readtrail;
#define NONE 15
#define NODES 7
#define THREADS 4
#define CONTEXTS 3
#define H 0
#define L 1
#define S 2
#define B 3
#define E0 4
#define E1 5
#define N0 6
#define KEY_NONE 9
#define NEVER 15
#define HORIZON 2

    enum { INACTIVE, READY, CALLING, RECEIVING, WAITING, DEAD };
    typedef unsigned char u8;

    struct kernel {
        /* nodes */
        u8 to[NODES];
        u8 top[NODES];
        u8 from[NODES][THREADS];
        u8 froms[NODES];
        u8 key[NODES]; /* under which the node stands in from of to */
        /* threads */
        u8 state[THREADS];
        u8 serving[THREADS];
        u8 served_by[THREADS];
        u8 gone[THREADS]; /* caller_is_gone */
        u8 receiving_on[THREADS];
        u8 lends[THREADS]; /* WAITING with a loan */
        u8 finite[THREADS];
        u8 faulted[THREADS]; /* CALLING for the kernel: the code's state FAULTED */
        u8 asleep[THREADS]; /* ghost: blocked and not yet woken */
        u8 broken[THREADS]; /* ghost: has faulted, and nobody said that it may go on */
        u8 owes[THREADS];   /* ghost: took a call and does not know yet what became of it */
        /* endpoints, the one reply object, the notification */
        u8 server[NODES];
        u8 plain[THREADS]; /* waiters that do not lend, in order of priority */
        u8 plains;
        u8 reply_caller;
        u8 reply_server;
        u8 reply_gone;
        u8 bit;
        u8 holder; /* ghost: who holds the lock, by the words of the interface */
        /* contexts */
        u8 budget[CONTEXTS];
        u8 owner[CONTEXTS];
        /* the core */
        u8 current;
        u8 charged;
        u8 ready[THREADS];
        u8 readys;
        u8 is_ready[THREADS]; /* ready.is_queued */
        u8 woken;
        u8 must_dispatch;
        u8 drained; /* choice: charging will find the budget (1) or the slice (2) used up */
        u8 pick;    /* choice: how long the next budget lasts */
        /* time, relative to now: 0 is due, NEVER, else at most HORIZON */
        u8 deadline[THREADS];
        u8 timed[THREADS]; /* in a timer queue */
        u8 band[THREADS];  /* in which */
        u8 armed;
        u8 armed_band;
        u8 budget_end;
        u8 replenish[CONTEXTS];
        unsigned short bad;
    };
}
c_state "struct kernel k" "Global"

c_code {
#define k (now.k)
#define CHECK(c) do { if (!(c) && !k.bad) { k.bad = __LINE__; if (readtrail) printf("violated: %s\n", #c); } } while (0)
#define SAY(...) do { if (readtrail) printf(__VA_ARGS__); } while (0)

#ifdef LOCK_HIGH
static const u8 rank_of[NODES] = { 3, 3, 2, 1, 2, 1, 2 };
#else
static const u8 rank_of[NODES] = { 3, 3, 2, 1, 2, 1, 1 };
#endif
#ifdef EQUAL
static const u8 priority_key[CONTEXTS] = { 1, 1, 1 };
#else
static const u8 priority_key[CONTEXTS] = { 0, 2, 1 };
#endif

static u8 key_of(u8 c) { return c == NONE ? KEY_NONE : priority_key[c]; }

static u8 own(u8 n)
{
    for (u8 c = 0; c < CONTEXTS; c++) {
        if (k.owner[c] == n && k.budget[c]) {
            return c;
        }
    }
    return NONE;
}

/* ---- queues: stable, in order of the key ---- */

static void lender_insert(u8 p, u8 n, u8 key)
{
    u8 i = k.froms[p]++;

    while (i > 0 && k.key[k.from[p][i - 1]] > key) {
        k.from[p][i] = k.from[p][i - 1];
        i--;
    }
    k.from[p][i] = n;
    k.key[n] = key;
}

static void lender_remove(u8 p, u8 n)
{
    u8 i = 0;

    while (k.from[p][i] != n) {
        i++;
    }
    for (k.froms[p]--; i < k.froms[p]; i++) {
        k.from[p][i] = k.from[p][i + 1];
    }
    k.from[p][i] = NONE;
    k.key[n] = KEY_NONE;
}

static void ready_insert(u8 t, int first)
{
    u8 key = key_of(k.top[t]);
    u8 i = k.readys++;

    while (i > 0 && (key_of(k.top[k.ready[i - 1]]) > key ||
                     (first && key_of(k.top[k.ready[i - 1]]) == key))) {
        k.ready[i] = k.ready[i - 1];
        i--;
    }
    k.ready[i] = t;
    k.is_ready[t] = 1;
}

static int ready_remove(u8 t)
{
    k.is_ready[t] = 0;
    for (u8 i = 0; i < k.readys; i++) {
        if (k.ready[i] == t) {
            for (k.readys--; i < k.readys; i++) {
                k.ready[i] = k.ready[i + 1];
            }
            k.ready[i] = NONE;
            return 1;
        }
    }
    return 0;
}

/* ---- timers: bands are keys, the best is 0 ---- */

static void arm_by(u8 at)
{
    if (at < k.armed) {
        k.armed = at;
    }
}

/* deadline_queue() */
static void timer_insert(u8 t)
{
    if (k.deadline[t] != NEVER) {
        k.timed[t] = 1;
        k.band[t] = key_of(k.top[t]);
        if (k.band[t] <= k.armed_band) {
            arm_by(k.deadline[t]);
        }
    }
}

/* deadline_follow(): a queued deadline follows the best context that reaches its thread, upwards. */
static void follow(u8 n)
{
#ifndef M_NO_REBAND
    if (n < THREADS && k.timed[n] && key_of(k.top[n]) < k.band[n]) {
        timer_insert(n);
    }
#endif
}

/* deadline_cover(): the call that t serves */
static void cover(u8 t)
{
    u8 c = t == NONE ? NONE : k.serving[t];

    if (c != NONE && k.deadline[c] != NEVER && !k.timed[c]) {
        timer_insert(c);
    }
}

static void arm_for_bands(u8 best_band, u8 end)
{
#ifdef TIMED
    for (u8 t = 0; t < THREADS; t++) {
        if (k.timed[t] && k.band[t] >= best_band && k.band[t] <= end) {
            arm_by(k.deadline[t]);
        }
    }
    for (u8 c = 0; c < CONTEXTS; c++) {
        if (key_of(c) >= best_band && key_of(c) <= end) {
            arm_by(k.replenish[c]);
        }
    }
#endif
}

static void cover_bands(u8 band)
{
#ifndef M_NO_COVER_BANDS
    if (band > k.armed_band) {
        arm_for_bands(k.armed_band + 1, band);
    }
#endif
    k.armed_band = band;
}

/* ---- the forest ---- */

static u8 lender_key(u8 n) { return key_of(k.top[n]); }

/* top_of(): its own, or the first lender's; of equals the lender's. */
static u8 best(u8 n)
{
    u8 mine = n < THREADS ? own(n) : NONE;
    u8 first = k.froms[n] > 0 ? k.from[n][0] : NONE;

    if (first == NONE || k.top[first] == NONE) {
        return mine;
    }
#ifdef M_OWN_FIRST
    if (mine != NONE && key_of(mine) == k.key[first]) {
        return mine;
    }
#endif
    return mine != NONE && key_of(mine) < k.key[first] ? mine : k.top[first];
}

static void plain_insert(u8 t)
{
    u8 i = k.plains++;

    while (i > 0 && lender_key(k.plain[i - 1]) > lender_key(t)) {
        k.plain[i] = k.plain[i - 1];
        i--;
    }
    k.plain[i] = t;
}

static void plain_remove(u8 t)
{
    u8 i = 0;

    while (k.plain[i] != t) {
        i++;
    }
    for (k.plains--; i < k.plains; i++) {
        k.plain[i] = k.plain[i + 1];
    }
    k.plain[i] = NONE;
}

static void root_changed(u8 n, u8 old_top)
{
    int same = key_of(old_top) == key_of(k.top[n]);

    if (n >= THREADS) {
        return;
    }
    k.must_dispatch |= n == k.current;
#ifdef M_CURRENT_KEEPS_PLACE
    if (n == k.current) {
#elif defined(M_CURRENT_WAITER_KEEPS_PLACE)
    if (n == k.current && !k.is_ready[n]) {
#else
    if (n == k.current && k.state[n] == READY && !k.is_ready[n]) {
#endif
        return;
    }
    if (k.state[n] == READY) {
#ifndef M_WOKEN_TWICE
        if (n == k.woken) {
            k.woken = NONE;
        }
#endif
        if (k.is_ready[n] && !same) {
            ready_remove(n);
        }
        if (!k.is_ready[n] && k.top[n] != NONE) {
            ready_insert(n, 0);
            k.must_dispatch = 1;
        }
    } else if (k.state[n] == WAITING && !k.lends[n] && !same) {
        plain_remove(n);
        plain_insert(n);
    }
}

/* lend_update() */
static void update(u8 n)
{
    for (int steps = 0; steps < 20; steps++) {
        u8 now_best = best(n);
        u8 old = k.top[n];

        if (now_best == old) {
            return;
        }
        k.top[n] = now_best;
        follow(n);
        if (k.to[n] == NONE) {
            root_changed(n, old);
            return;
        }
#ifndef M_NO_REINSERT
        if (key_of(old) != lender_key(n)) { /* else it keeps its place */
            lender_remove(k.to[n], n);
            lender_insert(k.to[n], n, lender_key(n));
        }
#endif
        n = k.to[n];
    }
    CHECK(!"a path ends");
}

static void link_to(u8 n, u8 p)
{
    CHECK(k.to[n] == NONE && rank_of[n] >= rank_of[p] + (n < THREADS));
    k.to[n] = p;
    lender_insert(p, n, lender_key(n));
    update(p);
}

static void cut(u8 n)
{
    u8 p = k.to[n];

    if (p == NONE) {
        return;
    }
    lender_remove(p, n);
    k.to[n] = NONE;
#ifdef M_CUT_NO_UPDATE
    return;
#endif
    update(p);
}

/* An endpoint lends to its server exactly while it has callers. */
static void endpoint_adjust(u8 e)
{
    u8 goal = k.froms[e] == 0 ? NONE : k.server[e];

    if (k.to[e] != goal) {
        cut(e);
        if (goal != NONE) {
            link_to(e, goal);
        }
    }
}

/* endpoint_dequeue(), notification_dequeue() of one that lends */
static void leave(u8 n)
{
    u8 p = k.to[n];

    cut(n);
    if (p == N0 && k.froms[N0] == 0) {
        cut(N0);
    } else if (p == E0 || p == E1) {
        endpoint_adjust(p);
    }
}

static void deadline_end(u8 t)
{
    k.deadline[t] = NEVER;
    k.timed[t] = 0;
    k.band[t] = 0;
    k.finite[t] = 0;
}

static void deadline_set(u8 t, u8 at)
{
    k.finite[t] = at != NEVER;
#ifdef TIMED
    k.deadline[t] = at;
#endif
}

/* A call has no more time than the call that its caller serves. */
static u8 clamp(u8 t, u8 wanted)
{
    u8 outer = k.serving[t] == NONE ? NEVER : k.deadline[k.serving[t]];

#ifdef M_NO_CLAMP
    outer = NEVER;
#endif
    return outer < wanted ? outer : wanted;
}

/* ---- waking ---- */

static int can_continue(u8 t)
{
    return t != NONE && k.state[t] == READY && k.top[t] != NONE && !k.is_ready[t];
}

/* thread_make_ready() */
static void make_ready(u8 t)
{
    k.state[t] = READY;
    if (t == k.current) {
        k.must_dispatch = 1;
    } else if (k.top[t] == NONE) {
        return;
    } else if (can_continue(k.current) && key_of(k.top[t]) >= key_of(k.top[k.current])) {
        ready_insert(t, 0);
    } else {
        k.must_dispatch = 1;
        if (k.woken == NONE) {
            k.woken = t;
        } else {
            ready_insert(t, 0);
        }
    }
}

/* thread_unready() */
static void unready(u8 t)
{
    if (!ready_remove(t) && t == k.woken) {
        k.woken = NONE;
    }
    if (t == k.current) {
        k.must_dispatch = 1;
    }
}

static void current_yield(void)
{
    if (can_continue(k.current)) {
        ready_insert(k.current, 0);
        k.must_dispatch = 1;
    }
}

/* What it waited for is over. */
static void woken(u8 t)
{
    CHECK(k.asleep[t]);
    k.asleep[t] = 0;
    deadline_end(t);
    k.receiving_on[t] = NONE;
    k.lends[t] = 0;
    k.faulted[t] = 0;
}

static void block(u8 t, u8 state)
{
    CHECK(k.state[t] == READY && t == k.current && !k.asleep[t]);
    k.state[t] = state;
    k.asleep[t] = 1;
}

static int blocked(u8 t) { return k.state[t] == CALLING || k.state[t] == RECEIVING || k.state[t] == WAITING; }

static void cut_call(u8 t)
{
    u8 s = k.served_by[t];

    if (s != NONE) {
        k.served_by[t] = NONE;
#ifndef M_STALE_SERVING
        k.serving[s] = NONE;
#endif
#ifdef M_TIMEOUT_KEEPS_EDGE
        if (k.gone[s]) {
            return;
        }
#endif
        cut(t);
    } else if (k.reply_caller == t) {
        k.reply_caller = NONE;
        k.reply_server = NONE;
    } else {
        leave(t);
    }
}

/* ipc_cut() */
static void cut_short(u8 t)
{
    if (k.state[t] == CALLING) {
        cut_call(t);
    } else if (k.state[t] == WAITING && k.lends[t]) {
        leave(t);
    } else if (k.state[t] == WAITING) {
        plain_remove(t);
    } else if (k.state[t] != RECEIVING) {
        unready(t);
    }
    if (blocked(t)) {
        woken(t);
    }
    k.state[t] = INACTIVE;
}

/* ipc_abandon(): who holds its call is told. */
static void abandon(u8 t)
{
#ifndef M_NOT_TOLD
    if (k.served_by[t] != NONE) {
        k.gone[k.served_by[t]] = 1;
    } else if (k.reply_caller == t) {
        k.reply_gone = 1;
    }
#endif
    cut_short(t);
}

/* ipc_fail(): one that has faulted does not go on. */
static void fail(u8 t)
{
    int has_faulted = k.faulted[t];

    abandon(t);
#ifdef M_FAULTED_GOES_ON
    has_faulted = 0;
#endif
    if (!has_faulted) {
        make_ready(t);
    }
}

/* ---- steps of the running thread ---- */

static int runs(u8 t) { return k.current == t && !k.bad; }

static void serve(u8 s, u8 t)
{
    k.serving[s] = t;
    k.served_by[t] = s;
#ifndef M_GONE_STAYS
    k.gone[s] = 0;
#endif
    k.owes[s] = 1;
}

/* If the best context of t is the one that runs, t takes over the core as it is. */
static void hand_over(u8 t)
{
#ifndef M_NO_COVER_HAND_OVER
    cover(k.current);
#endif
    if (k.top[t] == k.charged && !k.must_dispatch) {
        k.state[t] = READY;
        k.current = t;
    } else {
        make_ready(t);
    }
}

static void call_begin(u8 t, u8 e)
{
    u8 s = k.server[e];

    block(t, CALLING);
    if (s != NONE && k.state[s] == RECEIVING && k.receiving_on[s] == e) {
        woken(s); /* receive_end() */
        serve(s, t);
        link_to(t, s);
        hand_over(s);
        if (k.current == t) {
            k.must_dispatch = 1;
        }
        return;
    }
    unready(t);
    link_to(t, e);
    if (k.to[e] == NONE && s != NONE) {
        link_to(e, s);
    }
#ifdef M_QUEUED_LAZY
    if (k.deadline[t] < k.armed)
#endif
        timer_insert(t);
}

static int can_call(u8 t, u8 e) { return runs(t) && rank_of[t] > rank_of[e]; }
static void call(u8 t, u8 e, u8 limit)
{
    SAY("%d calls %d, deadline %d\n", t, e, limit);
    deadline_set(t, clamp(t, limit));
    call_begin(t, e);
#ifndef M_CALL_NEVER_ARMS
    if (k.served_by[t] != NONE && (k.deadline[t] < k.armed
#ifndef M_CALL_IGNORES_DISPATCH
                                   || k.must_dispatch
#endif
                                   )) {
        timer_insert(t);
    }
#endif
}

/* Its handler is endpoint 5. */
static void fault(u8 t)
{
    SAY("%d faults\n", t);
    k.deadline[t] = NEVER;
    k.faulted[t] = k.broken[t] = 1;
    call_begin(t, E1);
}

static int can_receive(u8 t, u8 e)
{
    return runs(t) && k.serving[t] == NONE && rank_of[t] <= rank_of[e] &&
           (k.server[e] == t || k.server[e] == NONE);
}
static void receive_begin(u8 t, u8 e, u8 limit)
{
    if (k.froms[e] > 0) {
        u8 c = k.from[e][0];

        SAY("%d takes %d\n", t, c);
        leave(c); /* its deadline stays queued */
#ifndef M_TAKE_NO_EDGE
        serve(t, c);
        link_to(c, t);
#else
        k.serving[t] = c;
        k.served_by[c] = t;
#endif
        return;
    }
    deadline_set(t, limit);
    block(t, RECEIVING);
    k.receiving_on[t] = e;
    unready(t);
    timer_insert(t);
}

/* receive_check() */
static void bind_server(u8 t, u8 e)
{
    k.server[e] = t;
    endpoint_adjust(e);
}

static void receive(u8 t, u8 e, u8 limit)
{
    SAY("%d receives on %d\n", t, e);
    bind_server(t, e);
#ifndef M_GONE_STAYS
    k.gone[t] = 0;
#endif
    k.owes[t] = 0;
    receive_begin(t, e, limit);
}

static void answer(u8 t, u8 c)
{
    SAY("%d answers %d\n", t, c);
    CHECK(k.state[c] == CALLING);
    k.broken[c] = 0;
    cut_short(c);
    make_ready(c);
}

static int can_reply(u8 t) { return runs(t) && (k.serving[t] != NONE || k.gone[t]); }
static void reply(u8 t)
{
    k.owes[t] = 0;
    if (k.serving[t] == NONE) {
        k.gone[t] = 0; /* CALLER_GONE */
        return;
    }
    answer(t, k.serving[t]);
}

/* A fault answered with a label other than 0. */
static int can_refuse(u8 t) { return runs(t) && k.serving[t] != NONE && k.faulted[k.serving[t]]; }
static void refuse(u8 t)
{
    SAY("%d stops %d\n", t, k.serving[t]);
    k.owes[t] = 0;
    cut_short(k.serving[t]);
}

static int can_reply_receive(u8 t, u8 e)
{
    return runs(t) && k.serving[t] != NONE && (k.server[e] == t || k.server[e] == NONE);
}
static void reply_receive(u8 t, u8 e)
{
    u8 c = k.serving[t];

    bind_server(t, e);
    k.owes[t] = 0;
    if (!k.faulted[c] && !k.must_dispatch && k.top[c] == k.charged && k.froms[e] == 0) {
        SAY("%d answers %d and receives on %d, fast\n", t, c, e);
        k.serving[t] = NONE;
        k.served_by[c] = NONE;
        block(t, RECEIVING);
        k.receiving_on[t] = e;
        cut(c);
        woken(c);
        k.state[c] = READY;
        k.must_dispatch = 0;
        k.current = c;
        cover(c);
        return;
    }
    answer(t, c);
    receive_begin(t, e, NEVER);
}

static int can_defer(u8 t)
{
    return runs(t) && (k.serving[t] != NONE ? k.reply_caller == NONE : k.gone[t]);
}
static void defer(u8 t)
{
    u8 c = k.serving[t];

    SAY("%d defers %d\n", t, c);
    k.owes[t] = 0;
    if (c == NONE) {
        k.gone[t] = 0; /* CALLER_GONE */
        return;
    }
    k.serving[t] = NONE;
    k.served_by[c] = NONE;
    k.reply_caller = c;
    k.reply_server = t;
    k.reply_gone = 0;
    cut(c);
#ifndef M_DEFER_NO_ARM
    if (!k.timed[c]) {
        timer_insert(c);
    }
#endif
}

static int can_adopt(u8 t)
{
    return runs(t) && (k.reply_caller == NONE ? k.reply_gone
                                              : k.serving[t] == NONE && rank_of[k.reply_caller] > rank_of[t]);
}
static void adopt(u8 t)
{
    u8 c = k.reply_caller;

    SAY("%d adopts %d\n", t, c);
    k.reply_gone = 0;
    if (c == NONE) {
        return; /* CALLER_GONE */
    }
    k.reply_caller = NONE;
    k.reply_server = NONE;
    serve(t, c);
    link_to(c, t);
}

static int can_reply_deferred(u8 t) { return runs(t) && (k.reply_caller != NONE || k.reply_gone); }
static void reply_deferred(u8 t)
{
    u8 c = k.reply_caller;

    k.reply_gone = 0;
    if (c != NONE) {
        answer(t, c);
    }
}

/* x: the thread to lend to, or NONE */
static int can_wait(u8 t, u8 x)
{
    return runs(t) && (x == NONE || (rank_of[t] > rank_of[N0] && rank_of[N0] >= rank_of[x] && k.state[x] != DEAD && x != t));
}
static void wait(u8 t, u8 x, u8 limit)
{
    SAY("%d waits, lends to %d\n", t, x);
    if (k.bit) {
        k.bit = 0;
        return;
    }
    deadline_set(t, limit);
    block(t, WAITING);
    unready(t);
    if (x == NONE) {
        plain_insert(t);
    } else {
        k.lends[t] = 1;
        if (k.froms[N0] == 0 || k.holder == NONE) {
            k.holder = x;
        }
        link_to(t, N0);
#ifdef M_LAST_NAMES_HOLDER
        cut(N0);
#endif
        if (k.to[N0] == NONE) {
            link_to(N0, x);
        }
    }
    timer_insert(t);
}

/* Those who still wait and lend now lend to the one who was woken, if ranks allow. */
static void hand_on(u8 t)
{
    k.holder = rank_of[t] <= rank_of[N0] ? t : NONE;
    cut(N0);
    if (k.froms[N0] > 0
#ifndef M_HANDOVER
        && rank_of[t] <= rank_of[N0]
#endif
    ) {
        link_to(N0, t);
    }
}

static u8 first_waiter(void)
{
    u8 lender = k.froms[N0] > 0 ? k.from[N0][0] : NONE;
    u8 other = k.plains > 0 ? k.plain[0] : NONE;

    return lender == NONE || (other != NONE && lender_key(other) < lender_key(lender)) ? other : lender;
}

static void do_signal(void)
{
    u8 t = first_waiter();

    if (t == NONE) {
        k.bit = 1;
        return;
    }
    SAY("signal wakes %d\n", t);
    if (k.lends[t]) {
        leave(t);
    } else {
        plain_remove(t);
    }
    woken(t);
    if (k.froms[N0] > 0) {
        hand_on(t);
    }
    make_ready(t);
}

static void yield(void)
{
    SAY("%d yields\n", k.current);
    current_yield();
}

/* ---- what may befall a thread ---- */

static void time_out(u8 t)
{
    SAY("%d times out\n", t);
    fail(t);
}

static void suspend(u8 t)
{
    SAY("%d is suspended\n", t);
    abandon(t);
}

static void resume(u8 t)
{
    SAY("%d is resumed\n", t);
    k.broken[t] = 0;
    make_ready(t);
}

static void unbind_all(u8 t)
{
    for (u8 c = 0; c < CONTEXTS; c++) {
        if (k.owner[c] == t) {
            k.owner[c] = NONE;
            k.replenish[c] = NEVER;
            update(t);
        }
    }
}

/* thread_destroy(), as if no preemption point were due */
static void destroy(u8 t)
{
    SAY("%d is destroyed\n", t);
    if (t != k.current) {
        abandon(t);
    }
#ifndef M_DEATH_FORGETS_SERVED
    if (k.serving[t] != NONE) {
        fail(k.serving[t]);
    }
#endif
    if (k.reply_server == t) {
        fail(k.reply_caller);
    }
    for (u8 e = E0; e <= E1; e++) {
        if (k.server[e] == t) {
            k.server[e] = NONE;
#ifndef M_DEATH_KEEPS_ENDPOINT
            endpoint_adjust(e);
#endif
        }
    }
    if (k.to[N0] == t) {
        cut(N0);
    }
    abandon(t);
    unbind_all(t);
    if (t == k.current) {
        k.current = NONE;
        k.must_dispatch = 1;
    }
    k.state[t] = DEAD;
    k.broken[t] = 0;
    k.gone[t] = 0;
    k.owes[t] = 0;
    if (k.holder == t) {
        k.holder = NONE;
    }
}

static int can_set_server(u8 e, u8 s)
{
    u8 old = k.server[e];

    return k.current != NONE && !k.bad && s != old && (s == NONE || k.state[s] != DEAD);
}
static void set_server(u8 e, u8 s)
{
    u8 old = k.server[e];

    SAY("the server of %d is now %d\n", e, s);
    cut(e);
    k.server[e] = NONE;
#ifndef M_REPLACE_NO_CANCEL
    if (old != NONE && k.state[old] == RECEIVING && k.receiving_on[old] == e) {
        fail(old);
    }
#endif
    k.server[e] = s;
#ifndef M_REPLACE_NO_MOVE
    endpoint_adjust(e);
#endif
}

static void cancel(u8 e)
{
    while (k.froms[e] > 0) {
        fail(k.from[e][0]);
    }
}

static void exhaust(u8 c)
{
    SAY("context %d is exhausted\n", c);
    k.budget[c] = 0;
#ifndef M_EXHAUST_NO_UPDATE
    if (k.owner[c] != NONE) {
        update(k.owner[c]);
    }
#endif
#ifdef TIMED
    k.replenish[c] = k.pick;
    if (key_of(c) <= k.armed_band) {
        arm_by(k.pick);
    }
#endif
}

static void refill(u8 c)
{
    SAY("context %d is replenished\n", c);
    k.budget[c] = 1;
    k.replenish[c] = NEVER;
    if (k.owner[c] != NONE) {
        update(k.owner[c]);
    }
}

/* ---- leaving the kernel ---- */

static u8 end_of(u8 n)
{
    for (int i = 0; i < 20; i++) {
        if (k.to[n] == NONE) {
            return n;
        }
        n = k.to[n];
    }
    CHECK(!"no cycle");
    return NONE;
}

static void check_nodes(void)
{
    for (u8 n = 0; n < NODES; n++) {
        u8 p = k.to[n];
        int found = 0;

        if (p != NONE) {
            for (u8 i = 0; i < k.froms[p]; i++) {
                found += k.from[p][i] == n;
            }
            CHECK(found == 1);
            CHECK(k.key[n] == lender_key(n));
            CHECK(n < THREADS ? rank_of[n] > rank_of[p] : rank_of[n] >= rank_of[p]);
            end_of(n);
        }
        for (u8 i = 0; i < k.froms[n]; i++) {
            CHECK(k.to[k.from[n][i]] == n);
            CHECK(i == 0 || k.key[k.from[n][i - 1]] <= k.key[k.from[n][i]]);
        }
    }
}

/* The best context whose owner's chain passes through n, without any cached value; not that of owner except. */
static u8 best_key_at(u8 n, u8 except)
{
    u8 result = KEY_NONE;

    for (u8 c = 0; c < CONTEXTS; c++) {
        if (k.owner[c] == NONE || k.owner[c] == except || !k.budget[c]) {
            continue;
        }
        u8 at = k.owner[c];
        int i = 0;

        while (at != NONE && at != n && i++ < 20) {
            at = k.to[at];
        }
        if (at == n && key_of(c) < result) {
            result = key_of(c);
        }
    }
    return result;
}

static void check_tops(void)
{
    for (u8 n = 0; n < NODES; n++) {
        CHECK(key_of(k.top[n]) == best_key_at(n, NODES));
        CHECK(k.top[n] == NONE || k.budget[k.top[n]]);
        /* On its own time only if nobody as good lends. */
        CHECK(n >= THREADS || k.top[n] == NONE || k.owner[k.top[n]] != n ||
              key_of(k.top[n]) < best_key_at(n, n));
    }
}

/* Property 2, by the direct rule: highest context with budget whose chain ends in a thread that can run. */
static void check_dispatch(void)
{
    u8 wanted = KEY_NONE;

    for (u8 c = 0; c < CONTEXTS; c++) {
        if (k.owner[c] != NONE && k.budget[c]) {
            u8 end = end_of(k.owner[c]);

            if (k.bad) {
                return;
            }
            if (end < THREADS && k.state[end] == READY && key_of(c) < wanted) {
                wanted = key_of(c);
            }
        }
    }
    CHECK(key_of(k.charged) == wanted);
    CHECK((k.current == NONE) == (k.charged == NONE));
    if (k.current != NONE && !k.bad) {
        CHECK(k.state[k.current] == READY);
        CHECK(end_of(k.owner[k.charged]) == k.current);
        CHECK(k.top[k.current] == k.charged);
    }
}

static void check_threads(void)
{
    CHECK(k.woken == NONE);
    for (u8 t = 0; t < THREADS; t++) {
        u8 in_ready = 0;

        for (u8 i = 0; i < k.readys; i++) {
            in_ready += k.ready[i] == t;
        }
        CHECK(in_ready == (k.state[t] == READY && k.top[t] != NONE && t != k.current));
        CHECK(k.asleep[t] == blocked(t));
        CHECK(!k.broken[t] || k.state[t] == INACTIVE || (k.state[t] == CALLING && k.faulted[t]));
        CHECK(k.owes[t] == (k.serving[t] != NONE || k.gone[t]));
        CHECK(k.lends[t] == 0 || k.state[t] == WAITING);
        switch (k.state[t]) {
        case CALLING: /* it is in one place, from which it will be woken */
            CHECK((k.to[t] != NONE && k.to[t] >= E0 && k.to[t] <= E1) + (k.served_by[t] != NONE) + (k.reply_caller == t) == 1);
            if (k.served_by[t] != NONE) {
                CHECK(k.to[t] == k.served_by[t] && k.serving[k.served_by[t]] == t);
            }
            break;
        case RECEIVING:
            CHECK(k.server[k.receiving_on[t]] == t && k.froms[k.receiving_on[t]] == 0 && k.to[t] == NONE);
            CHECK(k.serving[t] == NONE);
            break;
        case WAITING: CHECK(k.to[t] == (k.lends[t] ? N0 : NONE)); break;
        case DEAD:
            CHECK(k.froms[t] == 0 && k.serving[t] == NONE && k.reply_server != t && !k.gone[t]);
            /* fall through */
        default: CHECK(k.to[t] == NONE && k.served_by[t] == NONE && k.reply_caller != t); break;
        }
        if (k.serving[t] != NONE) {
            CHECK(k.served_by[k.serving[t]] == t && !k.gone[t]);
            CHECK(k.state[t] != CALLING || k.faulted[t] || k.deadline[t] <= k.deadline[k.serving[t]]);
        }
    }
    CHECK((k.reply_caller == NONE) == (k.reply_server == NONE));
    for (u8 e = E0; e <= E1; e++) {
        CHECK(k.to[e] == (k.froms[e] > 0 ? k.server[e] : NONE));
        CHECK(k.server[e] == NONE || k.state[k.server[e]] != DEAD);
    }
    CHECK(!(k.bit && k.froms[N0] + k.plains > 0));
    CHECK(k.to[N0] == (k.froms[N0] > 0 ? k.holder : NONE));
    CHECK(k.holder == NONE || k.state[k.holder] != DEAD);
    for (u8 i = 0; i < k.plains; i++) {
        CHECK(k.state[k.plain[i]] == WAITING && !k.lends[k.plain[i]]);
        CHECK(i == 0 || lender_key(k.plain[i - 1]) <= lender_key(k.plain[i]));
    }
}

/* Property 5: a caller that has the best context is never overtaken by a worse one while its server can run. */
static void check_inversion(void)
{
    if (k.owner[H] == H && k.budget[H] && k.state[H] == CALLING && !k.bad) {
        u8 end = end_of(H);

        if (end < THREADS && k.state[end] == READY) {
            CHECK(key_of(k.charged) <= key_of(H));
#ifndef EQUAL
            CHECK(k.current == end);
#endif
        }
    }
}

/* Property 4 */
static void check_deadlines(void)
{
#ifdef TIMED
    for (u8 t = 0; t < THREADS; t++) {
        CHECK(k.deadline[t] == NEVER || blocked(t));
        CHECK(!k.timed[t] || k.deadline[t] != NEVER);
        if (k.deadline[t] != NEVER && k.top[t] != NONE && key_of(k.top[t]) <= key_of(k.charged)) {
            CHECK(k.armed <= k.deadline[t]);
        }
    }
    for (u8 c = 0; c < CONTEXTS; c++) {
        CHECK(k.owner[c] == NONE || k.budget[c] || k.replenish[c] != NEVER);
        CHECK(key_of(c) > key_of(k.charged) || k.armed <= k.replenish[c]);
    }
    CHECK(k.charged == NONE || k.armed <= k.budget_end);
#endif
}

/* The better of current, if it can go on, and the one that was woken; the other goes into the queue. */
static u8 better(void)
{
    u8 current = can_continue(k.current) ? k.current : NONE;
    u8 t = k.woken;

    k.woken = NONE;
    if (t == NONE || current == NONE) {
        return t == NONE ? current : t;
    }
    if (key_of(k.top[t]) < key_of(k.top[current])) {
        ready_insert(current, 1);
        return t;
    }
    ready_insert(t, 0);
    return current;
}

static u8 choose(void)
{
    u8 t = better();
    u8 first = k.readys > 0 ? k.ready[0] : NONE;

    if (t != NONE) {
        if (first == NONE || key_of(k.top[t]) <= key_of(k.top[first])) {
            return t;
        }
        ready_insert(t, 1);
    }
    if (first != NONE) {
        ready_remove(first);
    }
    return first;
}

/* core_dispatch() */
static void dispatch(void)
{
    u8 before = k.current;

#ifdef TIMED
    k.drained = k.charged != NONE && k.budget_end == 0;
#endif
    if (k.drained == 1 && k.charged != NONE) {
        exhaust(k.charged);
    } else if (k.drained == 2 && k.charged != NONE) {
        current_yield(); /* slice_end() */
    }
    u8 next = choose();

    k.must_dispatch = 0;
    k.current = next;
#ifndef M_NO_COVER_SWITCH
    if (before != next) {
        cover(before);
    }
#endif
    u8 context = next == NONE ? NONE : k.top[next];

#ifdef TIMED
    if (context != k.charged) {
        k.budget_end = k.pick;
    }
    if (context == NONE) {
        k.budget_end = NEVER;
    }
    arm_by(k.budget_end);
#endif
    k.charged = context;
    cover_bands(key_of(context));
}

static void kernel_exit(void)
{
    if (k.bad) {
        return;
    }
    if (k.must_dispatch) {
        dispatch();
    }
    k.drained = 0;
    k.pick = 0;
    if (k.froms[N0] == 0) {
        k.holder = NONE; /* nobody lends: who holds it will be said anew */
    }
#ifndef TIMED
    k.armed_band = 0;
#endif
    SAY("    runs %d on %d, armed %d\n", k.current, k.charged, k.armed);
    check_nodes();
    check_threads();
    if (!k.bad) {
        check_tops();
        check_dispatch();
        check_inversion();
        check_deadlines();
    }
}

#define EXPIRE_MAX 1

/* timers_on_interrupt() */
static void timer_interrupt(void)
{
    u8 expired = 0;

    SAY("timer\n");
    k.armed = NEVER;
    k.must_dispatch = 1;
    for (u8 band = 0; band <= k.armed_band; band++) {
        for (u8 t = 0; t < THREADS; t++) {
            if (k.timed[t] && k.band[t] == band && k.deadline[t] == 0 && expired < EXPIRE_MAX) {
                time_out(t);
                expired++;
            }
        }
        for (u8 c = 0; c < CONTEXTS; c++) {
            if (k.replenish[c] == 0 && key_of(c) == band && expired < EXPIRE_MAX) {
                refill(c);
                expired++;
            }
        }
    }
#ifndef M_NO_COVER_TIMER
    cover(k.current);
#endif
    arm_for_bands(0, k.armed_band);
}

static u8 earlier(u8 at) { return at == NEVER || at == 0 ? at : at - 1; }

static void tick(void)
{
    SAY("tick\n");
    for (u8 t = 0; t < THREADS; t++) {
        k.deadline[t] = earlier(k.deadline[t]);
    }
    for (u8 c = 0; c < CONTEXTS; c++) {
        k.replenish[c] = earlier(k.replenish[c]);
    }
    k.armed = earlier(k.armed);
    k.budget_end = earlier(k.budget_end);
}

static void start(void)
{
    memset(&k, NONE, sizeof k);
    memset(k.froms, 0, sizeof k.froms);
    memset(k.key, KEY_NONE, sizeof k.key);
    memset(k.gone, 0, sizeof k.gone);
    memset(k.lends, 0, sizeof k.lends);
    memset(k.finite, 0, sizeof k.finite);
    memset(k.asleep, 0, sizeof k.asleep);
    memset(k.faulted, 0, sizeof k.faulted);
    memset(k.broken, 0, sizeof k.broken);
    memset(k.owes, 0, sizeof k.owes);
    memset(k.timed, 0, sizeof k.timed);
    memset(k.band, 0, sizeof k.band);
    k.reply_gone = k.bit = 0;
    memset(k.is_ready, 0, sizeof k.is_ready);
    k.drained = k.plains = 0;
    k.pick = 1;
    k.armed_band = KEY_NONE;
    k.readys = 0;
    k.bad = 0;
    for (u8 c = 0; c < CONTEXTS; c++) {
        k.budget[c] = 1;
    }
    k.owner[0] = H;
    k.owner[1] = L;
#ifdef S_CONTEXT
    k.owner[2] = S;
#endif
    for (u8 t = 0; t < THREADS; t++) {
        k.state[t] = READY;
    }
    /* The servers without a context have received before they gave theirs back. */
    for (u8 t = S; t <= B; t++) {
        k.state[t] = RECEIVING;
        k.asleep[t] = 1;
        k.receiving_on[t] = t + 2;
        k.server[t + 2] = t;
    }
    for (u8 t = 0; t < THREADS; t++) {
        update(t);
    }
    k.must_dispatch = 1;
    kernel_exit();
}
}

#define STEP_(can, act) :: d_step { c_expr { !k.bad && (can) } -> c_code { act; kernel_exit(); } } ; assert(c_expr { !k.bad })
#ifdef TIMED
#define STEP(can, act) STEP_(can, k.pick = 1; act) STEP_(can, k.pick = 2; act)
#else
#if defined(BUDGETS) && defined(YIELD)
#define STEP(can, act) STEP_(can, act) STEP_((can) && k.charged != NONE, k.drained = 1; act) STEP_((can) && k.charged != NONE, k.drained = 2; act)
#elif defined(BUDGETS)
#define STEP(can, act) STEP_(can, act) STEP_((can) && k.charged != NONE, k.drained = 1; act)
#else
#define STEP(can, act) STEP_(can, act)
#endif
#endif
#ifdef TIMED
#define CALLS(t, e) STEP(can_call(t, e), call(t, e, NEVER)) STEP(can_call(t, e), call(t, e, 1)) STEP(can_call(t, e), call(t, e, HORIZON))
#else
#ifdef ENV_DEADLINES
#define CALLS(t, e) STEP(can_call(t, e), call(t, e, NEVER)) STEP(can_call(t, e), call(t, e, 1))
#else
#define CALLS(t, e) STEP(can_call(t, e), call(t, e, NEVER))
#endif
#endif

init {
    c_code { start(); };
    assert(c_expr { !k.bad });
end:
    do
    /* what the running thread asks for */
    CALLS(H, E0)
    CALLS(L, E0)
    STEP(can_receive(S, E0), receive(S, E0, NEVER))
    STEP(can_reply(S), reply(S))
    STEP(can_reply_receive(S, E0), reply_receive(S, E0))
#ifdef NEST
    CALLS(L, E1)
    CALLS(S, E1)
#ifdef FAULTS
    STEP(runs(S), fault(S))
    STEP(runs(H), fault(H))
    STEP(can_refuse(B), refuse(B))
#endif
    STEP(can_receive(B, E1), receive(B, E1, NEVER))
    STEP(can_reply(B), reply(B))
    STEP(can_reply_receive(B, E1), reply_receive(B, E1))
#endif
#ifdef DEFER
    STEP(can_defer(S), defer(S))
    STEP(can_adopt(S), adopt(S))
    STEP(can_reply_deferred(S), reply_deferred(S))
#ifdef NEST
    STEP(can_defer(B), defer(B))
    STEP(can_adopt(B), adopt(B))
    STEP(can_reply_deferred(B), reply_deferred(B))
#endif
#endif
#ifdef LOCK
    STEP(can_wait(H, NONE), wait(H, NONE, 1))
    STEP(can_wait(L, NONE), wait(L, NONE, 1))
    STEP(can_wait(H, B), wait(H, B, 1))
    STEP(can_wait(L, B), wait(L, B, 1))
#ifdef LOCK_HIGH
    STEP(can_wait(H, S), wait(H, S, 1))
    STEP(can_wait(L, S), wait(L, S, 1))
    STEP(can_wait(S, NONE), wait(S, NONE, 1))
#else
    STEP(can_wait(S, B), wait(S, B, 1))
#endif
    STEP(can_wait(B, NONE), wait(B, NONE, 1))
    STEP(k.current != NONE, do_signal())
#endif
#ifdef YIELD
    STEP(k.current != NONE, yield())
#endif
#ifdef SUSPEND
    STEP(k.current != NONE && k.state[H] != DEAD && k.state[H] != INACTIVE, suspend(H))
    STEP(k.current != NONE && k.state[S] != DEAD && k.state[S] != INACTIVE, suspend(S))
    STEP(k.current != NONE && k.state[B] != DEAD && k.state[B] != INACTIVE, suspend(B))
    STEP(k.current != NONE && k.state[H] == INACTIVE, resume(H))
    STEP(k.current != NONE && k.state[S] == INACTIVE, resume(S))
    STEP(k.current != NONE && k.state[B] == INACTIVE, resume(B))
#endif
#ifdef KILL
    STEP(k.current != NONE && k.state[H] != DEAD, destroy(H))
    STEP(k.current != NONE && k.state[S] != DEAD, destroy(S))
    STEP(k.current != NONE && k.state[B] != DEAD, destroy(B))
#endif
#ifdef REPLACE
    STEP(can_set_server(E0, B), set_server(E0, B))
    STEP(can_set_server(E0, S), set_server(E0, S))
    STEP(can_set_server(E0, NONE), set_server(E0, NONE))
    STEP(can_receive(B, E0), receive(B, E0, NEVER))
    STEP(can_reply_receive(B, E0), reply_receive(B, E0))
    STEP(k.current != NONE, cancel(E0))
#endif
    /* what happens at any time */
#ifdef ENV_DEADLINES
    STEP(k.finite[H] && blocked(H), time_out(H))
    STEP(k.finite[L] && blocked(L), time_out(L))
    STEP(k.finite[S] && blocked(S), time_out(S))
#endif
#ifdef BUDGETS
    STEP_(k.charged != NONE, k.drained = 1; k.must_dispatch = 1)
    STEP(!k.budget[0], refill(0))
    STEP(!k.budget[1], refill(1))
    STEP(!k.budget[2], refill(2))
#endif
#ifdef TIMED
    STEP_(k.armed != 0, tick())
    STEP(k.armed == 0, timer_interrupt())
#endif
    od
}
