/* SPDX-License-Identifier: MIT */
/*
 * Devices: what a driver gets of one, and keeping it quiet while there is no driver. The PCI server does what needs
 * configuration space; it is called with deadlines, and its word is not needed to keep a device from memory.
 */
#include "warden.h"

#include "domain.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/pci_calls.h"
#include "pith/string.h"

enum { ASK_MS = 50, RESET_MS = 200, BARS = 6, BAR_IS_PORTS = 4 };

static ns_t soon(uint32_t ms)
{
    alive(ms * NS_PER_MS);
    return clock_now() + ms * NS_PER_MS;
}

/* The PCI server's endpoint with our badge; 0: the system has none. */
static cap_addr_t pci_server(void)
{
    const struct description *description = &warden()->description;

    for (uint32_t i = 0; i < description->header.interface_count; i++) {
        if (strcmp(description->interfaces[i].name, "pci") == 0 &&
            description->interfaces[i].server != DESCRIPTION_WARDEN) {
            return slot_of(description->interfaces[i].server, PART_MASTER);
        }
    }
    return 0;
}

static uint32_t id_of(uint32_t program)
{
    return record_of(program)->device - 1;
}

static err_t bars_keep(uint32_t program)
{
    for (uint32_t i = 0; i < BARS; i++) {
        uint64_t base = 0, bytes = 0;
        uint32_t flags = 0;
        err_t err = pci_bar(pci_server(), soon(ASK_MS), id_of(program), i, &base, &bytes, &flags);

        if (err == ERR_OK && bytes != 0 && !(flags & BAR_IS_PORTS)) {
            err = device_frame_keep(slot_of(program, PART_BARS + i), base, bytes);
        }
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

static bool irqs_are_kept(uint32_t program)
{
    for (uint32_t i = 0; i < PROGRAM_IRQS_MAX; i++) {
        if (record_of(program)->irqs[i].slot != slot_of(program, PART_IRQS + i)) {
            return false;
        }
    }
    return true;
}

/*
 * What a device must write is said only once, when its interrupt is claimed: if a warden died before it noted that, all are
 * made anew. They have memory of their own, which is had back then.
 */
static err_t irqs_keep(uint32_t program)
{
    cap_addr_t memory = slot_of(program, PART_IRQ_MEMORY);
    struct program_irq irqs[PROGRAM_IRQS_MAX] = { 0 };
    err_t err;

    if (irqs_are_kept(program)) {
        return ERR_OK;
    }
    err = object_keep(memory, OBJECT_UNTYPED, PAGE_BYTES);
    if (err == ERR_OK) {
        step();
        err = cap_table_revoke(PROGRAM_SLOT_TABLE, memory);
    }
    for (uint32_t i = 0; err == ERR_OK && i < PROGRAM_IRQS_MAX; i++) {
        irqs[i].slot = slot_of(program, PART_IRQS + i);
        step();
        err = untyped_retype(memory, OBJECT_IRQ, 0, 1, PROGRAM_SLOT_TABLE, irqs[i].slot);
        if (err == ERR_OK) {
            step();
            err = irq_set_band(irqs[i].slot, description_of(program)->irq_band);
        }
        if (err == ERR_OK) {
            step();
            err = irq_set_core(irqs[i].slot, description_of(program)->core);
        }
        if (err == ERR_OK) {
            step();
            err = domain_irq_claim(irqs[i].slot, id_of(program), &irqs[i].address, &irqs[i].data);
        }
    }
    if (err == ERR_OK) {
        memcpy(record_of(program)->irqs, irqs, sizeof(irqs));
        record_seal(record_of(program));
    }
    return err;
}

err_t device_keep(uint32_t program, const char **why)
{
    const struct description_program *description = description_of(program);
    struct record *record = record_of(program);
    uint32_t id = 0;
    err_t err;

    if (pci_server() == 0) {
        *why = "the system has no PCI server";
        return ERR_GONE;
    }
    *why = "its device is not there, or the PCI server does not answer";
    err = pci_find(pci_server(), soon(ASK_MS), description->device_vendor,
                   description->device_number, description->device_index, &id);
    if (err) {
        return err;
    }
    record->device = id + 1;
    record_seal(record);
    *why = "its device's memory cannot be had";
    err = bars_keep(program);
    if (err) {
        return err;
    }
    *why = "there is no domain for its device";
    err = domain_keep(slot_of(program, PART_SPACE));
    if (err) {
        return err;
    }
    *why = "faults of its device cannot be heard of";
    err = strays_listen(program);
    if (err) {
        return err;
    }
    *why = "no interrupt is left for its device";
    return irqs_keep(program);
}

err_t device_release(uint32_t program, const char **why)
{
    uint32_t vectors = 0;
    err_t err;

    strays_forget(program);
    step();
    err = domain_attach(slot_of(program, PART_SPACE), id_of(program));
    *why = "its device cannot be attached to its domain";
    if (err) {
        return err;
    }
    *why = "the PCI server cannot enable its device";
    step();
    return pci_enable(pci_server(), soon(ASK_MS), id_of(program), 1, &vectors);
}

/* Errors change nothing: the domain alone keeps the device from memory, and the successor resets it again. */
void device_quiesce(uint32_t program)
{
    uint32_t how;

    if (record_of(program)->device == 0 || pci_server() == 0) {
        return;
    }
    step();
    (void)!pci_disable(pci_server(), soon(ASK_MS), id_of(program));
    step();
    domain_detach(slot_of(program, PART_SPACE), id_of(program));
    step();
    (void)!pci_reset(pci_server(), soon(RESET_MS), id_of(program), &how);
    strays_forget(program);
}
