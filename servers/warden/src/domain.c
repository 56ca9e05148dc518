/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "warden.h"

static bool is_trusted(void)
{
    return (warden()->description.header.flags & DESCRIPTION_DMA_TRUSTED) != 0;
}

/* Does anything remap what the device does? */
static bool is_remapped(cap_addr_t slot)
{
    uint32_t bits = 0, sources, muted, attached, tables;

    return io_space_info(slot, &bits, &sources, &muted, &attached, &tables) == ERR_OK && bits != 0;
}

err_t domain_keep(cap_addr_t slot)
{
    err_t err = object_keep(slot, OBJECT_IO_SPACE, 0);

    if (err || is_remapped(slot)) {
        return err;
    }
    step();
    (void)!cap_table_delete(self()->table, slot);
    return is_trusted() ? ERR_OK : ERR_GONE;
}

err_t domain_attach(cap_addr_t slot, uint32_t id)
{
    err_t err;

    if (slot_is_empty(slot)) {
        return ERR_OK; /* trusted */
    }
    err = io_space_attach(slot, WARDEN_SLOT_MACHINE, id);
    if (err == ERR_BUSY) { /* by a warden that died before it noted that */
        domain_detach(slot, id);
        err = io_space_attach(slot, WARDEN_SLOT_MACHINE, id);
    }
    return err;
}

void domain_detach(cap_addr_t slot, uint32_t id)
{
    if (!slot_is_empty(slot)) {
        (void)!io_space_detach(slot, id); /* GONE: it was not attached */
    }
}

err_t domain_irq_claim(cap_addr_t irq, uint32_t id, uint64_t *address, uint32_t *data)
{
    return irq_claim_msi(irq, WARDEN_SLOT_MACHINE, id, address, data);
}
