/* SPDX-License-Identifier: MIT */
/*
 * The real-time clock (line 8, edge), the serial port (line 4, edge) and the HPET (a message, and a line by level)
 * as sources of interrupts.
 */
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define LATE_NS US(400) /* for runs without -icount */
#define LINE_UART 4u
#define LINE_RTC 8u
#define BADGE 0x20ull
#define SOURCE_NONE 0x10000u /* interrupts are not remapped here: the HPET of QEMU would not know */

#define PORT_RTC 0x70u
#define RTC_A 0x0au /* rate */
#define RTC_B 0x0bu /* which interrupts */
#define RTC_C 0x0cu /* which came; reading clears */
#define RTC_RATE_1024 0x26u
#define RTC_B_24H 0x02u
#define RTC_B_PERIODIC 0x40u
#define RTC_PERIOD_NS 976562u

#define PORT_UART 0x3f8u
#define UART_ENABLE 1u
#define UART_IDENTIFY 2u
#define UART_MODEM 4u
#define UART_ROOM 0x02u
#define UART_OUT2 0x0bu

#define HPET_BASE 0xfed00000ull
#define HPET_PERIOD 1u /* words of 32 bits: fs per tick */
#define HPET_CONFIG 4u
#define HPET_STATUS 8u
#define HPET_COUNTER 60u
#define HPET_TIMER(n) (64u + 8u * (n))
#define HPET_COMPARE(n) (66u + 8u * (n))
#define HPET_ROUTE(n) (68u + 8u * (n))
#define HPET_LEVEL (1u << 1)
#define HPET_INTERRUPTS (1u << 2)
#define HPET_PERIODIC (1u << 3)
#define HPET_SET_VALUE (1u << 6) /* the next word is for the comparator, then comes the period */
#define HPET_32_BITS (1u << 8)
#define HPET_BY_MESSAGE (1u << 14)
#define HPET_CAN_MESSAGE (1u << 15)

struct source {
    cap_addr_t irq, notification, badged, ports;
};

static struct source source_make(uint32_t first_port, uint32_t count)
{
    struct source source;

    source.irq = make(OBJECT_IRQ, 0);
    source.notification = make(OBJECT_NOTIFICATION, 0);
    source.badged = mint_of(source.notification, RIGHT_SIGNAL, BADGE);
    source.ports = 0;
    if (count != 0) {
        source.ports = make(OBJECT_IO_PORT, 0);
        REQUIRE_OK(io_port_claim(source.ports, MACHINE, first_port, count));
    }
    return source;
}

static void out(const struct source *source, uint32_t port, uint32_t value)
{
    REQUIRE_OK(io_port_write(source->ports, port, 1, value));
}

static uint32_t in(const struct source *source, uint32_t port)
{
    uint32_t value = 0;

    REQUIRE_OK(io_port_read(source->ports, port, 1, &value));
    return value;
}

static void rtc_set(const struct source *source, uint32_t index, uint32_t value)
{
    out(source, PORT_RTC, index);
    out(source, PORT_RTC + 1, value);
}

static uint32_t rtc_get(const struct source *source, uint32_t index)
{
    out(source, PORT_RTC, index);
    return in(source, PORT_RTC + 1);
}

static void spin(struct worker *worker)
{
    for (;;) {
        worker->out[0]++;
    }
}

/*
 * While the processor idles, QEMU with -icount may deliver an interrupt of a device late (its clock jumps before
 * the processor has woken up). So where times are measured, somebody is busy.
 */
static void keep_busy(void)
{
    (void)worker_start(spin, 3, 10);
}

static struct source rtc_start(void)
{
    struct source source = source_make(PORT_RTC, 2);

    REQUIRE_OK(irq_claim_line(source.irq, MACHINE, LINE_RTC, 0, 0));
    rtc_set(&source, RTC_A, RTC_RATE_1024);
    rtc_set(&source, RTC_B, RTC_B_24H | RTC_B_PERIODIC);
    (void)rtc_get(&source, RTC_C);
    return source;
}

static void rtc_stop(const struct source *source)
{
    rtc_set(source, RTC_B, RTC_B_24H);
    (void)rtc_get(source, RTC_C);
}

static err_t comes_within(const struct source *source, ns_t ns)
{
    uint64_t bits = 0;
    err_t err = notification_wait(source->notification, ~0ull, clock_now() + ns, 0, &bits);

    if (err == ERR_OK) {
        CHECK_EQ(bits, BADGE, "the badge of the capability it was bound with");
    }
    return err;
}

