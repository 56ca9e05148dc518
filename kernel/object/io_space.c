/* SPDX-License-Identifier: MIT */
/*
 * Spaces of devices: which sources are in them, and the faults of those (abi/idl/kernel.idl, interface
 * io_space; docs/kernel/iommu.md). Must stay true: a storm of faults costs a bounded number of interrupts, because what
 * nobody reads is muted.
 */
#include "object/io_space.h"

#include <stddef.h>

#include "arch/iommu.h"
#include "core/core.h"
#include "ipc/ipc.h"
#include "kernel_gen/methods.h"
#include "mm/vspace.h"

static struct io_space *io_of(const struct cap *cap)
{
    return cap->object;
}

void io_space_init(const struct core *core, struct io_space *io)
{
    vspace_init_io(&io->space);
    io->faults.lost = core->machine->dma.lost;
}

static struct io_source *source_find(struct io_space *io, uint32_t id)
{
    for (uint32_t i = 0; i < io->source_count; i++) {
        if (io->sources[i].id == id) {
            return &io->sources[i];
        }
    }
    return NULL;
}

/* --- Sources --------------------------------------------------------------------------------------- */

/* A domain that no space has; 0: none is left. */
static uint32_t domain_find(const struct machine *machine)
{
    uint32_t count = arch_iommu.domains;

    for (uint32_t i = 1; i < count && i < IO_DOMAINS_MAX; i++) {
        if (machine->dma.domains[i] == NULL) {
            return i;
        }
    }
    return 0;
}

err_t io_space_on_attach(struct invocation *inv, const struct io_space_attach_args *args)
{
    struct machine *machine = inv->core->machine;
    struct io_space *io = io_of(inv->target);
    uint32_t domain;
    err_t err;

    if (arch_iommu.bits == 0 || !arch_iommu_covers(args->source)) {
        return ERR_RANGE;
    }
    if (arch_iommu_domain_of(args->source) != 0) {
        return ERR_BUSY;
    }
    domain = io->domain != 0 ? io->domain : domain_find(machine);
    if (io->source_count == IO_SOURCES_MAX || domain == 0) {
        return ERR_NO_MEMORY;
    }
    err = dma_faults_take(inv->core); /* what was recorded is not this space's */
    if (err) {
        return err;
    }
    /* All that the unit reads from now on; what is changed in it later is published each time. */
    arch_iommu_publish(vspace_root(&io->space), PTE_PER_TABLE * sizeof(uint64_t));
    err = arch_iommu_attach(args->source, domain, io->space.root);
    if (err) {
        return err;
    }
    io->domain = domain;
    machine->dma.domains[domain] = io;
    io->sources[io->source_count++] = (struct io_source){ .id = (uint16_t)args->source };
    return ERR_OK;
}

/* The last source takes its place. */
static void source_detach(struct machine *machine, struct io_space *io, struct io_source *source)
{
    arch_iommu_detach(source->id);
    *source = io->sources[--io->source_count];
    if (io->source_count == 0) {
        machine->dma.domains[io->domain] = NULL;
        io->domain = 0;
    }
}

err_t io_space_on_detach(struct invocation *inv, const struct io_space_detach_args *args)
{
    struct io_space *io = io_of(inv->target);
    struct io_source *source = source_find(io, args->source);

    if (source == NULL) {
        return ERR_GONE;
    }
    err_t err = dma_faults_take(inv->core); /* what was recorded is still this space's */

    if (err == ERR_OK) {
        source_detach(inv->core->machine, io, source);
    }
    return err;
}

err_t io_space_destroy(struct core *core, struct io_space *io)
{
    while (io->source_count != 0) {
        source_detach(core->machine, io, &io->sources[0]);
        if (arch_interrupt_pending(core)) {
            return KERNEL_RESTART;
        }
    }
    cap_unembed(&io->notification_cap);
    return vspace_destroy(core, &io->space);
}

err_t io_space_on_info(struct invocation *inv, struct io_space_info_results *results)
{
    const struct io_space *io = io_of(inv->target);

    results->bits = arch_iommu.bits;
    results->sources = io->source_count;
    results->attached = io->space.frame_runs;
    results->tables = io->space.tables_used;
    for (uint32_t i = 0; i < io->source_count; i++) {
        results->muted += io->sources[i].is_muted;
    }
    return ERR_OK;
}

/* --- Faults ---------------------------------------------------------------------------------------- */

static void note(struct dma_faults *faults, const struct arch_dma_fault *fault)
{
    if (faults->count == 0) {
        faults->source = fault->source;
        faults->reason = fault->reason;
        faults->address = fault->address;
    }
    if (faults->count < UINT32_MAX) {
        faults->count++;
    }
}

