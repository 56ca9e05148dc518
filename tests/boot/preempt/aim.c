/* SPDX-License-Identifier: MIT */
#include "aim.h"

#include "abi/boot_info.h"
#include "abi/trace.h"
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define PLACE_RING (PLACE + MIB(512))
#define FAR_NS MS(10)
#define JOIN_NS MS(1000)
#define BEFORE_NS 60u /* so much before the entry the first phase is */
#define POINTS_MAX 512u

struct aim {
    struct worker *ticker, *shooter;
    cap_addr_t timer, badged, done;
    const struct trace_ring *ring;
    uint64_t caps, hash; /* of the machine, before the first preparation */
};

/* One run: when the call was entered, when it left the kernel for the first time, why, and how often it was cut. */
struct shot {
    ns_t aimed_ns, entry_ns, exit_ns;
    bool is_cut;
    uint32_t cuts;
};

/* The distances from the entry at which calls were cut, rising. */
struct points {
    uint64_t at_ns[POINTS_MAX];
    uint32_t count;
};
static struct points points;

static void tick(struct worker *worker)
{
    for (;;) {
        uint64_t bits;

        (void)!notification_wait((cap_addr_t)worker->arg[0], 1, DEADLINE_NEVER, 0, &bits);
        worker->out[0]++;
    }
}

static void shoot(struct worker *worker)
{
    for (;;) {
        uint64_t bits;

        if (notification_wait(worker->go, 1, DEADLINE_NEVER, 0, &bits) == ERR_OK) {
            worker->out[0] = clock_now();
            (void)!timer_set((cap_addr_t)worker->arg[0], (cap_addr_t)worker->arg[1],
                             worker->out[0] + worker->arg[3], 0, 15);
            (void)!message_do(&worker->message);
            worker->is_done = true;
            (void)!notification_signal((cap_addr_t)worker->arg[2]);
        }
    }
}

static void count_machine(uint64_t *caps, uint64_t *hash)
{
    uint64_t objects, edges;

    REQUIRE_OK(machine_count(MACHINE, &objects, caps, &edges, hash));
}

static struct aim aim_make(void)
{
    struct aim aim = { .ring = (const struct trace_ring *)PLACE_RING };
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);

    (void)!frame_detach(ROOT_SLOT_TRACE); /* a test that failed may have left it there */
    map_at(ROOT_SLOT_TRACE, PLACE_RING, TRACE_RING_BYTES / PAGE_BYTES, PROT_READ);
    aim.badged = mint_of(notification, RIGHTS_ALL, 1);
    aim.timer = make(OBJECT_TIMER, 0);
    aim.done = mint_of(make(OBJECT_NOTIFICATION, 0), RIGHTS_ALL, 1);
    aim.ticker = worker_make(tick, 3);
    aim.ticker->arg[0] = notification;
    worker_time(aim.ticker, 250, MS(10000), MS(10000));
    worker_resume(aim.ticker);
    aim.shooter = worker_make(shoot, 3);
    aim.shooter->go = mint_of(make(OBJECT_NOTIFICATION, 0), RIGHTS_ALL, 1);
    aim.shooter->arg[0] = aim.timer;
    aim.shooter->arg[1] = aim.badged;
    aim.shooter->arg[2] = aim.done;
    worker_time(aim.shooter, 50, MS(10000), MS(10000));
    worker_resume(aim.shooter);
    settle();
    count_machine(&aim.caps, &aim.hash);
    return aim;
}

/* Finds the call in what the trace holds from an event on. */
static struct shot shot_read(const struct aim *aim, uint64_t from, const struct message *message)
{
    uint64_t head = *(const volatile uint64_t *)&aim->ring->head;
    uint64_t call = (uint64_t)MSG_LABEL(message->info) << 32 | message->op >> 32;
    struct shot shot = { 0 };
    bool is_inside = false;

