/* SPDX-License-Identifier: MIT */
/*
 * A plugin for QEMU that counts, for one row of the benchmarks, how often each instruction is executed
 * between its marks (bench/plugin/icount.c says what marks are). bench/profile.py turns the counts into
 * functions and source lines. One CPU only.
 *
 * Options: outfile=PATH, row=NUMBER. Table: block, address, times, bytes; first line: turns. Programs share addresses:
 * which one a block belongs to is told by the bytes of its instructions.
 */
#include "decode.h"
#include "qemu_plugin.h"
#include "spin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SITES_PER_CHUNK = 4096, INSN_BYTES_MAX = 15 };

/* An instruction of a translated block. The same address may have many: they are added up at the end. */
struct site {
    uint64_t address;
    uint64_t times;
    uint32_t block; /* they are numbered as they are translated */
    uint8_t length;
    uint8_t bytes[INSN_BYTES_MAX];
};

/* Sites are named by address for as long as the emulator runs: chunks never move. */
struct chunk {
    struct chunk *next;
    size_t used;
    struct site sites[SITES_PER_CHUNK];
};

static struct {
    struct chunk *chunks;
    const char *path;
    unsigned row;
    bool is_open;
    uint64_t turns;
    uint32_t blocks;
} profile;

static struct site *site_new(uint64_t address, const void *bytes, size_t length)
{
    struct chunk *chunk = profile.chunks;

    if (chunk == NULL || chunk->used == SITES_PER_CHUNK) {
        chunk = calloc(1, sizeof(*chunk));
        if (chunk == NULL) {
            abort();
        }
        chunk->next = profile.chunks;
        profile.chunks = chunk;
    }
    struct site *site = &chunk->sites[chunk->used++];

    site->address = address;
    site->block = profile.blocks;
    site->length = (uint8_t)(length < INSN_BYTES_MAX ? length : INSN_BYTES_MAX);
    memcpy(site->bytes, bytes, site->length);
    return site;
}

static void site_executed(unsigned vcpu, void *data)
{
    struct site *site = data;

    (void)vcpu;
    site->times += profile.is_open;
}

static void mark_executed(unsigned vcpu, void *data)
{
    bool is_end = data != NULL;

    (void)vcpu;
    profile.turns += is_end && profile.is_open;
    profile.is_open = !is_end;
}

static void block_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    uint64_t address = qemu_plugin_tb_vaddr(block);

    (void)id;
    profile.blocks++;
    if (block_is_spin(block)) {
        return;
    }
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        const void *bytes = qemu_plugin_insn_data(insn);
        size_t length = qemu_plugin_insn_size(insn);
        unsigned code;

        if (!insn_is_marker(bytes, length, &code)) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, site_executed, QEMU_PLUGIN_CB_NO_REGS,
                                                   site_new(address, bytes, length));
        } else if (code / 2 == profile.row) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, mark_executed, QEMU_PLUGIN_CB_NO_REGS,
                                                   code % 2 != 0 ? &profile : NULL);
        }
        address += length;
    }
}

static void site_print(FILE *file, const struct site *site)
{
    fprintf(file, "%u\t%" PRIx64 "\t%" PRIu64 "\t", site->block, site->address, site->times);
    for (size_t i = 0; i < site->length; i++) {
        fprintf(file, "%02x", site->bytes[i]);
    }
    fputc('\n', file);
}

static void emulator_exits(qemu_plugin_id_t id, void *data)
{
    FILE *file = fopen(profile.path, "w");

    (void)id;
    (void)data;
    if (file == NULL) {
        qemu_plugin_outs("profile: cannot write the file given as outfile=\n");
        return;
    }
    fprintf(file, "turns\t%" PRIu64 "\n", profile.turns);
    for (const struct chunk *chunk = profile.chunks; chunk != NULL; chunk = chunk->next) {
        for (size_t i = 0; i < chunk->used; i++) {
            if (chunk->sites[i].times != 0) {
                site_print(file, &chunk->sites[i]);
            }
        }
    }
    fclose(file);
}

__attribute__((visibility("default"))) extern const int qemu_plugin_version;
const int qemu_plugin_version = QEMU_PLUGIN_VERSION_USED;

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id,
                                                               const qemu_info_t *info, int argc,
                                                               char **argv);

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    static const char path[] = "outfile=";
    static const char row[] = "row=";

    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], path, strlen(path)) == 0) {
            profile.path = strdup(argv[i] + strlen(path));
        } else if (strncmp(argv[i], row, strlen(row)) == 0) {
            profile.row = (unsigned)strtoul(argv[i] + strlen(row), NULL, 10);
        }
    }
    if (profile.path == NULL) {
        qemu_plugin_outs("profile: give outfile=PATH and row=NUMBER\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
    qemu_plugin_register_atexit_cb(id, emulator_exits, NULL);
    return 0;
}
