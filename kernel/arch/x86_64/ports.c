/* SPDX-License-Identifier: MIT */
/* I/O ports: for programs that were given some, for the debug UART, and for the way out. */
#include "arch/arch.h"

#include "arch_private.h"
#include "cpu.h"

/* A 16550: registers from the base on, with the divisor latch closed. */
#define UART_PORT 0x3f8u
#define UART_DATA (UART_PORT + 0)
#define UART_IRQS (UART_PORT + 1)
#define UART_FIFO (UART_PORT + 2)
#define UART_LINE (UART_PORT + 3)
#define UART_MODEM (UART_PORT + 4)
#define UART_STATUS (UART_PORT + 5)
#define UART_LINE_8N1 0x03u
#define UART_LINE_DIVISOR 0x80u
#define UART_FIFO_ON 0x07u     /* on, both emptied */
#define UART_MODEM_READY 0x0bu /* DTR, RTS, OUT2 */
#define UART_STATUS_INPUT 0x01u
#define UART_STATUS_ROOM 0x20u
#define UART_STATUS_NONE 0xffu /* the bus floats: there is no UART */
#define UART_WAIT_MAX 100000u

#define DEBUG_EXIT_PORT 0xf4u /* QEMU's isa-debug-exit: status is code * 2 + 1 */
#define POWER_PORT 0x604u     /* PM1a control of QEMU's q35 */
#define POWER_OFF 0x2000u     /* sleep type 0 and enable */
#define RESET_PORT 0xcf9u
#define RESET_FULL 0x0eu
#define RESET_READY 0x02u

void uart_init(void)
{
    port_write8(UART_IRQS, 0);
    port_write8(UART_LINE, UART_LINE_DIVISOR);
    port_write8(UART_DATA, 1); /* 115200 */
    port_write8(UART_IRQS, 0);
    port_write8(UART_LINE, UART_LINE_8N1);
    port_write8(UART_FIFO, UART_FIFO_ON);
    port_write8(UART_MODEM, UART_MODEM_READY);
}

static void uart_write(char character)
{
    for (uint32_t i = 0; i < UART_WAIT_MAX; i++) {
        if ((port_read8(UART_STATUS) & UART_STATUS_ROOM) != 0) {
            break;
        }
    }
    port_write8(UART_DATA, (uint8_t)character);
}

void arch_debug_put(char character)
{
    if (character == '\n') {
        uart_write('\r');
    }
    uart_write(character);
}

bool arch_debug_get(char *character)
{
    uint8_t status = port_read8(UART_STATUS);

    if (status == UART_STATUS_NONE || (status & UART_STATUS_INPUT) == 0) {
        return false;
    }
    *character = (char)port_read8(UART_DATA);
    return true;
}

/* The two old interrupt controllers and the old timer, from which interrupts would come. */
bool arch_port_is_kernels(uint32_t first, uint32_t count)
{
    static const struct {
        uint16_t first, count;
    } kernels[] = { { 0x20, 2 }, { 0xa0, 2 }, { 0x40, 4 } };

    for (uint32_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
        if (first < (uint32_t)kernels[i].first + kernels[i].count &&
            kernels[i].first < first + count) {
            return true;
        }
    }
    return false;
}

uint32_t arch_port_read(uint32_t port, uint32_t width)
{
    switch (width) {
    case 1:
        return port_read8(port);
    case 2:
        return port_read16(port);
    default:
        return port_read32(port);
    }
}

void arch_port_write(uint32_t port, uint32_t width, uint32_t value)
{
    switch (width) {
    case 1:
        port_write8(port, (uint8_t)value);
        break;
    case 2:
        port_write16(port, (uint16_t)value);
        break;
    default:
        port_write32(port, value);
        break;
    }
}

static void power_off(uint32_t code)
{
    port_write32(DEBUG_EXIT_PORT, code);
    port_write16(POWER_PORT, POWER_OFF);
}

/* The reset register, and then, if that did nothing, an exception that cannot be delivered. */
static void reboot(void)
{
    static const uint64_t no_idt[2];

    port_write8(RESET_PORT, RESET_READY);
    port_write8(RESET_PORT, RESET_FULL);
    for (uint32_t i = 0; i < UART_WAIT_MAX; i++) {
        cpu_pause();
    }
    idt_load(no_idt);
    __asm__ volatile("int3");
}

_Noreturn void arch_restart(uint32_t how, uint32_t code)
{
    if (how == 0) {
        power_off(code);
    } else {
        reboot();
    }
    for (;;) {
        cpu_halt();
    }
}
