/* SPDX-License-Identifier: MIT */
#include "driver/driver.h"

#include "pith/clock.h"
#include "pith/format.h"
#include "pith/kernel_calls.h"
#include "pith/pci_calls.h"
#include "pith/self.h"
#include "pith/space.h"

/* Shorter than the patience of who probes this program: if it does not suffice, it is started again. */
#define CONFIG_DEADLINE_NS (8 * NS_PER_MS)

/* Devices may not be able to reach the first page, and it finds addresses that were never set. */
#define FIRST_ADDRESS 0x100000ull

err_t driver_open(struct driver *driver)
{
    const struct program_info *program = self()->program;

    if (program == NULL || program->device == 0) {
        return ERR_NO_ENTRY;
    }
    *driver = (struct driver){
        .id = program->device - 1,
        .pci = self_cap("pci"),
        .io_space = self_cap("io_space"),
        .next_address = FIRST_ADDRESS,
    };
    return ERR_OK;
}

err_t driver_config_read(void *driver, uint32_t offset, uint32_t width, uint32_t *value)
{
    const struct driver *self = driver;

    return pci_read(self->pci, clock_now() + CONFIG_DEADLINE_NS, self->id, offset, width, value);
}

err_t driver_bar_map(struct driver *driver, uint32_t number, struct driver_bar *bar)
{
    char name[PROGRAM_NAME_BYTES];
    uint64_t base;
    uint32_t pages;
    uint32_t class;
    uint32_t cache;
    user_addr_t at;

    if (number >= PCI_BARS) {
        return ERR_NO_ENTRY;
    }
    if (driver->bars[number].at == 0) {
        (void)format(name, sizeof(name), "bar%u", number);
        cap_addr_t frame = self_cap(name);

        if (frame == 0 || frame_info(frame, &base, &pages, &class, &cache)) {
            return ERR_NO_ENTRY;
        }
        err_t err = region_reserve(pages * PAGE_BYTES, &at);

        if (err) {
            return err;
        }
        err = region_map(at, frame, 0, pages, PROT_READ | PROT_WRITE);
        if (err) {
            region_release(at, pages * PAGE_BYTES);
            return err;
        }
        driver->bars[number] = (struct driver_bar){ at, pages * PAGE_BYTES };
    }
    *bar = driver->bars[number];
    return ERR_OK;
}
