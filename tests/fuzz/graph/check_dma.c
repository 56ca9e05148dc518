/* SPDX-License-Identifier: MIT */
/*
 * Spaces of devices against the DMA remapping unit: each source is in the domain of the space that lists it, and in no
 * other; a space has a domain exactly while it has sources; the machine's table of domains agrees; who is muted; and
 * the unit remembers nothing that is not so any more, and lets nobody raise what nobody has.
 */
#include "check.h"

enum { SOURCE_SEEN = 1 };

static bool check_source(struct view *view, const struct io_space *io,
                         const struct io_source *source, uint8_t *seen)
{
    phys_t root = 0;

    if (source->id >= HOST_SOURCES || seen[source->id] == SOURCE_SEEN) {
        return view_fail(view, "source %u is in two spaces, or does not exist", source->id);
    }
    seen[source->id] = SOURCE_SEEN;
    if (host_source_domain(source->id, &root) != io->domain || root != io->space.root) {
        return view_fail(view, "the unit sends source %u elsewhere than %s", source->id,
                         view_name(view, io));
    }
    if (source->is_muted != host_source_is_muted(source->id) || source->faults > IO_FAULTS_MAX ||
        source->is_muted != (source->faults == IO_FAULTS_MAX)) {
        return view_fail(view, "source %u with %u faults is%s muted, in the unit it is%s",
                         source->id, source->faults, source->is_muted ? "" : " not",
                         host_source_is_muted(source->id) ? "" : " not");
    }
    return true;
}

static bool check_io_space(struct view *view, const struct io_space *io, uint8_t *seen)
{
    const struct dma *dma = &host_core(0)->machine->dma;

    if (io->source_count > IO_SOURCES_MAX || (io->domain != 0) != (io->source_count != 0)) {
        return view_fail(view, "%s has %u sources and domain %u", view_name(view, io),
                         io->source_count, io->domain);
    }
    if (io->domain != 0 && (io->domain >= IO_DOMAINS_MAX || dma->domains[io->domain] != io)) {
        return view_fail(view, "the machine does not know of the domain of %s",
                         view_name(view, io));
    }
    for (uint32_t i = 0; i < io->source_count; i++) {
        if (!check_source(view, io, &io->sources[i], seen)) {
            return false;
        }
    }
    return true;
}

bool check_dma(struct view *view)
{
    const struct dma *dma = &host_core(0)->machine->dma;
    uint8_t seen[HOST_SOURCES] = { 0 };
    phys_t root;

    VIEW_EACH(view, OBJECT_IO_SPACE, found)
    {
        if (!check_io_space(view, found->object, seen)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < HOST_SOURCES; i++) {
        if (seen[i] == 0 && host_source_domain(i, &root) != 0) {
            return view_fail(view, "the unit has source %u in a domain that no space lists", i);
        }
    }
    for (uint32_t i = 0; i < IO_DOMAINS_MAX; i++) {
        if (dma->domains[i] != NULL &&
            (!view_has(view, dma->domains[i], OBJECT_IO_SPACE) || dma->domains[i]->domain != i)) {
            return view_fail(view, "domain %u is of a dead space, or of one that does not know", i);
        }
    }
    for (uint32_t i = 0; i < ARCH_IRQ_VECTORS; i++) {
        if (host_msi_source(i) != HOST_NO_SOURCE && host_core(0)->machine->vectors[i] == NULL) {
            return view_fail(view, "a device may raise vector %u, which nobody has", i);
        }
        const struct irq *irq = host_core(0)->machine->vectors[i];

        if (irq != NULL && irq->line == IRQ_NO_LINE && irq->is_masked && !irq->is_held &&
            irq->notification_cap.type != OBJECT_NONE) {
            return view_fail(view, "the message of %s is masked, and no ack will unmask it",
                             view_name(view, irq));
        }
    }
    if (!host_check_iommu(view->wrong, sizeof(view->wrong))) {
        view->failed = true;
        return false;
    }
    return true;
}
