/* SPDX-License-Identifier: MIT */
#include "fileserve/listing.h"

#include "file/wire.h"
#include "pith/file_calls.h"
#include "pith/string.h"

bool listing_add(struct listing *listing, uint64_t inode, uint32_t kind, struct listing_name name)
{
    struct file_entry entry = { .inode = inode,
                                .kind = (uint8_t)kind,
                                .name_length = (uint8_t)name.length };
    uint32_t bytes = (uint32_t)sizeof(entry) + name.length;

    bytes = (bytes + FILE_ENTRY_ALIGN - 1) & ~(FILE_ENTRY_ALIGN - 1);
    if (bytes > listing->left) {
        return false;
    }
    entry.bytes = (uint16_t)bytes;
    memcpy(listing->at, &entry, sizeof(entry));
    memcpy(listing->at + sizeof(entry), name.start, name.length);
    listing->at += bytes;
    listing->left -= bytes;
    return true;
}

bool listing_add_dots(struct listing *listing, uint64_t position, uint64_t inode)
{
    return listing_add(listing, inode, FILE_KIND_DIRECTORY,
                       (struct listing_name){ "..", (uint32_t)position + 1 });
}
