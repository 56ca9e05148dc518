/* SPDX-License-Identifier: MIT */
/* Timers, interrupts, ports and the machine: what they refuse, and the simple successes. */
#include "boot_test/errors.h"
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define LINE_RTC 8u
#define PORT_RTC 0x70u
#define PORT_NONE 0x5000u
#define RANGES_MAX 256u
#define SOURCE 0x10u /* some device */
#define SOURCE_NONE 0x10000u

TEST(timer_refuses_short_periods)
{
    cap_addr_t timer = make(OBJECT_TIMER, 0);
    cap_addr_t other = make(OBJECT_TIMER, 0);
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    uint32_t was_set = 9;

    EXPECT(TIMER, SET, RANGE, timer_set(timer, notification, 0, 1, 0));
    EXPECT(TIMER, SET, RANGE, timer_set(timer, notification, 0, 9999, 0));
    CHECK_OK(timer_cancel(timer, &was_set));
    CHECK_EQ(was_set, 0, "it was never set");
    CHECK_OK(timer_set(other, mint_of(notification, RIGHT_SIGNAL, 6), clock_now() + MS(1000),
                       US(10), 15));
    EXPECT(TIMER, SET, BUSY,
           timer_set(timer, mint_of(notification, RIGHT_SIGNAL, 2), 0, US(10), 0));
    CHECK_OK(timer_set(timer, mint_of(notification, RIGHT_SIGNAL, 2), clock_now() + MS(1), 0, 0));
    CHECK_OK(timer_set(other, mint_of(notification, RIGHT_SIGNAL, 2), clock_now() + MS(1000),
                       US(10), 15));
    CHECK_OK(timer_cancel(other, &was_set));
    CHECK_EQ(was_set, 1, "it was set again, for the bit that it had");
    CHECK_OK(timer_set(timer, mint_of(notification, RIGHT_SIGNAL, 2), clock_now() + MS(1000),
                       US(10), 15));
    CHECK_OK(timer_cancel(timer, &was_set));
    CHECK_EQ(was_set, 1, "it was set");
    CHECK_OK(timer_cancel(timer, &was_set));
    CHECK_EQ(was_set, 0, "and is no more");
    CHECK_OK(timer_set(timer, notification, clock_now() + MS(1000), 0, 0));
    delete (notification);
    CHECK_OK(timer_cancel(timer, &was_set));
    CHECK_EQ(was_set, 0, "without its notification it is not set");
}

TEST(irq_refuses)
{
    cap_addr_t irq = make(OBJECT_IRQ, 0);
    cap_addr_t other = make(OBJECT_IRQ, 0);
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    uint32_t cores = 0, lines = 0, data;
    uint64_t ram, kernel, now, address;

    REQUIRE_OK(machine_info(MACHINE, &cores, &ram, &kernel, &now, &lines));
    CHECK(lines >= 16, "at least the lines of a PC");
    EXPECT(IRQ, BIND, GONE, irq_bind(irq, notification));
    EXPECT(IRQ, BIND, GONE, irq_bind(irq, 0));
    EXPECT(IRQ, ACK, GONE, irq_ack(irq));
    EXPECT(IRQ, CLAIM_LINE, RANGE, irq_claim_line(irq, MACHINE, lines, 0, 0));
    REQUIRE_OK(irq_claim_line(irq, MACHINE, LINE_RTC, 0, 0));
    EXPECT(IRQ, CLAIM_LINE, BUSY, irq_claim_line(irq, MACHINE, LINE_RTC + 1, 0, 0));
    EXPECT(IRQ, SET_BAND, BUSY, irq_set_band(irq, 3));
    CHECK_OK(irq_set_band(other, 15));
    EXPECT(IRQ, SET_CORE, BUSY, irq_set_core(irq, 0));
    EXPECT(IRQ, SET_CORE, RANGE, irq_set_core(other, cores));
    CHECK_OK(irq_set_core(other, 0));
    EXPECT(IRQ, CLAIM_LINE, BUSY, irq_claim_line(other, MACHINE, LINE_RTC, 0, 0));
    EXPECT(IRQ, CLAIM_MSI, RANGE, irq_claim_msi(other, MACHINE, SOURCE_NONE, &address, &data));
    EXPECT(IRQ, CLAIM_MSI, BUSY, irq_claim_msi(irq, MACHINE, SOURCE, &address, &data));
    EXPECT(IRQ, ACK, GONE, irq_ack(irq));
    CHECK_OK(irq_bind(irq, notification));
    CHECK_OK(irq_ack(irq));
    CHECK_OK(irq_bind(irq, notification));
    CHECK_OK(irq_bind(irq, 0));
    EXPECT(IRQ, ACK, GONE, irq_ack(irq));
    CHECK_OK(irq_bind(irq, notification));
    delete (notification);
    EXPECT(IRQ, ACK, GONE, irq_ack(irq));
    delete (irq);
    CHECK_OK(irq_claim_line(other, MACHINE, LINE_RTC, 0, 0));
}

