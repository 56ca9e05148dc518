/* SPDX-License-Identifier: MIT */
/*
 * Situations played twice, once as they are and once with the trace on, which sends every system call down the slow path:
 * what can be seen afterwards must be the same. That is every register of every thread after each of its system calls,
 * their states, the message buffers, and the bits of the bound notification.
 * That the fast path is really taken in the first of both is what the rows of `make bench` show.
 */
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "plan.h"

enum { SITUATIONS = 250, REGISTERS = 20, REGISTER_RCX = 5, REGISTER_R11 = 13 };
enum { ACT_AT = 90, SERVER_AT_FIRST = 80 };

/* After the begin, of slices of 10 ms. */
#define DEADLINE_BEHIND MS(13)
#define DEADLINE_WITHIN MS(7)
#define DEADLINE_SOON MS(2)
#define UNTIL_ALL_IS_OVER MS(20)

struct seen_actor {
    uint64_t next, state, fault, switches, ip;
    uint64_t registers[REGISTERS];
    struct step steps[STEPS_MAX];
    uint64_t buffer[BUFFER_WORDS];
};

struct seen {
    struct seen_actor actors[ACTORS];
    uint64_t bell;
};

struct played {
    struct seen before; /* what the ending changes */
    struct seen after;
};

static struct cast cast;
static struct plan plan;
static struct played fast, slow;
static uint64_t calls_made, calls_answered;

/* --- Playing ----------------------------------------------------------------------------------- */

static void ring(uint64_t bits)
{
    for (uint32_t bit = 0; bit < 8; bit++) {
        if (bits >> bit & 1u) {
            REQUIRE_OK(notification_signal(cast.bell_ring + bit));
        }
    }
}

static uint64_t bell_take(void)
{
    uint64_t bits = 0;

    (void)!notification_poll(cast.bell, ~0ull, &bits);
    return bits;
}

static ns_t time_of(enum deadline deadline, ns_t now)
{
    switch (deadline) {
    case BEHIND_THE_SLICE:
        return now + DEADLINE_BEHIND;
    case WITHIN_THE_SLICE:
        return now + DEADLINE_WITHIN;
    case SOON:
        return now + DEADLINE_SOON;
    case PAST:
        return 1;
    default:
        return DEADLINE_NEVER;
    }
}

static void set_up_actor(enum who who, ns_t now)
{
    const struct actor *actor = &cast.actors[who];

    actor_reset(&cast, who);
    actor_untime(actor);
    actor->page->count = plan.counts[who];
    for (uint32_t i = 0; i < STEPS_MAX; i++) {
        actor->page->steps[i] = plan.steps[who][i];
        actor->page->steps[i].si = time_of(plan.deadlines[who][i], now);
    }
    for (uint32_t i = 0; i < BUFFER_WORDS; i++) {
        actor->buffer[i] = (uint64_t)who << 32 | i;
    }
    cast_buffer(&cast, who, plan.has_buffer[who]);
}

/* A caller that went before it was answered is forgotten with the next receive. */
static void forget_the_last(enum who who, cap_addr_t endpoint)
{
    const struct actor *actor = &cast.actors[who];

    actor_reset(&cast, who);
    actor_untime(actor);
    actor->page->count = 1;
    actor->page->steps[0] = (struct step){ .ax = OP(SYSCALL_RECEIVE, endpoint), .si = 1 };
    actor_time(actor, SERVER_AT_FIRST);
    REQUIRE_OK(thread_resume(actor->thread));
    settle();
    REQUIRE(actor->page->next == 1, "the receive has ended");
    REQUIRE_OK(endpoint_set_server(endpoint, 0));
}

static void set_up(void)
{
    REQUIRE_OK(endpoint_set_server(cast.endpoint, 0));
    REQUIRE_OK(endpoint_set_server(cast.middle, 0));
    REQUIRE_OK(endpoint_set_server(cast.high, 0));
    for (uint32_t who = 0; who < ACTORS; who++) {
        REQUIRE_OK(thread_suspend(cast.actors[who].thread));
    }
    forget_the_last(SERVER, cast.endpoint);
    forget_the_last(THIRD, cast.middle);
    ns_t now = clock_now();

    for (uint32_t who = 0; who < ACTORS; who++) {
        set_up_actor((enum who)who, now);
    }
    REQUIRE_OK(thread_bind_notification(cast.actors[SERVER].thread, 0, 0));
    (void)bell_take();
    if (plan.is_bound) {
        REQUIRE_OK(
            thread_bind_notification(cast.actors[SERVER].thread, cast.bell, plan.bound_mask));
    }
    ring(plan.rings_before);
}

