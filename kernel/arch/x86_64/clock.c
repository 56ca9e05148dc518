/* SPDX-License-Identifier: MIT */
/*
 * Time from the time-stamp counter, and the local APIC's timer for waking up. Where CPUID does not
 * tell the counter's frequency it is measured, once, for half a millisecond, against the best clock
 * there is.
 */
#include "arch/arch.h"
#include "arch_private.h"
#include "core/core.h"
#include "cpu.h"

#define NS_PER_S 1000000000ull

#define SAMPLE_TRIES 4u

#define PM_TIMER_HZ 3579545u
#define PIT_HZ 1193182u

#define HPET_PERIOD_FS 1 /* as indices of 32-bit words */
#define HPET_CONFIG 4
#define HPET_COUNTER 60
#define HPET_ON 1u

#define PIT_COUNTER_2 0x42u
#define PIT_COMMAND 0x43u
#define PIT_2_MODE_0 0xb0u /* counter 2, both bytes, count down once */
#define PIT_2_LATCH 0x80u
#define SYSTEM_CONTROL 0x61u /* bit 0: gate of counter 2; bit 1: loudspeaker */

struct arch_clock arch_clock;

/* A clock of known frequency. */
struct reference {
    uint32_t (*read)(void);
    uint64_t hz;
    uint32_t mask;
};

struct clock {
    volatile uint32_t *hpet;
    uint32_t pm_port;
    uint64_t tsc_hz;
    uint64_t ticks_per_ns; /* of the timer, as a fraction: << 32 */
};
static struct clock clock;

static uint32_t hpet_read(void)
{
    return clock.hpet[HPET_COUNTER];
}

static uint32_t pm_timer_read(void)
{
    return port_read32(clock.pm_port);
}

static uint32_t pit_read(void)
{
    port_write8(PIT_COMMAND, PIT_2_LATCH);
    uint32_t low = port_read8(PIT_COUNTER_2);

    return 0u - (low | (uint32_t)port_read8(PIT_COUNTER_2) << 8); /* it counts down */
}

static struct reference reference_choose(const struct acpi_facts *facts)
{
    if (facts->hpet != 0) {
        clock.hpet = paging_map_device(facts->hpet, 1024);
        uint32_t period_fs = clock.hpet[HPET_PERIOD_FS];

        clock.hpet[HPET_CONFIG] |= HPET_ON;
        if (period_fs >= 1000000 && period_fs <= 100000000) { /* HPET 1.0a, 2.3.4: at most 100 ns */
            return (struct reference){ hpet_read, 1000000000000000ull / period_fs, UINT32_MAX };
        }
    }
    if (facts->pm_port != 0) {
        clock.pm_port = facts->pm_port;
        return (struct reference){ pm_timer_read, PM_TIMER_HZ, 0xffffff };
    }
    port_write8(SYSTEM_CONTROL, (uint8_t)((port_read8(SYSTEM_CONTROL) & 0xfcu) | 1u));
    port_write8(PIT_COMMAND, PIT_2_MODE_0);
    port_write8(PIT_COUNTER_2, 0xff);
    port_write8(PIT_COUNTER_2, 0xff);
    return (struct reference){ pit_read, PIT_HZ, 0xffff };
}

/*
 * What a measurement leaves open is some 10 ppm, and the clocks' crystals are allowed 50 to 100. So
 * a multiple of 1 MHz within 50 ppm is no worse a guess, and the one that hardware (and an emulator
 * that counts instructions) most often means.
 */
static uint64_t hz_rounded(uint64_t hz)
{
    uint64_t round = (hz + 500000) / 1000000 * 1000000;
    uint64_t difference = hz > round ? hz - round : round - hz;

    return difference <= hz / 20000 ? round : hz;
}

/* All three at one moment. */
struct sample {
    uint64_t tsc;
    uint32_t reference;
    uint32_t timer;
};

/* Right after the reference ticked, and the least disturbed of a few tries. */
static struct sample sample_take(const struct reference *reference)
{
    struct sample best = { 0 };
    uint64_t shortest = UINT64_MAX;

    for (uint32_t i = 0; i < SAMPLE_TRIES; i++) {
        uint32_t previous = reference->read();
        uint32_t now = previous;
        uint64_t before = 0;

        while (now == previous) {
            before = arch_tsc();
            now = reference->read();
        }
        uint64_t after = arch_tsc();

        if (after - before < shortest) {
            shortest = after - before;
            best = (struct sample){ before + shortest / 2, now, lapic_counted() };
        }
    }
    return best;
}

/* Frequency of the counter, and of the timer, from the same half millisecond. */
static void measure(const struct reference *reference, uint64_t *tsc_hz, uint64_t *timer_hz)
{
    uint64_t length = reference->hz / 2000;

    lapic_count_start();
    struct sample first = sample_take(reference);

    while (((reference->read() - first.reference) & reference->mask) < length) {
        cpu_pause();
    }
    struct sample last = sample_take(reference);
    uint64_t passed = (last.reference - first.reference) & reference->mask;

    *tsc_hz = hz_rounded((last.tsc - first.tsc) * reference->hz / passed);
    *timer_hz = hz_rounded((uint64_t)(last.timer - first.timer) * reference->hz / passed);
}

void clock_init(const struct acpi_facts *facts)
{
    uint64_t timer_hz = 0;

    clock.tsc_hz = cpu_choice.tsc_hz;
    if (cpu_choice.must_measure) {
        struct reference reference = reference_choose(facts);
        uint64_t tsc_hz;

        measure(&reference, &tsc_hz, &timer_hz);
        clock.tsc_hz = clock.tsc_hz != 0 ? clock.tsc_hz : tsc_hz;
    }
    if (cpu_choice.by_deadline) {
        timer_hz = clock.tsc_hz;
    }
    if (clock.tsc_hz < 1000000 || timer_hz < 1000000) {
        arch_panic("no clock runs", __FILE__, __LINE__);
    }
    arch_clock.mult = (NS_PER_S << ARCH_CLOCK_SHIFT) / clock.tsc_hz;
    clock.ticks_per_ns = (timer_hz / NS_PER_S << 32) + (timer_hz % NS_PER_S << 32) / NS_PER_S;
    lapic_timer_on(cpu_choice.by_deadline);
}

/* Never early, or the core would find nothing due: rounded up. */
static uint64_t ticks_of(uint64_t ns)
{
    unsigned __int128 ticks = ((unsigned __int128)ns * clock.ticks_per_ns >> 32) + 1;

    return ticks > UINT64_MAX ? UINT64_MAX : (uint64_t)ticks;
}

static void arm_deadline(ns_t at_ns)
{
    uint64_t tsc;

    /* A sum past the counter's end is a time that never comes. */
    if (at_ns == DEADLINE_NEVER ||
        __builtin_add_overflow(arch_clock.base_tsc, ticks_of(at_ns), &tsc)) {
        tsc = 0;
    } else if (tsc == 0) {
        tsc = 1;
    }
    msr_write(MSR_TSC_DEADLINE, tsc);
}

/* A time too far for the counter brings an interrupt early, and the core arms again. */
void arch_timer_arm(ns_t at_ns)
{
    if (cpu_choice.by_deadline) {
        arm_deadline(at_ns);
        return;
    }
    if (at_ns == DEADLINE_NEVER) {
        lapic_count_from(0);
        return;
    }
    ns_t now = arch_now();
    uint64_t ticks = at_ns > now ? ticks_of(at_ns - now) : 1;

    lapic_count_from(ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks);
}