TEST(msi_vectors_run_out_and_come_back)
{
    cap_addr_t first = make_row(OBJECT_IRQ, 0, 256);
    uint64_t address = 0, last_address = 0;
    uint32_t data = 0, last_data = 0xffffffff;
    uint32_t count = 0;
    err_t err = ERR_OK;

    while (count < 256) {
        err = irq_claim_msi(first + count, MACHINE, SOURCE, &address, &data);
        if (err) {
            break;
        }
        CHECK(address != last_address || data != last_data, "each has its own message");
        CHECK_EQ(address >> 20, 0xfee, "to a local APIC");
        last_address = address;
        last_data = data;
        count++;
    }
    EXPECT(IRQ, CLAIM_MSI, NO_MEMORY, err);
    EXPECT(IRQ, CLAIM_LINE, NO_MEMORY, irq_claim_line(first + count, MACHINE, LINE_RTC, 0, 0));
    CHECK_BETWEEN(count, 32, 223, "as many as there are vectors");
    delete (first + 3);
    CHECK_OK(irq_claim_msi(first + count, MACHINE, SOURCE, &address, &data));
}

TEST(ports_refuse)
{
    cap_addr_t ports = make(OBJECT_IO_PORT, 0);
    cap_addr_t other = make(OBJECT_IO_PORT, 0);
    uint32_t value;

    EXPECT(IO_PORT, READ, RANGE, io_port_read(ports, 0, 1, &value));
    EXPECT(IO_PORT, WRITE, RANGE, io_port_write(ports, 0, 1, 0));
    EXPECT(IO_PORT, CLAIM, RANGE, io_port_claim(ports, MACHINE, 65535, 2));
    EXPECT(IO_PORT, CLAIM, RANGE, io_port_claim(ports, MACHINE, 1, 65536));
    EXPECT(IO_PORT, CLAIM, BUSY, io_port_claim(ports, MACHINE, 0, 65536));
    EXPECT(IO_PORT, CLAIM, BUSY, io_port_claim(ports, MACHINE, 0x20, 2));
    EXPECT(IO_PORT, CLAIM, BUSY, io_port_claim(ports, MACHINE, 0xa0, 2));
    EXPECT(IO_PORT, CLAIM, BUSY, io_port_claim(ports, MACHINE, 0x40, 4));
    REQUIRE_OK(io_port_claim(ports, MACHINE, PORT_NONE, 8));
    EXPECT(IO_PORT, CLAIM, BUSY, io_port_claim(ports, MACHINE, PORT_NONE + 16, 8));
    EXPECT(IO_PORT, CLAIM, BUSY, io_port_claim(other, MACHINE, PORT_NONE + 7, 1));
    EXPECT(IO_PORT, CLAIM, BUSY, io_port_claim(other, MACHINE, PORT_NONE - 1, 2));
    EXPECT(IO_PORT, CLAIM, BUSY, io_port_claim(other, MACHINE, PORT_NONE - 1, 100));
    CHECK_OK(io_port_claim(other, MACHINE, PORT_NONE + 8, 1));
    EXPECT(IO_PORT, READ, RANGE, io_port_read(ports, PORT_NONE, 3, &value));
    EXPECT(IO_PORT, READ, RANGE, io_port_read(ports, PORT_NONE - 1, 1, &value));
    EXPECT(IO_PORT, READ, RANGE, io_port_read(ports, PORT_NONE - 1, 2, &value));
    EXPECT(IO_PORT, READ, RANGE, io_port_read(ports, PORT_NONE + 8, 1, &value));
    EXPECT(IO_PORT, READ, RANGE, io_port_read(ports, PORT_NONE + 5, 4, &value));
    EXPECT(IO_PORT, READ, RANGE, io_port_read(other, PORT_NONE + 8, 2, &value));
    EXPECT(IO_PORT, WRITE, RANGE, io_port_write(ports, PORT_NONE, 3, 0));
    EXPECT(IO_PORT, WRITE, RANGE, io_port_write(ports, PORT_NONE + 7, 2, 0));
    CHECK_OK(io_port_read(ports, PORT_NONE + 4, 4, &value));
    CHECK_OK(io_port_write(ports, PORT_NONE + 7, 1, 0));
    delete (ports);
    cap_addr_t third = make(OBJECT_IO_PORT, 0);

    CHECK_OK(io_port_claim(third, MACHINE, PORT_NONE, 8));
}

