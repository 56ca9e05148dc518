/* SPDX-License-Identifier: MIT */
/* From the description in the boot archive to running programs. Each gets what its entry says. */
#include "root.h"

#include "pith/archive.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/self.h"
#include "pith/string.h"

#include "abi/names.h"

enum { GRANTS_MAX = PROGRAM_CAPS_MAX };

static err_t file_find(const char *name, const void **data, size_t *bytes)
{
    return archive_find((const void *)BOOT_ARCHIVE_ADDR, self()->boot->archive_bytes, name, data,
                        bytes);
}

/* The archive is only as trusted as the boot medium: what it says is checked before it is used. */
static bool description_is_right(const struct description_header *header, size_t bytes)
{
    return bytes >= sizeof(*header) && header->magic == DESCRIPTION_MAGIC &&
           header->version == DESCRIPTION_VERSION &&
           header->program_count <= DESCRIPTION_PROGRAMS &&
           header->interface_count <= DESCRIPTION_INTERFACES && header->bytes <= bytes &&
           header->bytes == sizeof(*header) +
                                header->program_count * sizeof(struct description_program) +
                                header->interface_count * sizeof(struct description_interface);
}

static err_t description_read(void)
{
    const void *data;
    size_t bytes;
    err_t err = file_find("system", &data, &bytes);

    if (err) {
        debug_printf("root: the boot archive holds no description of a system\n");
        return err;
    }
    struct root_description *description = &root()->description;
    struct description_header *header = &description->header;

    memcpy(header, data, bytes < sizeof(*header) ? bytes : sizeof(*header));
    if (!description_is_right(header, bytes)) {
        debug_printf("root: the description is damaged, or of another version\n");
        return ERR_RANGE;
    }
    size_t program_bytes = header->program_count * sizeof(description->programs[0]);
    const char *body = (const char *)data + sizeof(*header);

    memcpy(description->programs, body, program_bytes);
    memcpy(description->interfaces, body + program_bytes,
           header->interface_count * sizeof(description->interfaces[0]));
    root()->program_count = header->program_count;
    for (uint32_t i = 0; i < header->program_count; i++) {
        root()->programs[i].description = &description->programs[i];
    }
    return ERR_OK;
}

/* A badged copy of our endpoint for each program's faults: the badge says who. */
static err_t handlers_make(void)
{
    for (uint32_t i = 0; i < root()->program_count; i++) {
        err_t err = cap_mint(root()->endpoint, RIGHT_CALL, BADGE_FAULT | (i + 1),
                             &root()->programs[i].handler);

        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

/* Endpoints are ours, not their servers': a server that is replaced leaves its clients untouched. */
static err_t endpoints_make(void)
{
    err_t err = object_create(OBJECT_ENDPOINT, 0, &root()->endpoint);

    for (uint32_t i = 0; err == ERR_OK && i < root()->description.header.interface_count; i++) {
        const struct description_interface *interface = &root()->description.interfaces[i];

        if (interface->server == DESCRIPTION_ROOT) {
            root()->endpoints[i] = root()->endpoint;
        } else {
            err = object_create(OBJECT_ENDPOINT, interface->rank, &root()->endpoints[i]);
        }
    }
    return err;
}

static uint32_t number_of(const struct root_program *program)
{
    return (uint32_t)(program - root()->programs);
}

static void grant_add(struct program_grant *grants, uint32_t *count, const char *name,
                      struct program_grant grant)
{
    if (*count == GRANTS_MAX) {
        return; /* the checker allows no more interfaces than fit */
    }
    memcpy(grant.name, name, PROGRAM_NAME_BYTES - 1);
    grants[(*count)++] = grant;
}

/* Endpoints that it may call, badged with who it is, and the one where it serves. */
static uint32_t grants_make(const struct root_program *program, struct program_grant *grants)
{
    uint32_t number = number_of(program);
    uint32_t count = 0;

    for (uint32_t i = 0; i < root()->description.header.interface_count; i++) {
        const struct description_interface *interface = &root()->description.interfaces[i];
        cap_addr_t endpoint = root()->endpoints[i];

        if (interface->server == number) {
            grant_add(grants, &count, interface->name,
                      (struct program_grant){ .source = endpoint, .rights = RIGHT_RECEIVE });
        } else if (program->description->uses >> i & 1) {
            grant_add(grants, &count, interface->name,
                      (struct program_grant){ .source = endpoint,
                                              .rights = RIGHT_CALL | RIGHT_GRANT,
                                              .badge = number + 1 });
        }
    }
    return count;
}

/* Queued callers move to the new server in one step. */
static err_t servers_set(const struct root_program *program)
{
    for (uint32_t i = 0; i < root()->description.header.interface_count; i++) {
        if (root()->description.interfaces[i].server == number_of(program)) {
            err_t err = endpoint_set_server(root()->endpoints[i], program->program.thread);

            if (err) {
                return err;
            }
        }
    }
    return ERR_OK;
}

static uint32_t machine_rights(const struct description_program *description)
{
    return (description->flags & DESCRIPTION_DEBUG_WRITE ? (uint32_t)RIGHT_WRITE : 0u) |
           (description->flags & DESCRIPTION_DEBUG_READ ? (uint32_t)RIGHT_READ : 0u);
}

err_t root_program_start(struct root_program *program)
{
    const struct description_program *description = program->description;
    struct program_grant grants[GRANTS_MAX] = { 0 };
    struct program_spec spec = {
        .name = description->name,
        .args = program->args[0] != 0 ? program->args : description->args,
        .memory_bytes = description->memory_bytes,
        .owner = OWNER_PROGRAM + number_of(program),
        .rank = (uint8_t)description->rank,
        .has_fpu = (description->flags & DESCRIPTION_FPU) != 0,
        .machine_rights = machine_rights(description),
        .machine = ROOT_SLOT_MACHINE,
        .priority = description->priority,
        .core = description->core,
        .budget_ns = description->budget_ns,
        .period_ns = description->period_ns,
        .clock = ROOT_SLOT_CLOCK,
        .handler = program->handler,
        .grants = grants,
    };
    const char *why = "the boot archive does not hold it";
    err_t err;

    if (program->state == SYSTEM_STATE_RUNNING) {
        return ERR_BUSY;
    }
    spec.grant_count = grants_make(program, grants);
    err = file_find(description->binary, &spec.image, &spec.image_bytes);
    if (err == ERR_OK) {
        err = program_create(&spec, &program->program, &why);
    }
    if (err == ERR_OK) {
        err = servers_set(program);
    }
    if (err == ERR_OK) {
        err = program_run(&program->program);
    }
    if (err) {
        program_destroy(&program->program);
        debug_printf("root: %s does not start: %s (%s)\n", description->name, why, error_name(err));
        return err;
    }
    program->state = SYSTEM_STATE_RUNNING;
    return ERR_OK;
}

err_t root_build(void)
{
    err_t err = description_read();

    if (err) {
        return err;
    }
    err = endpoints_make();
    if (err == ERR_OK) {
        err = handlers_make();
    }
    if (err) {
        debug_printf("root: no endpoints: %s\n", error_name(err));
        return err;
    }
    for (uint32_t i = 0; i < root()->program_count; i++) {
        if (root()->programs[i].description->flags & DESCRIPTION_START) {
            (void)!root_program_start(&root()->programs[i]); /* the others are still of use */
        }
    }
    return ERR_OK;
}
