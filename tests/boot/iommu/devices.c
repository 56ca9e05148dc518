/* SPDX-License-Identifier: MIT */
#include "devices.h"

#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/kernel_calls.h"

#define PCI_SELECT 0xcf8u
#define PCI_DATA 0xcfcu
#define PCI_ENABLE 0x80000000u
#define PCI_COMMAND 0x04u
#define PCI_COMMAND_IO 1u
#define PCI_COMMAND_MEMORY 2u
#define PCI_COMMAND_DMA 4u
#define PCI_BAR0 0x10u
#define PCI_BAR4 0x20u
#define PCI_CAPABILITIES 0x34u
#define PCI_IS_MESSAGE 5u
#define PCI_MESSAGE_ON 0x10000u
#define PCI_MESSAGE_64 0x800000u

#define EDU_ID 0x11e81234u
#define EDU_AT (PLACE + MIB(64))
#define EDU_FROM 0x80u
#define EDU_TO 0x88u
#define EDU_COUNT 0x90u
#define EDU_COMMAND 0x98u
#define EDU_COMMAND_RUN 1u
#define EDU_COMMAND_TO_MEMORY 2u
#define EDU_BUFFER 0x40000u

#define UHCI_ID 0x29348086u
#define UHCI_COMMAND 0u
#define UHCI_FRAMES 8u
#define UHCI_PORTS 32u

static cap_addr_t config_ports;
static cap_addr_t uhci_ports;
static uint32_t uhci_base;

uint32_t pci_read(uint32_t source, uint32_t offset)
{
    uint32_t value = 0;

    REQUIRE_OK(io_port_write(config_ports, PCI_SELECT, 4, PCI_ENABLE | source << 8 | offset));
    REQUIRE_OK(io_port_read(config_ports, PCI_DATA, 4, &value));
    return value;
}

void pci_write(uint32_t source, uint32_t offset, uint32_t value)
{
    REQUIRE_OK(io_port_write(config_ports, PCI_SELECT, 4, PCI_ENABLE | source << 8 | offset));
    REQUIRE_OK(io_port_write(config_ports, PCI_DATA, 4, value));
}

static cap_addr_t ports_claim(uint32_t first, uint32_t count)
{
    cap_addr_t ports = make(OBJECT_IO_PORT, 0);

    REQUIRE_OK(io_port_claim(ports, MACHINE, first, count));
    return ports;
}

uint32_t pci_find(uint32_t id)
{
    if (used_bytes(test_untyped()) == 0) {
        config_ports = 0; /* another test's */
    }
    if (config_ports == 0) {
        config_ports = ports_claim(PCI_SELECT, 8);
    }
    for (uint32_t source = 0; source < 256; source++) {
        if (pci_read(source, 0) == id) {
            return source;
        }
    }
    REQUIRE(false, "the device is there");
    return 0;
}

/* A page of device memory at a physical address. */
static cap_addr_t registers_frame(uint64_t base)
{
    const struct boot_info *boot = (const struct boot_info *)BOOT_INFO_ADDR;

    for (uint32_t i = 0; i < boot->untyped_count; i++) {
        const struct boot_untyped *untyped = &boot->untyped[i];

        if (untyped->device && base - untyped->base < untyped->size_bytes) {
            if (untyped->base < base) {
                (void)make_from(untyped->slot, OBJECT_UNTYPED, base - untyped->base);
            }
            return make_from(untyped->slot, OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
        }
    }
    REQUIRE(false, "the registers are device memory");
    return 0;
}

uint32_t edu_start(void)
{
    uint32_t source = pci_find(EDU_ID);

    pci_write(source, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_DMA);
    map_at(registers_frame(pci_read(source, PCI_BAR0) & ~0xfu), EDU_AT, 1, PROT_READ | PROT_WRITE);
    return source;
}

void edu_register(uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)(EDU_AT + offset) = value;
}

static void copy(uint64_t from, uint64_t to, uint32_t bytes, uint32_t direction)
{
    *(volatile uint64_t *)(EDU_AT + EDU_FROM) = from;
    *(volatile uint64_t *)(EDU_AT + EDU_TO) = to;
    *(volatile uint64_t *)(EDU_AT + EDU_COUNT) = bytes;
    edu_register(EDU_COMMAND, EDU_COMMAND_RUN | direction);
    for (uint32_t i = 0; i < 100; i++) {
        if ((*(volatile uint32_t *)(EDU_AT + EDU_COMMAND) & EDU_COMMAND_RUN) == 0) {
            return;
        }
        sleep_ns(MS(10));
    }
    CHECK(false, "the device comes to an end");
}

void edu_to_memory(uint64_t address, uint32_t bytes)
{
    copy(EDU_BUFFER, address, bytes, EDU_COMMAND_TO_MEMORY);
}

void edu_from_memory(uint64_t address, uint32_t bytes)
{
    copy(address, EDU_BUFFER, bytes, 0);
}

static uint32_t message_capability(uint32_t source)
{
    uint32_t at = pci_read(source, PCI_CAPABILITIES) & 0xfcu;

    while (at != 0 && (pci_read(source, at) & 0xffu) != PCI_IS_MESSAGE) {
        at = pci_read(source, at) >> 8 & 0xfcu;
    }
    REQUIRE(at != 0, "it can send messages");
    return at;
}

void edu_message_off(uint32_t source)
{
    uint32_t at = message_capability(source);

    pci_write(source, at, pci_read(source, at) & ~PCI_MESSAGE_ON);
}

void edu_message_set(uint32_t source, uint64_t address, uint32_t data)
{
    uint32_t at = message_capability(source);
    bool is_64 = (pci_read(source, at) & PCI_MESSAGE_64) != 0;

    pci_write(source, at + 4, (uint32_t)address);
    if (is_64) {
        pci_write(source, at + 8, (uint32_t)(address >> 32));
    }
    pci_write(source, at + (is_64 ? 12 : 8), data);
    pci_write(source, at, pci_read(source, at) | PCI_MESSAGE_ON);
}

static void uhci_write(uint32_t offset, uint32_t width, uint32_t value)
{
    REQUIRE_OK(io_port_write(uhci_ports, uhci_base + offset, width, value));
}

uint32_t uhci_find(void)
{
    uint32_t source = pci_find(UHCI_ID);

    uhci_base = pci_read(source, PCI_BAR4) & ~0x1fu;
    uhci_ports = ports_claim(uhci_base, UHCI_PORTS);
    pci_write(source, PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_DMA);
    uhci_run(false);
    uhci_write(UHCI_FRAMES, 4, 0x1000);
    return source;
}

void uhci_run(bool on)
{
    uhci_write(UHCI_COMMAND, 2, on);
}
