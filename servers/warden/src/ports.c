/* SPDX-License-Identifier: MIT */
/*
 * Old devices at fixed I/O ports. Ports and line are claimed once and outlive the driver; who has the machine has
 * them for ever, so that nobody else can. They do no DMA, and so need not be quiet while there is no driver: a line
 * that nobody has bound is masked.
 */
#include "warden.h"

#include "pith/kernel_calls.h"
#include "pith/self.h"

/* What a warden that died before it noted that has claimed already is there. */
static err_t claimed(cap_addr_t slot, bool is_new, err_t err)
{
    if (err == ERR_BUSY && !is_new) {
        return ERR_OK;
    }
    if (err) {
        (void)!cap_table_delete(self()->table, slot);
    }
    return err;
}

err_t ports_keep(uint32_t program, const char **why)
{
    const struct description_program *description = description_of(program);
    cap_addr_t ports = slot_of(program, PART_PORTS);
    cap_addr_t line = slot_of(program, PART_IRQS);
    bool is_new = slot_is_empty(ports);
    err_t err = object_keep(ports, OBJECT_IO_PORT, 0);

    *why = "another has its I/O ports";
    if (err == ERR_OK) {
        step();
        err = claimed(ports, is_new,
                      io_port_claim(ports, WARDEN_SLOT_MACHINE, description->ports_first,
                                    description->ports_count));
    }
    if (err || description->line == 0) {
        return err;
    }
    *why = "another has its interrupt line";
    is_new = slot_is_empty(line);
    err = object_keep(line, OBJECT_IRQ, 0);
    if (err == ERR_OK) {
        step();
        (void)!irq_set_band(line, description->irq_band); /* BUSY: it was claimed before */
        (void)!irq_set_core(line, description->core);
        err = claimed(line, is_new,
                      irq_claim_line(line, WARDEN_SLOT_MACHINE, description->line - 1, 0, 0));
    }
    if (err == ERR_OK && record_of(program)->irqs[0].slot != line) {
        record_of(program)->irqs[0] = (struct program_irq){ .slot = line };
        record_seal(record_of(program));
    }
    return err;
}
