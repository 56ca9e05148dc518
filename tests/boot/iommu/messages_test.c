/* SPDX-License-Identifier: MIT */
/* Interrupts through the remapping unit: a device raises what was given out for it, and nothing else. */
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "devices.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define OTHER 0x18u /* the number of some other device */
#define LINE_RTC 8u
#define PCI_LINE_FIRST 16u
#define PCI_LINES 8u
#define PORT_RTC 0x70u
#define REASON_NOT_ITS 0x26u /* VT-d specification, chapter 7 */

struct message_irq {
    cap_addr_t irq, notification;
    uint64_t address;
    uint32_t data;
};

static struct message_irq claim(uint32_t source)
{
    struct message_irq made = { make(OBJECT_IRQ, 0), make(OBJECT_NOTIFICATION, 0), 0, 0 };

    REQUIRE_OK(irq_claim_msi(made.irq, MACHINE, source, &made.address, &made.data));
    REQUIRE_OK(irq_bind(made.irq, mint_of(made.notification, RIGHT_SIGNAL, 1)));
    return made;
}

static bool came(const struct message_irq *irq)
{
    uint64_t bits;

    sleep_ns(MS(1));
    if (notification_poll(irq->notification, ~0ull, &bits) != ERR_OK) {
        return false;
    }
    CHECK_OK(irq_ack(irq->irq));
    return true;
}

/* Refused messages are faults; QEMU records them from 8.1 on. */
static void check_recorded(uint32_t source)
{
    uint32_t count = 0, from, reason, lost;
    uint64_t entry;

    CHECK_OK(machine_faults(MACHINE, &count, &from, &entry, &reason, &lost));
    if (count == 0) {
        test_note("this emulator does not record refused messages: not tested");
        return;
    }
    CHECK_EQ(from, source, "the one who tried");
    CHECK_EQ(reason, REASON_NOT_ITS, "the entry is another's");
}

static void raise(void)
{
    edu_register(EDU_RAISE, 1);
    edu_register(EDU_ACKNOWLEDGE, 1);
}

TEST(a_message_comes_through)
{
    uint32_t source = edu_start();
    struct message_irq own = claim(source);

    edu_message_set(source, own.address, own.data);
    for (uint32_t i = 0; i < 3; i++) {
        raise();
        CHECK(came(&own), "its own");
        CHECK(!came(&own), "once");
    }
    delete (own.irq);
    own.irq = make(OBJECT_IRQ, 0);
    raise();
    CHECK(!came(&own), "a vector that was given back cannot be raised");
}

/* Of a device that raises without end only two are taken: one is delivered, the next one says that masking is needed. */
TEST(a_message_is_masked_until_ack)
{
    enum { STORM = 200 };
    uint32_t source = edu_start();
    struct message_irq own = claim(source);
    ns_t start, quiet_ns, storm_ns;

    edu_message_off(source);
    start = clock_now();
    for (uint32_t i = 0; i < STORM; i++) {
        raise();
    }
    quiet_ns = clock_now() - start;
    edu_message_set(source, own.address, own.data);
    raise();
    raise();
    start = clock_now();
    for (uint32_t i = 0; i < STORM; i++) {
        raise();
    }
    storm_ns = clock_now() - start;
    test_note("%u interrupts without ack: %lu ns, %lu without interrupts", STORM, storm_ns,
              quiet_ns);
    CHECK(storm_ns < quiet_ns + STORM * 20u, "no more than it takes to raise them");
    CHECK(came(&own), "the first came");
    CHECK(came(&own), "and for the others one more, after ack");
    CHECK(!came(&own), "not each of them");
    raise();
    CHECK(came(&own), "the next one comes as ever");
    CHECK_OK(irq_bind(own.irq, 0));
    raise();
    CHECK_OK(irq_bind(own.irq, mint_of(own.notification, RIGHT_SIGNAL, 1)));
    CHECK(!came(&own), "while nothing is bound they are lost");
    raise();
    CHECK(came(&own), "and come again when something is");
}

/* The root thread is of band 15. */
TEST(a_message_of_a_lower_band_waits)
{
    uint32_t source = edu_start();
    struct message_irq own = { make(OBJECT_IRQ, 0), make(OBJECT_NOTIFICATION, 0), 0, 0 };
    uint64_t bits;

    REQUIRE_OK(irq_set_band(own.irq, 3));
    REQUIRE_OK(irq_claim_msi(own.irq, MACHINE, source, &own.address, &own.data));
    REQUIRE_OK(irq_bind(own.irq, mint_of(own.notification, RIGHT_SIGNAL, 1)));
    edu_message_set(source, own.address, own.data);
    raise();
    spin_ns(US(50));
    CHECK_EQ(notification_poll(own.notification, ~0ull, &bits), ERR_WOULD_BLOCK,
             "it does not come while the root runs");
    CHECK(came(&own), "but when nobody of a higher band does");
    CHECK(!came(&own), "once");
}

