/* SPDX-License-Identifier: MIT */
/* Size: space_map() takes what the kernel's vspace.map takes. */
#include "pith/space.h"

#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/self.h"

enum { UNMAP_PAGES = 64, MAP_PAGES = 64, TABLES_PER_RUN = 4 }; /* as many as one call does */

err_t region_reserve(uint64_t bytes, user_addr_t *at)
{
    self_lock();
    err_t err = ranges_reserve(&self()->ranges, bytes, PAGE_BYTES, at);

    self_unlock();
    return err;
}

void region_release(user_addr_t at, uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes; done += UNMAP_PAGES * PAGE_BYTES) {
        uint64_t left = (bytes - done) / PAGE_BYTES;

        (void)!vspace_unmap(self()->space, at + done,
                            left < UNMAP_PAGES ? (uint32_t)left : (uint32_t)UNMAP_PAGES);
    }
    region_forget(at, bytes);
}

void region_forget(user_addr_t at, uint64_t bytes)
{
    self_lock();
    (void)!ranges_release(&self()->ranges, at, bytes); /* too many pieces: the place is lost */
    self_unlock();
}

err_t space_map(cap_addr_t space, user_addr_t at, cap_addr_t frame, uint32_t first, uint32_t pages,
                uint32_t prot, uint32_t *done)
{
    *done = 0;
    while (*done < pages) {
        uint32_t part = pages - *done < MAP_PAGES ? pages - *done : (uint32_t)MAP_PAGES;
        uint32_t count = 0;
        err_t err =
            vspace_map(space, frame, first + *done, part, at + *done * PAGE_BYTES, prot, &count);

        if (err) {
            return err;
        }
        *done += count;
    }
    return ERR_OK;
}

static err_t tables_add(void)
{
    cap_addr_t tables;
    err_t err = object_create(OBJECT_PAGE_TABLE, TABLES_PER_RUN, &tables);

    if (err) {
        return err;
    }
    err = vspace_add_tables(self()->space, tables);
    if (err) {
        object_destroy(tables);
    }
    return err;
}

err_t region_map(user_addr_t at, cap_addr_t frame, uint32_t first, uint32_t pages, uint32_t prot)
{
    uint32_t mapped = 0;

    while (mapped < pages) {
        uint32_t done;
        err_t err = space_map(self()->space, at + mapped * PAGE_BYTES, frame, first + mapped,
                              pages - mapped, prot, &done);

        mapped += done;
        if (err == ERR_NO_MEMORY) {
            err = tables_add();
        }
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

err_t region_create(uint64_t bytes, uint32_t prot, user_addr_t *at, cap_addr_t *frame)
{
    uint64_t pages = bytes / PAGE_BYTES;
    user_addr_t place;
    cap_addr_t created;
    err_t err = region_reserve(bytes, &place);

    if (err) {
        return err;
    }
    err = object_create(OBJECT_FRAME, pages << 8 | PAGE_CLASS_4K, &created);
    if (err) {
        goto release_region;
    }
    err = region_map(place, created, 0, (uint32_t)pages, prot);
    if (err) {
        goto destroy_frame;
    }
    *at = place;
    *frame = created;
    return ERR_OK;

destroy_frame:
    object_destroy(created);
release_region:
    region_release(place, bytes);
    return err;
}

void region_destroy(user_addr_t at, uint64_t bytes, cap_addr_t frame)
{
    object_destroy(frame);
    region_release(at, bytes);
}
