/* SPDX-License-Identifier: MIT */
/* The archive is only as trusted as the boot medium: what it says is checked before it is used. */
#include "system/description.h"

#include "pith/archive.h"
#include "pith/string.h"

static uint64_t bytes_of(const struct description_header *header)
{
    return sizeof(*header) + header->program_count * sizeof(struct description_program) +
           header->interface_count * sizeof(struct description_interface) +
           header->view_count * sizeof(struct description_view);
}

static err_t header_check(const struct description_header *header, size_t bytes)
{
    if (bytes < sizeof(*header) || header->magic != DESCRIPTION_MAGIC ||
        header->version != DESCRIPTION_VERSION || header->program_count > DESCRIPTION_PROGRAMS ||
        header->interface_count > DESCRIPTION_INTERFACES ||
        header->view_count > DESCRIPTION_VIEWS || header->child_count > header->program_count ||
        header->bytes > bytes || header->bytes != bytes_of(header)) {
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

/* @body: what follows the header, in the archive. */
static err_t header_read(const void *archive, size_t archive_bytes,
                         struct description_header *header, const char **body, const char **why)
{
    const void *data;
    size_t bytes;
    err_t err = archive_find(archive, archive_bytes, "system", &data, &bytes);

    *why = "the boot archive holds no description of a system";
    if (err) {
        return err;
    }
    *why = "the description of the system is damaged, or of another version";
    memcpy(header, data, bytes < sizeof(*header) ? bytes : sizeof(*header));
    *body = (const char *)data + sizeof(*header);
    return header_check(header, bytes);
}

err_t description_read(const void *archive, size_t archive_bytes, struct description *description,
                       const char **why)
{
    struct description_header *header = &description->header;
    const char *body;
    err_t err = header_read(archive, archive_bytes, header, &body, why);

    if (err) {
        return err;
    }
    size_t program_bytes = header->program_count * sizeof(description->programs[0]);

    memcpy(description->programs, body, program_bytes);
    memcpy(description->interfaces, body + program_bytes,
           header->interface_count * sizeof(description->interfaces[0]));
    return body_check(description);
}

err_t description_views(const void *archive, size_t archive_bytes, struct description_view *views,
                        uint32_t *count)
{
    struct description_header header;
    const char *body, *why;
    err_t err = header_read(archive, archive_bytes, &header, &body, &why);

    if (err) {
        return err;
    }
    body += header.program_count * sizeof(struct description_program) +
            header.interface_count * sizeof(struct description_interface);
    memcpy(views, body, header.view_count * sizeof(*views));
    for (uint32_t i = 0; i < header.view_count; i++) {
        if (views[i].program >= header.program_count ||
            views[i].server[sizeof(views[i].server) - 1] != 0 ||
            views[i].path[sizeof(views[i].path) - 1] != 0 ||
            views[i].base[sizeof(views[i].base) - 1] != 0) {
            return ERR_RANGE;
        }
    }
    *count = header.view_count;
    return ERR_OK;
}
