/* SPDX-License-Identifier: MIT */
/* A device's domain: what it may reach of memory, and which interrupts it may raise. */
#pragma once

#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"

/** domain_keep() - a domain in this slot. ERR_GONE: no remapping hardware, and the system does not trust devices. */
MUST_CHECK err_t domain_keep(cap_addr_t slot);

/** domain_attach() - the device reaches what is in the domain, and nothing else. */
MUST_CHECK err_t domain_attach(cap_addr_t slot, uint32_t id);

/** domain_detach() - the device reaches nothing; what it had begun is drained. Repeatable. */
void domain_detach(cap_addr_t slot, uint32_t id);

/** domain_irq_claim() - a message interrupt that only this device can raise. */
MUST_CHECK err_t domain_irq_claim(cap_addr_t irq, uint32_t id, uint64_t *address, uint32_t *data);
