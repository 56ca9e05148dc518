/* SPDX-License-Identifier: MIT */
/* The archive is only as trusted as the boot medium: what it says is checked before it is used. */
#include "system/description.h"

#include "pith/archive.h"
#include "pith/string.h"

static uint64_t bytes_of(const struct description_header *header)
{
    return sizeof(*header) + header->program_count * sizeof(struct description_program) +
           header->interface_count * sizeof(struct description_interface);
}

static err_t header_check(const struct description_header *header, size_t bytes)
{
    if (bytes < sizeof(*header) || header->magic != DESCRIPTION_MAGIC ||
        header->version != DESCRIPTION_VERSION || header->program_count > DESCRIPTION_PROGRAMS ||
        header->interface_count > DESCRIPTION_INTERFACES ||
        header->child_count > header->program_count || header->bytes > bytes ||
        header->bytes != bytes_of(header)) {
        return ERR_RANGE;
    }
    return ERR_OK;
}

/* Texts end, and numbers name what there is. */
static err_t body_check(const struct description *description)
{
    for (uint32_t i = 0; i < description->header.program_count; i++) {
        const struct description_program *program = &description->programs[i];

        if (program->name[sizeof(program->name) - 1] != 0 ||
            program->binary[sizeof(program->binary) - 1] != 0 ||
            program->args[sizeof(program->args) - 1] != 0) {
            return ERR_RANGE;
        }
        uint32_t programs = description->header.program_count - description->header.child_count;

        if (program->parent > programs || (program->parent != 0) != (i >= programs)) {
            return ERR_RANGE;
        }
    }
    for (uint32_t i = 0; i < description->header.interface_count; i++) {
        const struct description_interface *interface = &description->interfaces[i];

        if (interface->name[sizeof(interface->name) - 1] != 0 ||
            (interface->server != DESCRIPTION_WARDEN &&
             interface->server >= description->header.program_count)) {
            return ERR_RANGE;
        }
    }
    return ERR_OK;
}

err_t description_read(const void *archive, size_t archive_bytes, struct description *description,
                       const char **why)
{
    struct description_header *header = &description->header;
    const void *data;
    size_t bytes;
    err_t err = archive_find(archive, archive_bytes, "system", &data, &bytes);

    *why = "the boot archive holds no description of a system";
    if (err) {
        return err;
    }
    *why = "the description of the system is damaged, or of another version";
    memcpy(header, data, bytes < sizeof(*header) ? bytes : sizeof(*header));
    err = header_check(header, bytes);
    if (err) {
        return err;
    }
    size_t program_bytes = header->program_count * sizeof(description->programs[0]);
    const char *body = (const char *)data + sizeof(*header);

    memcpy(description->programs, body, program_bytes);
    memcpy(description->interfaces, body + program_bytes,
           header->interface_count * sizeof(description->interfaces[0]));
    return body_check(description);
}
