/* SPDX-License-Identifier: MIT */
/*
 * The PCI server: the one program that can reach configuration space. It gets the memory through which that is
 * done as a frame, `ecam`, and nothing else. Keeps no state but what a scan finds again.
 */
#include "pci/pci.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/pci_serve.h"
#include "pith/self.h"
#include "pith/space.h"
#include "service/service.h"

#include "abi/names.h"

#define BUS_PAGES 256u       /* a page for each of 32 devices of 8 functions */
#define SPIN_NS_MAX 200000ul /* waits up to this need no system call */

struct client {
    uint64_t badge;
};

static struct pci_bus pci;

/* --- Access to configuration space: a page for each function, in order of ids --- */

static uint32_t ecam_read(void *context, pci_id_t id, uint32_t offset, uint32_t width)
{
    uintptr_t at = *(const user_addr_t *)context + ((uintptr_t)id << 12) + offset;

    switch (width) {
    case 1:
        return *(volatile uint8_t *)at;
    case 2:
        return *(volatile uint16_t *)at;
    default:
        return *(volatile uint32_t *)at;
    }
}

static void ecam_write(void *context, pci_id_t id, uint32_t offset, uint32_t width, uint32_t value)
{
    uintptr_t at = *(const user_addr_t *)context + ((uintptr_t)id << 12) + offset;

    switch (width) {
    case 1:
        *(volatile uint8_t *)at = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)at = (uint16_t)value;
        break;
    default:
        *(volatile uint32_t *)at = value;
        break;
    }
}

static void ecam_wait(void *context, ns_t ns)
{
    ns_t end = clock_now() + ns;

    (void)context;
    if (ns > SPIN_NS_MAX) {
        sleep_until(end);
    }
    while (clock_now() < end) {
        __builtin_ia32_pause();
    }
}

static err_t ecam_map(user_addr_t *at, uint32_t *buses)
{
    cap_addr_t frame = self_cap("ecam");
    uint64_t base;
    uint32_t pages;
    uint32_t class;
    uint32_t cache;
    err_t err = frame_info(frame, &base, &pages, &class, &cache);

    if (err) {
        return err;
    }
    if (class != PAGE_CLASS_4K || cache != CACHE_UNCACHED) {
        return ERR_WRONG_TYPE; /* accesses must reach the device one by one */
    }
    *buses = pages / BUS_PAGES < PCI_BUSES_MAX ? pages / BUS_PAGES : PCI_BUSES_MAX;
    err = region_reserve(pages * PAGE_BYTES, at);
    if (err) {
        return err;
    }
    return region_map(*at, frame, 0, pages, PROT_READ | PROT_WRITE);
}

/* --- Who may ask what --- */

static bool is_warden(const struct client *client)
{
    return client->badge == SERVICE_BADGE_WARDEN;
}

static err_t function_for(const struct client *client, pci_id_t id,
                          const struct pci_function **function)
{
    if (!is_warden(client) && client->badge != (PCI_BADGE_DRIVER | id)) {
        return ERR_NO_RIGHT;
    }
    *function = pci_bus_find(&pci, id);
    return *function == NULL ? ERR_GONE : ERR_OK;
}

static err_t function_for_warden(const struct client *client, pci_id_t id,
                                 const struct pci_function **function)
{
    return is_warden(client) ? function_for(client, id, function) : ERR_NO_RIGHT;
}

/* --- The protocol --- */

err_t pci_on_find(struct client *client, const struct pci_find_args *args,
                  struct pci_find_results *results)
{
    uint32_t left = args->index;

    if (!is_warden(client)) {
        return ERR_NO_RIGHT;
    }
    for (uint32_t i = 0; i < pci.count; i++) {
        const struct pci_function *function = &pci.functions[i];

        if (function->vendor == args->vendor && function->device == args->device && left-- == 0) {
            results->id = function->id;
            return ERR_OK;
        }
    }
    return ERR_GONE;
}

err_t pci_on_device(struct client *client, const struct pci_device_args *args,
                    struct pci_device_results *results)
{
    if (!is_warden(client)) {
        return ERR_NO_RIGHT;
    }
    if (args->index >= pci.count) {
        return ERR_RANGE;
    }
    const struct pci_function *function = &pci.functions[args->index];

    *results = (struct pci_device_results){ .id = function->id,
                                            .vendor = function->vendor,
                                            .device = function->device,
                                            .class = function->class };
    return ERR_OK;
}

err_t pci_on_bar(struct client *client, const struct pci_bar_args *args,
                 struct pci_bar_results *results)
{
    const struct pci_function *function;
    err_t err = function_for(client, args->id, &function);

    if (err) {
        return err;
    }
    struct pci_bar bar = pci_bus_bar(&pci, function, args->number);

    *results = (struct pci_bar_results){ .base = bar.base, .bytes = bar.bytes, .flags = bar.flags };
    return ERR_OK;
}

err_t pci_on_read(struct client *client, const struct pci_read_args *args,
                  struct pci_read_results *results)
{
    const struct pci_function *function;

    if (args->width == 3 || args->offset % args->width != 0) {
        return ERR_RANGE;
    }
    err_t err = function_for(client, args->id, &function);

    if (err) {
        return err;
    }
    results->value = pci.access.read(pci.access.context, args->id, args->offset, args->width);
    return ERR_OK;
}

err_t pci_on_enable(struct client *client, const struct pci_enable_args *args,
                    struct pci_enable_results *results)
{
    const struct pci_function *function;
    err_t err = function_for_warden(client, args->id, &function);

    if (err) {
        return err;
    }
    pci_bus_enable(&pci, function, args->master != 0);
    results->vectors = function->vectors;
    return ERR_OK;
}

err_t pci_on_disable(struct client *client, const struct pci_disable_args *args)
{
    const struct pci_function *function;
    err_t err = function_for_warden(client, args->id, &function);

    return err ? err : pci_bus_disable(&pci, function);
}

err_t pci_on_reset(struct client *client, const struct pci_reset_args *args,
                   struct pci_reset_results *results)
{
    const struct pci_function *function;
    enum pci_reset_way how = 0;
    err_t err = function_for_warden(client, args->id, &function);

    if (err == ERR_OK) {
        err = pci_bus_reset(&pci, function, &how);
    }
    results->how = how;
    return err;
}

static _Noreturn void serve(void)
{
    static struct service service;

    for (;;) {
        if (service_wait(&service, DEADLINE_NEVER) == SERVICE_CALL) {
            struct client client = { .badge = service.badge };

            pci_dispatch(&client, &service.info, service.words);
        }
    }
}

int main(void)
{
    static user_addr_t ecam;
    struct pci_access access = { ecam_read, ecam_write, ecam_wait, &ecam, 0 };
    err_t err = ecam_map(&ecam, &access.buses);

    if (err) {
        debug_printf("pci: no configuration space: %s\n", error_name(err));
        return 1;
    }
    pci_bus_scan(&pci, &access);
    debug_printf("pci: wrong: %u lists, %u bridges; %u left out\n", pci.bad_lists, pci.bad_bridges,
                 pci.left_out);
    debug_printf("pci: %u functions on %u buses\n", pci.count, access.buses);
    serve();
}
