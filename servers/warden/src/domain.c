/* SPDX-License-Identifier: MIT */
#include "domain.h"

#include "pith/kernel_calls.h"
#include "warden.h"

static bool is_trusted(void)
{
    return (warden()->description.header.flags & DESCRIPTION_DMA_TRUSTED) != 0;
}

err_t domain_keep(cap_addr_t slot)
{
    (void)slot;
    return is_trusted() ? ERR_OK : ERR_GONE;
}

err_t domain_attach(cap_addr_t slot, uint32_t id)
{
    (void)slot;
    (void)id;
    return ERR_OK;
}

void domain_detach(cap_addr_t slot, uint32_t id)
{
    (void)slot;
    (void)id;
}

err_t domain_irq_claim(cap_addr_t irq, uint32_t id, uint64_t *address, uint32_t *data)
{
    (void)id;
    return irq_claim_msi(irq, WARDEN_SLOT_MACHINE, address, data);
}
