/* SPDX-License-Identifier: MIT */
/* The methods of spaces of devices that are about memory (abi/idl/kernel.idl, interface io_space). */

#include "arch/iommu.h"
#include "core/core.h"
#include "kernel_gen/methods.h"
#include "mm/vspace.h"
#include "object/io_space.h"

static struct vspace *space_of(const struct cap *cap)
{
    return &((struct io_space *)cap->object)->space;
}

err_t io_space_on_add_tables(struct invocation *inv, const struct io_space_add_tables_args *args)
{
    return vspace_attach(space_of(inv->target), args->tables);
}

err_t io_space_on_map(struct invocation *inv, const struct io_space_map_args *args,
                      struct io_space_map_results *results)
{
    struct mapping mapping = { args->first, args->count, args->at, args->prot };
    struct vspace *space = space_of(inv->target);
    const struct memory_run *run = &args->frame->run;
    err_t err;

    /* Devices reach each other behind the unit's back anyway: what they may do there nobody could promise. */
    if (run->is_device) {
        return ERR_WRONG_TYPE;
    }
    if (space->end == 0 || run->page_class > arch_iommu.page_class_max) {
        return ERR_RANGE;
    }
    err = vspace_map_pages(space, args->frame, &mapping, &results->done);
    if (err) {
        return err;
    }
    space->must_flush = arch_iommu.caches_absence;
    vspace_sync(inv->core, space);
    return ERR_OK;
}

err_t io_space_on_unmap(struct invocation *inv, const struct io_space_unmap_args *args)
{
    return vspace_unmap(inv->core, space_of(inv->target), args->at, args->count);
}