static void start(enum who who)
{
    const struct actor *actor = &cast.actors[who];

    if (plan.counts[who] == 0) {
        return;
    }
    actor_time(actor, who == CALLER               ? ACT_AT
                      : who == THIRD              ? plan.third_priority
                      : plan.server_priority == 0 ? SERVER_AT_FIRST
                                                  : plan.server_priority);
    REQUIRE_OK(thread_resume(actor->thread));
    settle();
    if (who == SERVER) {
        if (plan.server_priority == 0) {
            actor_untime(actor);
        }
        ring(plan.rings_between);
        settle();
    }
}

static void end(void)
{
    uint32_t cancelled;

    switch (plan.ending) {
    case END_SERVER:
        REQUIRE_OK(endpoint_set_server(plan.endpoint, 0));
        break;
    case END_CALLER_STOPS:
        REQUIRE_OK(thread_suspend(cast.actors[CALLER].thread));
        break;
    case END_SERVER_STOPS:
        REQUIRE_OK(thread_suspend(cast.actors[SERVER].thread));
        break;
    case END_CANCEL:
        REQUIRE_OK(endpoint_cancel(plan.endpoint, &cancelled));
        break;
    case END_BELL:
        ring(0xff);
        break;
    default:
        break;
    }
    settle();
}

/* --- Looking ----------------------------------------------------------------------------------- */

/* Of a thread that waits only what it goes on with is in its registers; rcx and r11 are lost to a system call. */
static bool counts(uint32_t number, uint32_t state)
{
    static const bool goes_on_with[REGISTERS] = {
        [0] = true, [1] = true, [2] = true, [9] = true, [18] = true, [19] = true
    };

    return state == THREAD_STATE_INACTIVE ? number != REGISTER_RCX && number != REGISTER_R11
                                          : goes_on_with[number];
}

static void look_at_registers(const struct actor *actor, struct seen_actor *seen)
{
    if (seen->state == THREAD_STATE_READY) {
        seen->ip = 0; /* it is under way, wherever its time ran out */
        return;
    }
    for (uint32_t i = 0; i < REGISTERS; i++) {
        uint64_t value = 0;
        uint64_t none;

        CHECK_OK(thread_read_registers(actor->thread, i, 1, &value, &none, &none, &none, &none,
                                       &none, &none, &none));
        seen->registers[i] = counts(i, (uint32_t)seen->state) ? value : 0;
    }
}

static void look_at(const struct actor *actor, struct seen_actor *seen)
{
    uint32_t state = 0, fault = 0, rank = 0;
    uint64_t address = 0;

    *seen = (struct seen_actor){ .next = actor->page->next };
    CHECK_OK(
        thread_info(actor->thread, &state, &fault, &address, &seen->ip, &rank, &seen->switches));
    seen->state = state;
    seen->fault = fault;
    look_at_registers(actor, seen);
    for (uint32_t i = 0; i < seen->next; i++) {
        seen->steps[i] = actor->page->steps[i];
        seen->steps[i].spin = 0;
    }
    for (uint32_t i = 0; i < BUFFER_WORDS; i++) {
        seen->buffer[i] = actor->buffer[i];
    }
}

static void look(struct seen *seen)
{
    for (uint32_t who = 0; who < ACTORS; who++) {
        look_at(&cast.actors[who], &seen->actors[who]);
    }
    seen->bell = bell_take();
}

static void play(bool is_slow, struct played *played)
{
    uint64_t events;
    uint64_t switches[ACTORS];

    REQUIRE_OK(machine_trace(MACHINE, is_slow, &events));
    set_up();
    for (uint32_t i = 0; i < ACTORS; i++) {
        struct seen_actor first;

        look_at(&cast.actors[i], &first);
        switches[i] = first.switches;
    }
    for (uint32_t i = 0; i < ACTORS; i++) {
        start(plan.order[i]);
    }
    if (plan.is_timed) {
        sleep_ns(UNTIL_ALL_IS_OVER);
    }
    look(&played->before);
    end();
    look(&played->after);
    REQUIRE_OK(machine_trace(MACHINE, 0, &events));
    for (uint32_t i = 0; i < ACTORS; i++) {
        played->before.actors[i].switches -= switches[i];
        played->after.actors[i].switches -= switches[i];
        if (plan.is_timed) {
            played->before.actors[i].switches = 0;
            played->after.actors[i].switches = 0;
        }
    }
}

/* --- Comparing --------------------------------------------------------------------------------- */

static void tell_plan(void)
{
    for (uint32_t i = 0; i < ACTORS; i++) {
        enum who who = plan.order[i];

        for (uint32_t at = 0; at < plan.counts[who]; at++) {
            const struct step *step = &plan.steps[who][at];

            test_note(
                "actor %u, step %u: call %lu of %lu, info %lx, bits %lx, deadline %u, spin %lu; "
                "fast %lu, slow %lu",
                (uint32_t)who, at, step->ax & 0xff, step->ax >> 32, step->di, step->dx,
                (uint32_t)plan.deadlines[who][at], step->spin, fast.after.actors[who].steps[at].ax,
                slow.after.actors[who].steps[at].ax);
        }
    }
}