TEST(an_edge_signals_and_masks_until_ack)
{
    struct source source = rtc_start();
    ns_t last = 0;

    keep_busy();
    CHECK_EQ(comes_within(&source, MS(3)), ERR_TIMED_OUT, "masked until bound");
    (void)rtc_get(&source, RTC_C);
    REQUIRE_OK(irq_bind(source.irq, source.badged));
    for (uint32_t i = 0; i < 10; i++) {
        REQUIRE_OK(comes_within(&source, MS(3)));
        ns_t now = clock_now();

        if (i > 1) {
            CHECK_BETWEEN(now - last, RTC_PERIOD_NS - LATE_NS, RTC_PERIOD_NS + LATE_NS,
                          "1024 times a second");
        }
        last = now;
        CHECK(rtc_get(&source, RTC_C) & RTC_B_PERIODIC, "the device says why");
        CHECK_OK(irq_ack(source.irq));
    }
    REQUIRE_OK(comes_within(&source, MS(3)));
    (void)rtc_get(&source, RTC_C);
    CHECK_EQ(comes_within(&source, MS(3)), ERR_TIMED_OUT, "without ack no more");
    (void)rtc_get(&source, RTC_C);
    CHECK_OK(irq_ack(source.irq));
    CHECK_OK(comes_within(&source, MS(3)));
    (void)rtc_get(&source, RTC_C);
    CHECK_OK(irq_ack(source.irq));
    CHECK_OK(irq_bind(source.irq, 0));
    CHECK_EQ(comes_within(&source, MS(3)), ERR_TIMED_OUT, "nor when unbound");
    (void)rtc_get(&source, RTC_C);
    CHECK_OK(irq_bind(source.irq, source.badged));
    CHECK_OK(comes_within(&source, MS(3)));
    rtc_stop(&source);
}

TEST(an_irq_object_that_goes_masks_its_line)
{
    struct source source = rtc_start();

    REQUIRE_OK(irq_bind(source.irq, source.badged));
    REQUIRE_OK(comes_within(&source, MS(3)));
    (void)rtc_get(&source, RTC_C);
    CHECK_OK(irq_ack(source.irq));
    delete (source.irq);
    CHECK_EQ(comes_within(&source, MS(3)), ERR_TIMED_OUT, "no object, no interrupt");
    (void)rtc_get(&source, RTC_C);
    source.irq = make(OBJECT_IRQ, 0);
    REQUIRE_OK(irq_claim_line(source.irq, MACHINE, LINE_RTC, 0, 0));
    REQUIRE_OK(irq_bind(source.irq, source.badged));
    CHECK_OK(comes_within(&source, MS(3)));
    (void)rtc_get(&source, RTC_C);
    CHECK_OK(irq_ack(source.irq));
    delete (source.notification);
    sleep_ns(MS(3));
    CHECK_EQ(irq_ack(source.irq), ERR_GONE, "without its notification it is not bound");
    rtc_stop(&source);
}

TEST(interrupts_come_to_an_idle_and_to_a_busy_machine)
{
    struct source source = rtc_start();

    REQUIRE_OK(irq_bind(source.irq, source.badged));
    for (uint32_t i = 0; i < 8; i++) {
        if (i == 4) {
            keep_busy();
        }
        CHECK_OK(comes_within(&source, MS(3)));
        (void)rtc_get(&source, RTC_C);
        CHECK_OK(irq_ack(source.irq));
    }
    rtc_stop(&source);
}

TEST(the_serial_port_interrupts)
{
    struct source source = source_make(PORT_UART, 8);

    REQUIRE_OK(irq_claim_line(source.irq, MACHINE, LINE_UART, 0, 0));
    out(&source, PORT_UART + UART_MODEM, UART_OUT2);
    REQUIRE_OK(irq_bind(source.irq, source.badged));
    CHECK_EQ(comes_within(&source, MS(1)), ERR_TIMED_OUT, "not yet");
    out(&source, PORT_UART + UART_ENABLE, UART_ROOM);
    CHECK_OK(comes_within(&source, MS(20)));
    CHECK_EQ(in(&source, PORT_UART + UART_IDENTIFY) & 0xf, 2, "room in the transmitter");
    out(&source, PORT_UART + UART_ENABLE, 0);
    CHECK_OK(irq_ack(source.irq));
    CHECK_EQ(comes_within(&source, MS(1)), ERR_TIMED_OUT, "no more");
}