TEST(a_message_that_is_anothers_is_refused)
{
    uint32_t source = edu_start();
    struct message_irq own = claim(source);
    struct message_irq other = claim(OTHER);

    edu_message_set(source, other.address, other.data);
    raise();
    CHECK(!came(&other) && !came(&own), "forged in the device's own setting");
    check_recorded(source);
    edu_message_set(source, own.address, own.data);
    raise();
    CHECK(came(&own), "and set right again");
}

/* To a device's DMA, addresses of messages are never memory. QEMU 7.2 does not tell the unit who writes them so. */
TEST(a_message_written_by_dma_is_judged_as_well)
{
    uint32_t source = edu_start();
    struct message_irq own = claim(source);
    struct message_irq other = claim(OTHER);
    struct message_irq gone = claim(source);

    delete (gone.irq);
    edu_to_memory(own.address, 4);
    CHECK(came(&own), "its own");
    edu_to_memory(gone.address, 4);
    CHECK(!came(&own) && !came(&other), "an entry that nobody has");
    edu_to_memory(other.address, 4);
    if (came(&other)) {
        test_note("this emulator does not know the source of messages written by DMA: not tested");
    }
    CHECK(!came(&own), "another's is not its own either");
}

/* PCI devices have lines 16 to 23; which one is up to the board. */
TEST(a_level_comes_through_until_the_device_is_quiet)
{
    uint32_t source = edu_start();
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t irqs = make_row(OBJECT_IRQ, 0, PCI_LINES);
    uint64_t bits = 0;
    uint64_t none;

    edu_message_off(source);
    for (uint32_t i = 0; i < PCI_LINES; i++) {
        REQUIRE_OK(irq_claim_line(irqs + i, MACHINE, PCI_LINE_FIRST + i, 1, 0));
        REQUIRE_OK(irq_bind(irqs + i, mint_of(notification, RIGHT_SIGNAL, 1ull << i)));
    }
    edu_register(EDU_RAISE, 1);
    for (uint32_t i = 0; i < 3; i++) {
        REQUIRE_OK(notification_wait(notification, ~0ull, clock_now() + MS(5), 0, &bits));
        CHECK_EQ(bits & (bits - 1), 0, "one line");
        CHECK_EQ(notification_wait(notification, ~0ull, clock_now() + MS(1), 0, &none),
                 ERR_TIMED_OUT, "masked until ack");
        if (i == 2) {
            edu_register(EDU_ACKNOWLEDGE, 1);
        }
        CHECK_OK(irq_ack(irqs + (uint32_t)__builtin_ctzll(bits)));
    }
    CHECK_EQ(notification_wait(notification, ~0ull, clock_now() + MS(1), 0, &bits), ERR_TIMED_OUT,
             "quiet");
}

static uint32_t rtc(cap_addr_t ports, uint32_t index, uint32_t value, bool is_write)
{
    uint32_t got = 0;

    REQUIRE_OK(io_port_write(ports, PORT_RTC, 1, index));
    if (is_write) {
        REQUIRE_OK(io_port_write(ports, PORT_RTC + 1, 1, value));
    } else {
        REQUIRE_OK(io_port_read(ports, PORT_RTC + 1, 1, &got));
    }
    return got;
}

TEST(lines_come_through)
{
    cap_addr_t ports = make(OBJECT_IO_PORT, 0);
    struct message_irq line = { make(OBJECT_IRQ, 0), make(OBJECT_NOTIFICATION, 0), 0, 0 };
    uint64_t bits;

    REQUIRE_OK(io_port_claim(ports, MACHINE, PORT_RTC, 2));
    REQUIRE_OK(irq_claim_line(line.irq, MACHINE, LINE_RTC, 0, 0));
    REQUIRE_OK(irq_bind(line.irq, mint_of(line.notification, RIGHT_SIGNAL, 1)));
    (void)rtc(ports, 0x0a, 0x26, true);
    (void)rtc(ports, 0x0b, 0x42, true);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_OK(notification_wait(line.notification, ~0ull, clock_now() + MS(20), 0, &bits));
        (void)rtc(ports, 0x0c, 0, false);
        CHECK_OK(irq_ack(line.irq));
    }
    (void)rtc(ports, 0x0b, 0x02, true);
    (void)rtc(ports, 0x0c, 0, false);
}
