/* SPDX-License-Identifier: MIT */
#include "driver/driver.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"

enum { NOTHING = 0xff };

err_t driver_ports_open(struct driver *driver)
{
    cap_addr_t ports = self_cap("ports");

    if (ports == 0) {
        return ERR_NO_ENTRY;
    }
    *driver = (struct driver){ .ports = ports, .ports_first = self()->program->ports_first };
    return ERR_OK;
}

uint8_t driver_port_read(const struct driver *driver, uint32_t number)
{
    uint32_t value = NOTHING;

    (void)!io_port_read(driver->ports, driver->ports_first + number, 1, &value);
    return (uint8_t)value;
}

void driver_port_write(const struct driver *driver, uint32_t number, uint8_t value)
{
    (void)!io_port_write(driver->ports, driver->ports_first + number, 1, value);
}