/* The page of the HPET, as a frame of device memory. */
static volatile uint32_t *hpet_map(void)
{
    const struct boot_info *boot = (const struct boot_info *)BOOT_INFO_ADDR;

    for (uint32_t i = 0; i < boot->untyped_count; i++) {
        const struct boot_untyped *untyped = &boot->untyped[i];

        if (untyped->device && untyped->base <= HPET_BASE &&
            HPET_BASE < untyped->base + untyped->size_bytes) {
            if (untyped->base < HPET_BASE) {
                (void)make_from(untyped->slot, OBJECT_UNTYPED, HPET_BASE - untyped->base);
            }
            map_at(make_from(untyped->slot, OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K)), PLACE, 1,
                   PROT_READ | PROT_WRITE);
            return (volatile uint32_t *)PLACE;
        }
    }
    return NULL;
}

static bool hpet_is_there(volatile uint32_t *hpet)
{
    if (hpet == NULL) {
        test_note("the HPET is not among the device memory: not tested");
        return false;
    }
    hpet[HPET_CONFIG] |= 1;
    return true;
}

static void hpet_arm(volatile uint32_t *hpet, uint32_t n, ns_t ns)
{
    uint64_t ticks = ns * 1000000ull / hpet[HPET_PERIOD];

    hpet[HPET_COMPARE(n)] = (uint32_t)(hpet[HPET_COUNTER] + ticks);
}

TEST(a_message_signals)
{
    volatile uint32_t *hpet = hpet_map();
    struct source source = source_make(0, 0);
    uint64_t address = 0;
    uint32_t data = 0;

    if (!hpet_is_there(hpet)) {
        return;
    }
    if ((hpet[HPET_TIMER(2)] & HPET_CAN_MESSAGE) == 0) {
        test_note("the HPET sends no messages: not tested");
        return;
    }
    REQUIRE_OK(irq_claim_msi(source.irq, MACHINE, SOURCE_NONE, &address, &data));
    REQUIRE_OK(irq_bind(source.irq, source.badged));
    hpet[HPET_ROUTE(2)] = data;
    hpet[HPET_ROUTE(2) + 1] = (uint32_t)address;
    hpet_arm(hpet, 2, MS(3000));
    hpet[HPET_TIMER(2)] = HPET_BY_MESSAGE | HPET_32_BITS | HPET_INTERRUPTS;
    hpet_arm(hpet, 2, MS(3000));
    (void)!notification_poll(source.notification, ~0ull, &address);
    CHECK_OK(irq_ack(source.irq));
    for (uint32_t i = 0; i < 5; i++) {
        ns_t start = clock_now();

        hpet_arm(hpet, 2, US(300));
        CHECK_OK(comes_within(&source, MS(20)));
        CHECK(clock_now() - start >= US(290), "not before its time");
        CHECK_OK(irq_ack(source.irq));
    }
    delete (source.irq);
    hpet_arm(hpet, 2, US(300));
    CHECK_EQ(comes_within(&source, MS(2)), ERR_TIMED_OUT, "a message to nobody is lost");
    hpet[HPET_TIMER(2)] = 0;
}

/* --- A storm ----------------------------------------------------------------------------------- */

/* Of a period in which it works; without a disturbance it would need no more than WORK_NS. */
#define BEAT_NS MS(1)
#define WORK_NS US(850)
#define BEATS 20u
#define STORM_NS 1500ull /* from one interrupt to the next */
#define PRIORITY_BEAT 200u
#define PRIORITY_DRIVER 50u

/* Acknowledges as fast as it can; out[0]: how often. */
static void drive(struct worker *worker)
{
    uint64_t bits;

    while (notification_wait((cap_addr_t)worker->arg[0], 1, DEADLINE_NEVER, 0, &bits) == ERR_OK) {
        (void)!irq_ack((cap_addr_t)worker->arg[1]);
        worker->out[0]++;
    }
}

/* A control loop. out[0]: the longest that a beat took from its release to its end; out[1]: how many took too long. */
static void beat(struct worker *worker)
{
    ns_t next = clock_now();
    uint64_t bits;

    for (uint32_t i = 0; i < BEATS; i++) {
        next += BEAT_NS;
        (void)!notification_wait((cap_addr_t)worker->arg[0], 1, next, 0, &bits);
        spin_rounds(worker->arg[1]);
        ns_t took = clock_now() - next;

        worker->out[0] = took > worker->out[0] ? took : worker->out[0];
        worker->out[1] += took > BEAT_NS;
    }
}

static void storm_begin(volatile uint32_t *hpet, uint64_t address, uint32_t data)
{
    uint32_t ticks = (uint32_t)(STORM_NS * 1000000ull / hpet[HPET_PERIOD]);

    hpet[HPET_ROUTE(2)] = data;
    hpet[HPET_ROUTE(2) + 1] = (uint32_t)address;
    hpet[HPET_TIMER(2)] =
        HPET_BY_MESSAGE | HPET_32_BITS | HPET_INTERRUPTS | HPET_PERIODIC | HPET_SET_VALUE;
    hpet[HPET_COMPARE(2)] = hpet[HPET_COUNTER] + ticks;
    hpet[HPET_COMPARE(2)] = ticks;
}

