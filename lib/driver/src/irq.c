/* SPDX-License-Identifier: MIT */
#include "driver/driver.h"

#include "pci/registers.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/self.h"

/* Entry `number` of the MSI-X table: PCI Local Bus 3.0, 6.8.2. */
enum { ENTRY_ADDRESS = 0, ENTRY_ADDRESS_HIGH = 1, ENTRY_DATA = 2, ENTRY_CONTROL = 3 };

static err_t msix_find(struct driver *driver, uint32_t *at)
{
    struct pci_list list = { .read = driver_config_read, .context = driver };

    do {
        err_t err = pci_capability_next(&list);

        if (err) {
            return err;
        }
        if (list.at != 0 && list.kind == PCI_CAP_MSIX) {
            *at = list.at;
            return ERR_OK;
        }
    } while (list.at != 0);
    return ERR_NO_ENTRY;
}

static err_t entry_find(struct driver *driver, uint32_t number, volatile uint32_t **entry)
{
    uint32_t at;
    uint32_t control;
    uint32_t table;
    struct driver_bar bar;
    err_t err = msix_find(driver, &at);

    if (err == ERR_OK) {
        err = driver_config_read(driver, at + PCI_MSIX_CONTROL, 2, &control);
    }
    if (err == ERR_OK) {
        err = driver_config_read(driver, at + PCI_MSIX_TABLE, 4, &table);
    }
    if (err) {
        return err;
    }
    if (number > (control & PCI_MSIX_SIZE)) {
        return ERR_NO_ENTRY;
    }
    err = driver_bar_map(driver, table & PCI_MSIX_BAR, &bar);
    if (err) {
        return err;
    }
    uint64_t offset = (table & ~PCI_MSIX_BAR) + (uint64_t)PCI_MSIX_ENTRY_BYTES * number;

    if (offset + PCI_MSIX_ENTRY_BYTES > bar.bytes) {
        return ERR_RANGE;
    }
    *entry = (volatile uint32_t *)(uintptr_t)(bar.at + offset);
    return ERR_OK;
}

err_t driver_irq_listen(struct driver *driver, uint32_t number)
{
    cap_addr_t bit;
    err_t err;

    if (number >= PROGRAM_IRQS_MAX || self()->program->irqs[number].slot == 0) {
        return ERR_NO_ENTRY;
    }
    if (driver->bits[number] != 0) {
        return ERR_OK;
    }
    err = cap_mint(PROGRAM_SLOT_EVENTS, RIGHT_SIGNAL, DRIVER_IRQ_BIT(number), &bit);
    if (err) {
        return err;
    }
    err = irq_bind(self()->program->irqs[number].slot, bit);
    if (err) {
        cap_drop(bit);
        return err;
    }
    driver->bits[number] = bit;
    return ERR_OK;
}

err_t driver_irq_start(struct driver *driver, uint32_t number)
{
    volatile uint32_t *entry;
    err_t err;

    if (number >= PROGRAM_IRQS_MAX || self()->program->irqs[number].slot == 0) {
        return ERR_NO_ENTRY;
    }
    const struct program_irq *irq = &self()->program->irqs[number];

    err = entry_find(driver, number, &entry);
    if (err == ERR_OK) {
        err = driver_irq_listen(driver, number);
    }
    if (err) {
        return err;
    }
    entry[ENTRY_CONTROL] = 1; /* masked, while it is half written */
    entry[ENTRY_ADDRESS] = (uint32_t)irq->address;
    entry[ENTRY_ADDRESS_HIGH] = (uint32_t)(irq->address >> 32);
    entry[ENTRY_DATA] = irq->data;
    entry[ENTRY_CONTROL] = 0;
    (void)!irq_ack(irq->slot); /* a predecessor may have left it masked */
    return ERR_OK;
}

void driver_irq_ack(struct driver *driver, uint32_t number)
{
    (void)driver;
    (void)!irq_ack(self()->program->irqs[number].slot);
}
