/* SPDX-License-Identifier: MIT */
/* Must stay true: an address of the io_space is given out once, so a device that is late finds nothing there. */
#include "driver/driver.h"

#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/space.h"

/* Below 4 GiB, which every unit and device can say, and clear of the addresses of interrupt messages. */
#define ADDRESS_END 0xfee00000ull

enum { PAGES_PER_CALL = 64, TABLES_PER_RUN = 4, PROT_BOTH = PROT_READ | PROT_WRITE };

static err_t tables_add(const struct driver *driver)
{
    cap_addr_t tables;
    err_t err = object_create(OBJECT_PAGE_TABLE, TABLES_PER_RUN, &tables);

    if (err) {
        return err;
    }
    err = io_space_add_tables(driver->io_space, tables);
    if (err) {
        object_destroy(tables);
    }
    return err;
}

static err_t pages_map(const struct driver *driver, const struct driver_memory *memory,
                       uint32_t first)
{
    uint64_t pages = memory->bytes / PAGE_BYTES;
    uint64_t mapped = 0;

    while (mapped < pages) {
        uint64_t left = pages - mapped;
        uint32_t done = 0;
        err_t err = io_space_map(driver->io_space, memory->shared, first + (uint32_t)mapped,
                                 left < PAGES_PER_CALL ? (uint32_t)left : (uint32_t)PAGES_PER_CALL,
                                 memory->address + mapped * PAGE_BYTES, PROT_BOTH, &done);

        mapped += done;
        if (err == ERR_NO_MEMORY) {
            err = tables_add(driver);
        }
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

/* A page is left free behind each piece, so that a device that runs over its end is stopped. */
static err_t map(struct driver *driver, struct driver_memory *memory, uint32_t first)
{
    err_t err;

    if (memory->bytes + PAGE_BYTES > ADDRESS_END - driver->next_address) {
        return ERR_NO_MEMORY;
    }
    memory->address = driver->next_address;
    driver->next_address += memory->bytes + PAGE_BYTES;
    /* The frame itself is attached to our space: a capability attaches to one. */
    err = cap_copy(memory->frame, RIGHT_READ | RIGHT_WRITE, &memory->shared);
    if (err) {
        return err;
    }
    err = pages_map(driver, memory, first);
    if (err) {
        cap_drop(memory->shared); /* and with it what it mapped */
    }
    return err;
}

err_t driver_memory_share(struct driver *driver, cap_addr_t frame, uint32_t first,
                          struct driver_memory *memory)
{
    uint64_t base;
    uint32_t pages;
    uint32_t class;
    uint32_t cache;
    err_t err = frame_info(frame, &base, &pages, &class, &cache);

    if (err) {
        return err;
    }
    if (class != PAGE_CLASS_4K || first >= pages) {
        return ERR_RANGE;
    }
    *memory = (struct driver_memory){ .address = base + first * PAGE_BYTES,
                                      .bytes = (pages - first) * PAGE_BYTES,
                                      .frame = frame };
    return driver->io_space != 0 ? map(driver, memory, first) : ERR_OK;
}

err_t driver_memory_create(struct driver *driver, uint64_t bytes, struct driver_memory *memory)
{
    uint64_t rounded = (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    user_addr_t at;
    cap_addr_t frame;
    err_t err = region_create(rounded, PROT_READ | PROT_WRITE, &at, &frame);

    if (err) {
        return err;
    }
    err = driver_memory_share(driver, frame, 0, memory);
    if (err) {
        region_destroy(at, rounded, frame);
        return err;
    }
    memory->at = (void *)at;
    return ERR_OK;
}