    for (uint64_t i = from; i < head; i++) {
        const volatile struct trace_event *event = &aim->ring->events[i % TRACE_EVENTS];

        if (event->kind == TRACE_ENTRY && event->a == (message->op & 0xff) && event->b == call) {
            is_inside = true;
            if (shot.entry_ns == 0) {
                shot.entry_ns = event->time_ns;
            }
        } else if (event->kind == TRACE_EXIT && is_inside) {
            is_inside = false;
            shot.cuts += event->a == TRACE_RESTART;
            if (shot.exit_ns == 0) {
                shot.exit_ns = event->time_ns;
                shot.is_cut = event->a == TRACE_RESTART;
            }
        }
    }
    REQUIRE(shot.entry_ns != 0 && shot.exit_ns != 0, "the call is in the trace");
    return shot;
}

/* The call, from the prepared state, with an interrupt so long after the shooter looked at the clock. */
static struct shot run(struct aim *aim, const struct operation *operation, ns_t after_ns)
{
    struct shot shot;
    uint64_t from = 0;
    uint64_t ignored, bits;
    uint64_t caps = 0;
    uint64_t hash = 0;
    uint32_t was_set;

    operation->prepare();
    aim->shooter->message = operation->message;
    aim->shooter->arg[3] = after_ns;
    aim->shooter->is_done = false;
    REQUIRE_OK(machine_trace(MACHINE, 1, &from));
    REQUIRE_OK(notification_signal(aim->shooter->go));
    REQUIRE_OK(notification_wait(aim->done, 1, clock_now() + JOIN_NS, 0, &bits));
    REQUIRE_OK(machine_trace(MACHINE, 0, &ignored));
    REQUIRE_OK(timer_cancel(aim->timer, &was_set));
    settle();
    CHECK_OK((err_t)aim->shooter->message.op);
    shot = shot_read(aim, from, &operation->message);
    shot.aimed_ns = aim->shooter->out[0] + after_ns;
    CHECK_EQ(shot.cuts, shot.is_cut, "one interrupt cuts a call once at most");
    operation->check();
    count_machine(&caps, &hash);
    CHECK_EQ(caps, aim->caps, "as many capabilities as before");
    CHECK_EQ(hash, aim->hash, "and the same tree");
    return shot;
}

/* Two cuts nearer than half the finest step are one point. */
static void points_add(uint64_t at_ns)
{
    uint32_t i = points.count;

    for (uint32_t k = 0; k < points.count; k++) {
        uint64_t known = points.at_ns[k];

        if ((known > at_ns ? known - at_ns : at_ns - known) < STEP_FINE_NS / 2) {
            return;
        }
    }
    REQUIRE(points.count < POINTS_MAX, "the table of points is large enough");
    for (; i > 0 && points.at_ns[i - 1] > at_ns; i--) {
        points.at_ns[i] = points.at_ns[i - 1];
    }
    points.at_ns[i] = at_ns;
    points.count++;
}

static uint64_t shortest_gap(void)
{
    uint64_t shortest = ~0ull;

    for (uint32_t i = 1; i < points.count; i++) {
        uint64_t gap = points.at_ns[i] - points.at_ns[i - 1];

        shortest = gap < shortest ? gap : shortest;
    }
    return shortest;
}

void aim_at_every_point(const struct operation *operation)
{
    struct aim aim = aim_make();
    struct shot alone = run(&aim, operation, FAR_NS);
    ns_t lead_ns = alone.entry_ns + FAR_NS - alone.aimed_ns - BEFORE_NS;
    uint64_t long_ns = alone.exit_ns - alone.entry_ns + BEFORE_NS;
    uint32_t phases = (uint32_t)(long_ns / operation->step_ns) + 1;
    uint32_t cut = 0;

    CHECK(!alone.is_cut, "nothing interrupts it yet");
    points.count = 0;
    for (uint32_t phase = 0; phase <= phases && !test_has_failed(); phase++) {
        struct shot shot = run(&aim, operation, lead_ns + phase * operation->step_ns);

        if (shot.is_cut) {
            cut++;
            points_add(shot.exit_ns - shot.entry_ns);
        }
    }
    test_note("%s: points forced %u of phases %u (%u cut), known %u, shortest distance %lu ns, "
              "step %u ns",
              operation->name, points.count, phases + 1, cut, operation->points, shortest_gap(),
              operation->step_ns);
    CHECK(points.count >= operation->points, "every point that must be there was forced");
    CHECK(shortest_gap() > operation->step_ns, "no step jumps over a point");
    REQUIRE_OK(frame_detach(ROOT_SLOT_TRACE));
}
