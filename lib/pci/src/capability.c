/* SPDX-License-Identifier: MIT */
#include "pci/pci.h"

#include "pci/registers.h"

/* Capabilities lie behind the header and are at least 4 bytes long. */
enum { LIST_FIRST = 0x40, LIST_END = 0x100, STEPS_MAX = (LIST_END - LIST_FIRST) / 4 };

static err_t list_start(struct pci_list *list, uint32_t *at)
{
    uint32_t status;
    err_t err = list->read(list->context, PCI_STATUS, 2, &status);

    if (err) {
        return err;
    }
    if ((status & PCI_STATUS_HAS_LIST) == 0) {
        *at = 0;
        return ERR_OK;
    }
    return list->read(list->context, PCI_CAPABILITIES, 1, at);
}

err_t pci_capability_next(struct pci_list *list)
{
    uint32_t next;
    uint32_t kind = 0;
    err_t err =
        list->at == 0 ? list_start(list, &next) : list->read(list->context, list->at + 1, 1, &next);

    if (err) {
        return err;
    }
    next &= ~3u; /* the lowest two bits are reserved */
    if (next != 0) {
        if (next < LIST_FIRST || next >= LIST_END || list->steps >= STEPS_MAX) {
            return ERR_RANGE;
        }
        list->steps++;
        err = list->read(list->context, next, 1, &kind);
        if (err) {
            return err;
        }
    }
    list->at = next;
    list->kind = kind;
    return ERR_OK;
}
