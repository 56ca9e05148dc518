/* SPDX-License-Identifier: MIT */
/* Must stay true: an address of the io_space is given out once, so a device that is late finds nothing there. */
#include "driver/driver.h"

#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/space.h"

/* The unit has addresses for more than anyone shares; this keeps clear of those of interrupt messages. */
#define ADDRESS_END 0xfee00000ull

err_t driver_memory_share(struct driver *driver, cap_addr_t frame, uint32_t first,
                          struct driver_memory *memory)
{
    uint64_t base;
    uint32_t pages;
    uint32_t class;
    uint32_t cache;
    err_t err = frame_info(frame, &base, &pages, &class, &cache);

    (void)driver;
    if (err) {
        return err;
    }
    if (class != PAGE_CLASS_4K || first >= pages) {
        return ERR_RANGE;
    }
    *memory = (struct driver_memory){ .address = base + first * PAGE_BYTES,
                                      .bytes = (pages - first) * PAGE_BYTES,
                                      .frame = frame };
    return ERR_OK;
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