/* Who cannot be muted makes the units deaf, until somebody asks them. */
static void mute(const struct arch_dma_fault *fault)
{
    if (!arch_iommu_mute(fault->source, true) || fault->is_message) {
        arch_iommu_deafen(true);
    }
}

static void fault_of_stray(struct machine *machine, const struct arch_dma_fault *fault)
{
    struct dma_faults *strays = &machine->dma.strays;

    note(strays, fault);
    if (strays->count >= IO_FAULTS_MAX) {
        mute(fault);
    }
}

static void fault_of_io(struct core *core, struct io_space *io, const struct arch_dma_fault *fault)
{
    struct io_source *source = source_find(io, fault->source);

    assert(source != NULL);
    if (source->is_muted) {
        if (fault->is_message) {
            arch_iommu_deafen(true);
        }
        return; /* others were recorded before it was muted */
    }
    note(&io->faults, fault);
    source->faults++;
    if (source->faults == IO_FAULTS_MAX) {
        mute(fault);
        source->is_muted = true;
    }
    if (io->notification_cap.type != OBJECT_NONE) {
        notification_signal(core, io->notification_cap.object, io->notification_cap.badge);
    }
}

/* The next record, if there is one. So many in a row that nothing else was done come faster than they are taken: whoever asks hears of the rest. */
static bool fault_take(struct core *core)
{
    struct dma *dma = &core->machine->dma;
    struct arch_dma_fault fault;

    if (!arch_iommu_fault_take(&fault, &dma->lost)) {
        dma->in_a_row = 0;
        return false;
    }
    uint32_t domain = arch_iommu_domain_of(fault.source);

    if (domain == 0) {
        fault_of_stray(core->machine, &fault);
    } else {
        fault_of_io(core, dma->domains[domain], &fault);
    }
    if (++dma->in_a_row < DMA_FAULTS_IN_A_ROW_MAX) {
        return true;
    }
    dma->in_a_row = 0;
    arch_iommu_deafen(true);
    return false;
}

err_t dma_faults_take(struct core *core)
{
    while (fault_take(core)) {
        if (arch_interrupt_pending(core)) {
            return KERNEL_RESTART;
        }
    }
    return ERR_OK;
}

void dma_fault_take(struct core *core)
{
    if (fault_take(core)) {
        arch_iommu_faults_again();
    }
}

/* Whoever asks is told what the units hold now, and makes them report again. */
static err_t faults_read(struct invocation *inv, struct dma_faults *faults, struct dma_faults *read)
{
    struct machine *machine = inv->core->machine;

    if (arch_iommu.bits != 0) {
        err_t err = dma_faults_take(inv->core);

        if (err) {
            return err;
        }
        arch_iommu_deafen(false);
    }
    *read = *faults;
    read->lost = machine->dma.lost - faults->lost;
    *faults = (struct dma_faults){ .lost = machine->dma.lost };
    return ERR_OK;
}

err_t io_space_on_fault(struct invocation *inv, struct io_space_fault_results *results)
{
    struct io_space *io = io_of(inv->target);
    struct dma_faults read;
    err_t err = faults_read(inv, &io->faults, &read);

    if (err) {
        return err;
    }
    *results = (struct io_space_fault_results){ read.count, read.source, read.address, read.reason,
                                                read.lost };
    for (uint32_t i = 0; i < io->source_count; i++) {
        io->sources[i].faults = io->sources[i].is_muted ? IO_FAULTS_MAX : 0;
    }
    return ERR_OK;
}

err_t machine_on_faults(struct invocation *inv, struct machine_faults_results *results)
{
    struct dma_faults read;
    err_t err = faults_read(inv, &inv->core->machine->dma.strays, &read);

    if (err) {
        return err;
    }
    *results = (struct machine_faults_results){ read.count, read.source, read.address, read.reason,
                                                read.lost };
    return ERR_OK;
}

err_t io_space_on_unmute(struct invocation *inv, const struct io_space_unmute_args *args)
{
    struct io_source *source = source_find(io_of(inv->target), args->source);

    if (source == NULL) {
        return ERR_GONE;
    }
    (void)arch_iommu_mute(source->id, false); /* it has an entry: nothing more is needed */
    source->is_muted = false;
    source->faults = 0;
    return ERR_OK;
}

err_t io_space_on_bind(struct invocation *inv, const struct io_space_bind_args *args)
{
    struct io_space *io = io_of(inv->target);

    return cap_embed(args->notification, &io->notification_cap, io, NULL);
}
