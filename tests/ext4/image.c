/* SPDX-License-Identifier: MIT */
/* A block that is held is a copy; what the library notes about it stays with the image. */
#include "ext4_test/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static err_t get(void *context, uint64_t number, uint32_t flags, struct ext4_block *block)
{
    struct image *image = context;
    size_t bytes = image->super.block_bytes;
    uint8_t *copy;

    if (number >= image->size / bytes) {
        fprintf(stderr, "block %llu is outside the image\n", (unsigned long long)number);
        abort();
    }
    image->gets++;
    if ((image->gets_max != 0 && image->gets > image->gets_max) ||
        (image->failing != 0 && number == image->failing)) {
        return ERR_IO;
    }
    copy = malloc(bytes);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, image->bytes + number * bytes, bytes);
    if ((flags & EXT4_GET_ESCAPED) != 0) {
        memcpy(copy, EXT4_ESCAPED_BYTES, 4);
    }
    if (image->is_forgetful) {
        atomic_store(&image->states[number], 0);
    }
    image->held++;
    *block = (struct ext4_block){ .data = copy, .state = &image->states[number], .entry = copy };
    return ERR_OK;
}

static void put(void *context, const struct ext4_block *block)
{
    struct image *image = context;

    /* What lies in the cache must not change. */
    if (memcmp((const uint8_t *)block->entry + 4,
               image->bytes + block->number * image->super.block_bytes + 4,
               image->super.block_bytes - 4) != 0) {
        fprintf(stderr, "block %llu was written to\n", (unsigned long long)block->number);
        abort();
    }
    image->held--;
    free(block->entry);
}

bool image_load(struct image *image, const char *path)
{
    FILE *file = fopen(path, "rb");
    bool is_read = false;
    long size;

    if (file == NULL) {
        perror(path);
        return false;
    }
    if (fseek(file, 0, SEEK_END) == 0) {
        size = ftell(file);
        rewind(file);
        *image = (struct image){ .size = size > 0 ? (size_t)size : 0 };
        image->bytes = malloc(image->size);
        is_read = image->bytes != NULL && size > 0 &&
                  fread(image->bytes, 1, image->size, file) == image->size;
    }
    (void)fclose(file);
    return is_read;
}

err_t image_mount(struct image *image, size_t journal_bytes, const char **why)
{
    struct ext4_blocks blocks = { .context = image, .get = get, .put = put };
    struct ext4_memory memory;
    err_t err;

    if (image->size < EXT4_SUPER_OFFSET + EXT4_SUPER_BYTES) {
        *why = "it is too small";
        return ERR_WRONG_TYPE;
    }
    free((void *)image->states);
    free(image->journal);
    image->states = NULL;
    image->journal = malloc(journal_bytes);
    image->gets = 0;
    err = ext4_super_read(image->bytes + EXT4_SUPER_OFFSET, image->size, &image->super, why);
    if (err) {
        return err;
    }
    /* A superblock in the journal may tell of more blocks. */
    image->states = calloc(image->size / image->super.block_bytes + 1, sizeof(*image->states));
    memory = (struct ext4_memory){ image->journal, journal_bytes };
    err = ext4_mount(&image->fs, &image->super, &blocks, memory, why);
    image->super = image->fs.super;
    return err;
}

void image_free(struct image *image)
{
    if (image->held != 0) {
        fprintf(stderr, "%u blocks are still held\n", image->held);
        abort();
    }
    free((void *)image->states);
    free(image->journal);
    free(image->bytes);
    image->bytes = NULL;
}