struct storm {
    ns_t worst_ns; /* from a beat's release to its end */
    uint64_t late;
    uint64_t handled; /* interrupts that the driver acknowledged */
};

/* A beat of 1 ms beside a device that interrupts without end, for whose driver this band is said. */
static struct storm storm_in_band(volatile uint32_t *hpet, uint32_t band)
{
    struct source source = source_make(0, 0);
    struct worker *loop = worker_make(beat, 3), *driver = worker_make(drive, 3);
    cap_addr_t bell = mint_of(source.notification, RIGHT_SIGNAL, 1);
    uint64_t address = 0;
    uint32_t data = 0;

    REQUIRE_OK(irq_set_band(source.irq, band));
    REQUIRE_OK(irq_claim_msi(source.irq, MACHINE, SOURCE_NONE, &address, &data));
    REQUIRE_OK(irq_bind(source.irq, bell));
    driver->arg[0] = source.notification;
    driver->arg[1] = source.irq;
    worker_time(driver, PRIORITY_DRIVER, MS(1000), MS(1000));
    worker_resume(driver);
    loop->arg[0] = make(OBJECT_NOTIFICATION, 3);
    loop->arg[1] = rounds_of(WORK_NS);
    worker_time(loop, PRIORITY_BEAT, MS(1000), MS(1000));
    storm_begin(hpet, address, data);
    worker_resume(loop);
    CHECK(worker_join(loop), "all beats end");
    hpet[HPET_TIMER(2)] = 0;
    delete (source.irq);
    return (struct storm){ loop->out[0], loop->out[1], driver->out[0] };
}

TEST(a_storm_of_interrupts_reaches_nobody_more_important)
{
    volatile uint32_t *hpet = hpet_map();

    if (!hpet_is_there(hpet) || (hpet[HPET_TIMER(2)] & HPET_CAN_MESSAGE) == 0) {
        test_note("the HPET sends no messages: not tested");
        return;
    }
    struct storm off = storm_in_band(hpet, 15);
    struct storm on = storm_in_band(hpet, PRIORITY_DRIVER / 16);

    test_note(
        "a beat of %lu us in %lu us beside an interrupt each %llu ns: worst %lu ns and %lu of %u "
        "late if that is let in, "
        "%lu ns and %lu if it waits for its band",
        WORK_NS / 1000, BEAT_NS / 1000, STORM_NS, off.worst_ns, off.late, BEATS, on.worst_ns,
        on.late);
    CHECK_BETWEEN(on.worst_ns, WORK_NS - US(10), WORK_NS + US(10), "as if there were no storm");
    CHECK_EQ(on.late, 0, "none is late");
    CHECK(on.handled > BEATS, "the driver has its interrupts when its turn comes");
    CHECK_EQ(off.late, BEATS, "a more important one makes each of them late");
    CHECK(off.handled > BEATS, "and is handled, too");
}

TEST(a_level_stays_until_the_device_is_quiet)
{
    volatile uint32_t *hpet = hpet_map();
    struct source source = source_make(0, 0);

    if (!hpet_is_there(hpet)) {
        return;
    }
    uint32_t routes = hpet[HPET_TIMER(1) + 1];
    uint32_t line = 31 - (uint32_t)__builtin_clz(routes | 1);

    REQUIRE(line >= 16, "a line of its own");
    REQUIRE_OK(irq_claim_line(source.irq, MACHINE, line, 1, 0));
    REQUIRE_OK(irq_bind(source.irq, source.badged));
    hpet[HPET_TIMER(1)] = HPET_LEVEL | HPET_32_BITS | HPET_INTERRUPTS | line << 9;
    for (uint32_t i = 0; i < 3; i++) {
        hpet_arm(hpet, 1, US(300));
        CHECK_OK(comes_within(&source, MS(2)));
        CHECK_EQ(comes_within(&source, US(500)), ERR_TIMED_OUT, "masked");
        CHECK_OK(irq_ack(source.irq));
        CHECK_OK(comes_within(&source, US(500)));
        hpet[HPET_STATUS] = 1u << 1;
        CHECK_OK(irq_ack(source.irq));
        CHECK_EQ(comes_within(&source, US(500)), ERR_TIMED_OUT, "quiet");
    }
    hpet[HPET_TIMER(1)] = 0;
    hpet[HPET_STATUS] = 1u << 1;
}
