/* SPDX-License-Identifier: MIT */
/*
 * A control loop of 1 kHz, as a machine has: it reads a sensor, computes, and drives an actuator, before the next
 * period begins. The plant is simulated: a mass that is pushed at random and held at its place by a PID controller.
 * Made to run as a child of init with the highest priority, so that nothing but the kernel can be in its way. Says
 * once a second how late it ever was: `control: 3000 periods, 0 missed, begun 5 us late at most, ended after 31 us at
 * most, off by 1489 / 1000`. docs/supervision.md, "A control loop".
 */
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/start.h"

#include <stdint.h>

enum { PERIOD_NS = 1000000, REPORT_PERIODS = 1000, BAND = 15, BIT = 1, SUBSTEPS = 64 };

/* Fixed point with 16 bits behind the point. */
enum { FRACTION = 16, GAIN_P = 4 << FRACTION, GAIN_I = 1 << 10, GAIN_D = 16 << FRACTION };

struct plant {
    int64_t place;
    int64_t speed;
    uint64_t random;
};

struct controller {
    int64_t sum;
    int64_t last;
};

struct record {
    uint64_t periods;
    uint64_t missed; /* not ended when the next one began, or left out */
    ns_t begun_late;
    ns_t ended_after;
    int64_t off; /* the plant, at most */
};

static int64_t times(int64_t a, int64_t b)
{
    return (a * b) >> FRACTION;
}

static int64_t control(struct controller *controller, int64_t place)
{
    int64_t change = place - controller->last;

    controller->last = place;
    controller->sum += place;
    return -times(GAIN_P, place) - times(GAIN_I, controller->sum) - times(GAIN_D, change);
}

/* A period of the plant, in small steps, with a push that changes from one period to the next. */
static void plant_step(struct plant *plant, int64_t force)
{
    plant->random = plant->random * 6364136223846793005ull + 1442695040888963407ull;

    int64_t push = (int64_t)(plant->random >> 44) - (1 << 19);

    for (uint32_t i = 0; i < SUBSTEPS; i++) {
        plant->speed += (force + push) / (SUBSTEPS * 16);
        plant->place += plant->speed / SUBSTEPS;
    }
}

static void report(const struct record *record)
{
    debug_printf("control: %lu periods, %lu missed, begun %lu us late at most, ended after %lu us "
                 "at most, off by %ld / 1000\n",
                 (unsigned long)record->periods, (unsigned long)record->missed,
                 (unsigned long)(record->begun_late / NS_PER_US),
                 (unsigned long)(record->ended_after / NS_PER_US),
                 (long)(record->off * 1000 >> FRACTION));
}

static void note(struct record *record, ns_t due_ns, ns_t begun_ns, int64_t off)
{
    ns_t ended_ns = clock_now();

    record->periods++;
    if (begun_ns - due_ns > record->begun_late) {
        record->begun_late = begun_ns - due_ns;
    }
    if (ended_ns - due_ns > record->ended_after) {
        record->ended_after = ended_ns - due_ns;
    }
    record->missed += (ended_ns - due_ns) / PERIOD_NS;
    if ((off < 0 ? -off : off) > record->off) {
        record->off = off < 0 ? -off : off;
    }
}

static _Noreturn void loop(cap_addr_t bell, ns_t due_ns)
{
    struct plant plant = { .random = 1 };
    struct controller controller = { 0 };
    struct record record = { 0 };
    uint64_t bits;

    for (;;) {
        err_t err = notification_wait(bell, BIT, DEADLINE_NEVER, 0, &bits);
        ns_t begun_ns = clock_now();

        if (err) {
            debug_printf("control: cannot wait\n");
            program_exit(1);
        }
        plant_step(&plant, control(&controller, plant.place));
        note(&record, due_ns, begun_ns, plant.place);
        due_ns += PERIOD_NS;
        while (due_ns + PERIOD_NS <= clock_now()) {
            due_ns += PERIOD_NS; /* those left out have been counted */
        }
        if (record.periods % REPORT_PERIODS == 0) {
            report(&record);
        }
    }
}

int main(void)
{
    cap_addr_t bell, badged, timer;
    ns_t due_ns = clock_now() + PERIOD_NS;
    err_t err = object_create(OBJECT_NOTIFICATION, 0, &bell);

    if (err == ERR_OK) {
        err = cap_mint(bell, RIGHT_SIGNAL, BIT, &badged);
    }
    if (err == ERR_OK) {
        err = object_create(OBJECT_TIMER, 0, &timer);
    }
    if (err == ERR_OK) {
        err = timer_set(timer, badged, due_ns, PERIOD_NS, BAND);
    }
    if (err) {
        debug_printf("control: cannot be set up\n");
        return 1;
    }
    loop(bell, due_ns);
}
