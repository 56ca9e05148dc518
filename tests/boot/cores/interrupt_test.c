/* SPDX-License-Identifier: MIT */
/* Interrupts that come to another core than that of who claimed them. */
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "crew.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

#define LINE_RTC 8u
#define PORT_RTC 0x70u
#define RTC_A 0x0au /* rate */
#define RTC_B 0x0bu /* which interrupts */
#define RTC_C 0x0cu /* which came; reading clears */
#define RTC_RATE_1024 0x26u
#define RTC_B_24H 0x02u
#define RTC_B_PERIODIC 0x40u
#define WANTED 10u

static uint32_t rtc(cap_addr_t ports, uint32_t index, uint32_t value, bool is_write)
{
    uint32_t got = 0;

    (void)!io_port_write(ports, PORT_RTC, 1, index);
    if (is_write) {
        (void)!io_port_write(ports, PORT_RTC + 1, 1, value);
    } else {
        (void)!io_port_read(ports, PORT_RTC + 1, 1, &got);
    }
    return got;
}

/* arg: notification, interrupt, ports; out[0]: how many came. */
static void drive(struct worker *worker)
{
    while (worker->out[0] < WANTED) {
        struct message message = wait_for((cap_addr_t)worker->arg[0], 1, DEADLINE_NEVER, 0);

        if (message_do(&message) != ERR_OK) {
            return;
        }
        (void)rtc((cap_addr_t)worker->arg[2], RTC_C, 0, false);
        (void)!irq_ack((cap_addr_t)worker->arg[1]);
        worker->out[0]++;
    }
}

/*
 * Its band is the lowest, so on this core, where the root thread (priority 255) spins without end, it would wait; its core is
 * the other one, which idles.
 */
TEST(an_interrupt_comes_to_the_core_of_who_handles_it)
{
    cap_addr_t irq = make(OBJECT_IRQ, 0), ports = make(OBJECT_IO_PORT, 0);
    cap_addr_t bell = make(OBJECT_NOTIFICATION, 3);
    struct worker *driver = worker_make(drive, 3);

    (void)crew_cores();
    driver->arg[0] = bell;
    driver->arg[1] = irq;
    driver->arg[2] = ports;
    crew_give(driver, 1);
    REQUIRE_OK(io_port_claim(ports, MACHINE, PORT_RTC, 2));
    REQUIRE_OK(irq_set_band(irq, 0));
    REQUIRE_OK(irq_set_core(irq, 1));
    REQUIRE_OK(irq_claim_line(irq, MACHINE, LINE_RTC, 0, 0));
    REQUIRE_OK(irq_bind(irq, mint_of(bell, RIGHT_SIGNAL, 1)));
    worker_resume(driver);
    (void)rtc(ports, RTC_A, RTC_RATE_1024, true);
    (void)rtc(ports, RTC_B, RTC_B_24H | RTC_B_PERIODIC, true);
    (void)rtc(ports, RTC_C, 0, false);
    for (ns_t end = crew_patience(); driver->out[0] < WANTED && clock_now() < end;) {
    }
    CHECK_EQ(driver->out[0], WANTED, "while this core does nothing but spin");
    CREW_UNTIL(driver->is_done, "it ends");
    (void)rtc(ports, RTC_B, RTC_B_24H, true);
    (void)rtc(ports, RTC_C, 0, false);
}