TEST(ports_are_claimed_in_so_many_ranges)
{
    cap_addr_t first = make_row(OBJECT_IO_PORT, 0, RANGES_MAX + 1);
    uint32_t count = 0;

    while (count <= RANGES_MAX &&
           io_port_claim(first + count, MACHINE, PORT_NONE + count, 1) == ERR_OK) {
        count++;
    }
    CHECK_BETWEEN(count, RANGES_MAX - 16, RANGES_MAX, "less what others have");
    EXPECT(IO_PORT, CLAIM, NO_MEMORY, io_port_claim(first + count, MACHINE, PORT_NONE + count, 1));
    EXPECT(IO_PORT, CLAIM, BUSY, io_port_claim(first + count, MACHINE, PORT_NONE, 1));
    delete (first);
    CHECK_OK(io_port_claim(first + count, MACHINE, PORT_NONE + count, 1));
}

TEST(ports_reach_the_device)
{
    cap_addr_t ports = make(OBJECT_IO_PORT, 0);
    uint32_t value = 0;

    REQUIRE_OK(io_port_claim(ports, MACHINE, PORT_RTC, 2));
    CHECK_OK(io_port_write(ports, PORT_RTC, 1, 0x50)); /* a byte of CMOS memory that nobody uses */
    CHECK_OK(io_port_write(ports, PORT_RTC + 1, 1, 0xa5));
    CHECK_OK(io_port_write(ports, PORT_RTC, 1, 0x50));
    CHECK_OK(io_port_read(ports, PORT_RTC + 1, 1, &value));
    CHECK_EQ(value, 0xa5, "what was written");
}

TEST(machine_info_agrees_with_the_clock_page)
{
    const struct boot_info *boot = (const struct boot_info *)BOOT_INFO_ADDR;
    uint32_t cores = 0, lines = 0;
    uint64_t ram = 0, kernel = 0, now = 0;
    ns_t before = clock_now();

    CHECK_OK(machine_info(MACHINE, &cores, &ram, &kernel, &now, &lines));
    CHECK_BETWEEN(now, before, clock_now(), "one clock");
    CHECK_BETWEEN(cores, 1, 64, "as many as the kernel knows of");
    CHECK_EQ(ram, boot->ram_bytes, "as at the start");
    CHECK_EQ(kernel, boot->kernel_bytes, "as at the start");
    uint64_t given = 0;

    for (uint32_t i = 0; i < boot->untyped_count; i++) {
        given += boot->untyped[i].device ? 0 : boot->untyped[i].size_bytes;
    }
    CHECK(ram - kernel >= given, "every byte is somebody's");
    CHECK(kernel < MIB(2), "the kernel is small");
}

TEST(debug_uart_and_trace)
{
    uint32_t character;
    uint64_t before = 0, after = 0;

    EXPECT(MACHINE, DEBUG_READ, WOULD_BLOCK, machine_debug_read(MACHINE, &character));
    CHECK_OK(machine_debug_write(MACHINE, 1, '\n', 0, 0, 0, 0, 0));
    CHECK_OK(machine_trace(MACHINE, 1, &before));
    CHECK_OK(thread_yield());
    CHECK_OK(machine_trace(MACHINE, 0, &after));
    CHECK(after > before, "events are recorded");
    CHECK_OK(thread_yield());
    CHECK_OK(machine_trace(MACHINE, 0, &before));
    CHECK_EQ(before, after, "and no longer");
}