static void compare(const struct seen *one, const struct seen *other, uint32_t situation,
                    const char *when)
{
    const uint64_t *words[2] = { (const uint64_t *)one, (const uint64_t *)other };

    for (uint32_t i = 0; i < sizeof(*one) / 8; i++) {
        if (words[0][i] != words[1][i]) {
            test_note("situation %u %s: third %u, ending %u; actor %u, word %u of %u", situation,
                      when, (uint32_t)plan.third, (uint32_t)plan.ending,
                      i / (uint32_t)(sizeof(one->actors[0]) / 8),
                      i % (uint32_t)(sizeof(one->actors[0]) / 8),
                      (uint32_t)(sizeof(one->actors[0]) / 8));
            tell_plan();
            CHECK_EQ(words[0][i], words[1][i], "by the fast path as by the slow one");
            return;
        }
    }
}

/* What must be so whichever path was taken. */
static void check_step(const struct actor *actor, uint32_t who, const struct seen_actor *seen,
                       uint32_t at)
{
    const struct step *in = &plan.steps[who][at];
    const struct step *out = &seen->steps[at];

    CHECK_EQ(out->bp, in->bp, "rbp is kept");
    CHECK_EQ(out->sp, (uintptr_t)actor->page + PAGE_BYTES - 16, "rsp is kept");
    CHECK_EQ(out->flags & 0x40cd5, in->flags, "the flags are kept");
    CHECK_EQ(out->r11, out->flags, "r11 holds them");
    if (cast.kind.fpu[who]) {
        CHECK(out->xmm0[0] == in->xmm0[0] && out->xmm0[1] == in->xmm0[1] &&
                  out->xmm15[0] == in->xmm15[0] && out->xmm15[1] == in->xmm15[1],
              "the FPU's registers are kept");
    }
    if (cast.kind.base[who]) {
        CHECK_EQ(out->base, (uintptr_t)actor->page, "fs is the thread's own");
    }
    if ((in->ax & 0xff) == SYSCALL_CALL && who != SERVER) {
        calls_made++;
        calls_answered += out->ax == ERR_OK;
    }
}

/* seed: other situations in each test. */
static void situations_play(const struct cast_kind *kind, uint32_t seed)
{
    cast_make(&cast, kind);
    for (uint32_t i = 0; i < seed; i++) {
        (void)test_random();
    }
    calls_made = 0;
    calls_answered = 0;
    for (uint32_t situation = 0; situation < SITUATIONS && !test_has_failed(); situation++) {
        do {
            plan_random(&plan, &cast);
        } while (plan.is_timed && !time_is_exact());
        play(false, &fast);
        play(true, &slow);
        compare(&fast.before, &slow.before, situation, "before its end");
        compare(&fast.after, &slow.after, situation, "after its end");
        for (uint32_t who = 0; who < ACTORS; who++) {
            for (uint32_t i = 0; i < fast.after.actors[who].next; i++) {
                check_step(&cast.actors[who], who, &fast.after.actors[who], i);
            }
        }
    }
    CHECK(calls_answered * 4 > calls_made, "a good part of the calls is answered");
    test_note("%lu calls, %lu answered", calls_made, calls_answered);
}

TEST(fast_and_slow_are_the_same_in_one_space)
{
    situations_play(&(struct cast_kind){ .apart = false }, 1000);
}

TEST(fast_and_slow_are_the_same_in_two_spaces)
{
    situations_play(&(struct cast_kind){ .apart = true }, 2000);
}

TEST(fast_and_slow_are_the_same_with_an_fpu_on_both_sides)
{
    situations_play(&(struct cast_kind){ .apart = true, .fpu = { true, true, true } }, 3000);
}

TEST(fast_and_slow_are_the_same_with_an_fpu_in_the_caller)
{
    situations_play(&(struct cast_kind){ .apart = true, .fpu = { [CALLER] = true } }, 4000);
}

TEST(fast_and_slow_are_the_same_with_an_fpu_in_the_server)
{
    situations_play(&(struct cast_kind){ .apart = false, .fpu = { [SERVER] = true } }, 5000);
}

TEST(fast_and_slow_are_the_same_with_bases_of_their_own)
{
    situations_play(&(struct cast_kind){ .apart = true, .base = { true, true, true } }, 6000);
}

TEST(fast_and_slow_are_the_same_with_a_base_in_the_server)
{
    situations_play(&(struct cast_kind){ .base = { [SERVER] = true }, .fpu = { [THIRD] = true } },
                    7000);
}
