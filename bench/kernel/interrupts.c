/* SPDX-License-Identifier: MIT */
/*
 * The periodic interrupt of the real-time clock (MC146818), line 8, edge-triggered. The marks stand around
 * the wait: the first entry is the wait, the second the interrupt, which comes while a thread of lower
 * priority computes in another address space.
 */
#include "abi/boot_info.h"
#include "abi/kernel_calls.h"
#include "bench.h"
#include "mark.h"
#include "peer.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"

enum { RTC_PORT = 0x70, RTC_PORTS = 2, RTC_LINE = 8 };
enum { RTC_A = 0x0a, RTC_A_32768HZ = 0x20, RTC_A_8192_PER_S = 3 };
enum { RTC_B = 0x0b, RTC_B_24H = 0x02, RTC_B_PERIODIC = 0x40, RTC_C = 0x0c, RTC_C_PERIODIC = 0x40 };

static struct {
    cap_addr_t ports;
    cap_addr_t irq;
    cap_addr_t notification;
} clock;

static void must(err_t err, const char *what)
{
    if (err) {
        program_panic(what, __FILE__, __LINE__);
    }
}

static void rtc_write(uint32_t number, uint32_t value)
{
    must(io_port_write(clock.ports, RTC_PORT, 1, number), "io_port.write failed");
    must(io_port_write(clock.ports, RTC_PORT + 1, 1, value), "io_port.write failed");
}

static uint32_t rtc_read(uint32_t number)
{
    uint32_t value = 0;

    must(io_port_write(clock.ports, RTC_PORT, 1, number), "io_port.write failed");
    must(io_port_read(clock.ports, RTC_PORT + 1, 1, &value), "io_port.read failed");
    return value;
}

static void interrupt_run(void)
{
    rtc_write(RTC_A, RTC_A_32768HZ | RTC_A_8192_PER_S);
    rtc_write(RTC_B, RTC_B_24H | RTC_B_PERIODIC);
    (void)rtc_read(RTC_C);
    for (uint32_t i = 0; i < REPETITIONS; i++) {
        uint64_t bits = 0;

        MARK_BEGIN(ROW_IRQ);
        err_t err = notification_wait(clock.notification, 1, DEADLINE_NEVER, 0, &bits);

        MARK_END(ROW_IRQ);
        assert(err == ERR_OK && bits == 1);
        assert((rtc_read(RTC_C) & RTC_C_PERIODIC) != 0); /* until then it raises the line no more */
        MARK_BEGIN(ROW_IRQ_ACK);
        err = irq_ack(clock.irq);
        MARK_END(ROW_IRQ_ACK);
        assert(err == ERR_OK);
    }
    rtc_write(RTC_B, RTC_B_24H);
    peer_finish();
}

static void compute_run(void)
{
    for (;;) {
        __asm__ volatile("");
    }
}

/* Once: a line has one owner. */
static void clock_claim(void)
{
    must(object_create(OBJECT_IO_PORT, 0, &clock.ports), "no I/O port object");
    must(object_create(OBJECT_IRQ, 0, &clock.irq), "no irq object");
    must(io_port_claim(clock.ports, ROOT_SLOT_MACHINE, RTC_PORT, RTC_PORTS),
         "no ports of the clock");
    must(irq_claim_line(clock.irq, ROOT_SLOT_MACHINE, RTC_LINE, 0, 0), "no line of the clock");
    clock.notification = cap_with_badge(notification_make(), 1);
    must(irq_bind(clock.irq, clock.notification), "irq.bind failed");
}

void bench_interrupts(void)
{
    struct peer_spec waiter = { .entry = interrupt_run,
                                .rank = PEER_RANK_LOW,
                                .priority = PEER_PRIORITY };
    struct peer_spec computer = { .entry = compute_run,
                                  .rank = PEER_RANK_LOW,
                                  .priority = PEER_PRIORITY - 1 };

    if (clock.irq == 0) {
        clock_claim();
    }
    peer_start(&waiter);
    cap_addr_t thread = peer_start(&computer);

    peers_wait();
    must(thread_suspend(thread), "thread.suspend failed");
}
