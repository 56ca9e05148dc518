/* SPDX-License-Identifier: MIT */
/*
 * A plugin for QEMU that tells which cache lines several CPUs meet in: those that one writes and another touches, between marks in
 * the guest (icount.c) that each CPU executes for itself. Lines are of physical memory; registers of devices do not count, nor does what
 * the CPU itself does (page tables). CPUs are threads of QEMU here, so all is behind one mutex; it need not be fast.
 *
 * Option: outfile=PATH. One line each, tab-separated:
 *     row, "accesses", CPU, count
 *     row, "shared", physical address, CPU that writes, address of its instruction, CPU that touches, address of its instruction
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "qemu_plugin.h"

__attribute__((visibility("default"))) extern const int qemu_plugin_version;
const int qemu_plugin_version = QEMU_PLUGIN_VERSION_USED;

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id,
                                                               const qemu_info_t *info, int argc,
                                                               char **argv);

enum { ROWS = 4, CPUS = 64, LINE_SHIFT = 6, LINES_LOG2 = 16, LINES = 1 << LINES_LOG2 };

struct line {
    uint64_t number; /* + 1; 0: free */
    uint64_t writers;
    uint64_t users;
    uint64_t writer_ip[CPUS]; /* the last instruction of each that wrote */
    uint64_t user_ip[CPUS];
};

static struct {
    pthread_mutex_t mutex;
    int open_row[CPUS]; /* + 1; 0: none */
    uint64_t accesses[ROWS][CPUS];
    struct line *lines[ROWS];
    bool is_full;
    const char *path;
} plugin = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static struct line *line_of(struct line *lines, uint64_t number)
{
    uint64_t at = (number * 0x9e3779b97f4a7c15u) >> (64 - LINES_LOG2);

    for (uint32_t tries = 0; tries < LINES; tries++, at = (at + 1) % LINES) {
        if (lines[at].number == number + 1) {
            return &lines[at];
        }
        if (lines[at].number == 0) {
            lines[at].number = number + 1;
            return &lines[at];
        }
    }
    plugin.is_full = true;
    return NULL;
}

static void note(int row, unsigned vcpu, uint64_t phys, uint64_t ip, bool is_store)
{
    struct line *line = line_of(plugin.lines[row], phys >> LINE_SHIFT);

    plugin.accesses[row][vcpu]++;
    if (line == NULL) {
        return;
    }
    line->users |= 1ull << vcpu;
    line->user_ip[vcpu] = ip;
    if (is_store) {
        line->writers |= 1ull << vcpu;
        line->writer_ip[vcpu] = ip;
    }
}

static void accessed(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data)
{
    const struct qemu_plugin_hwaddr *place;

    if (vcpu >= CPUS || plugin.open_row[vcpu] == 0) {
        return;
    }
    place = qemu_plugin_get_hwaddr(info, vaddr);
    if (place == NULL || qemu_plugin_hwaddr_is_io(place)) {
        return;
    }
    pthread_mutex_lock(&plugin.mutex);
    note(plugin.open_row[vcpu] - 1, vcpu, qemu_plugin_hwaddr_phys_addr(place),
         (uint64_t)(uintptr_t)data, qemu_plugin_mem_is_store(info));
    pthread_mutex_unlock(&plugin.mutex);
}

static void mark_executed(unsigned vcpu, void *data)
{
    uintptr_t code = (uintptr_t)data;

    if (vcpu < CPUS) {
        plugin.open_row[vcpu] = code % 2 == 0 ? (int)(code / 2 % ROWS) + 1 : 0;
    }
}

static void block_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    size_t count = qemu_plugin_tb_n_insns(block);
    unsigned code;

    (void)id;
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);

        if (insn_is_marker(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn), &code)) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, mark_executed, QEMU_PLUGIN_CB_NO_REGS,
                                                   (void *)(uintptr_t)code);
        } else {
            qemu_plugin_register_vcpu_mem_cb(insn, accessed, QEMU_PLUGIN_CB_NO_REGS,
                                             QEMU_PLUGIN_MEM_RW,
                                             (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn));
        }
    }
}

static unsigned first_of(uint64_t cpus)
{
    return (unsigned)__builtin_ctzll(cpus);
}

static void line_report(FILE *file, int row, const struct line *line)
{
    unsigned writer, other;

    if (line->number == 0 || line->writers == 0 || (line->users & (line->users - 1)) == 0) {
        return;
    }
    writer = first_of(line->writers);
    other = first_of(line->users & ~(1ull << writer));
    fprintf(file, "%d\tshared\t%#llx\t%u\t%#llx\t%u\t%#llx\n", row,
            (unsigned long long)(line->number - 1) << LINE_SHIFT, writer,
            (unsigned long long)line->writer_ip[writer], other,
            (unsigned long long)line->user_ip[other]);
}

static void at_exit(qemu_plugin_id_t id, void *data)
{
    FILE *file = fopen(plugin.path, "w");

    (void)id;
    (void)data;
    if (file == NULL || plugin.is_full) {
        qemu_plugin_outs("sharing: no file to write, or more lines than are kept\n");
        exit(1);
    }
    for (int row = 0; row < ROWS; row++) {
        for (unsigned vcpu = 0; vcpu < CPUS; vcpu++) {
            if (plugin.accesses[row][vcpu] != 0) {
                fprintf(file, "%d\taccesses\t%u\t%llu\n", row, vcpu,
                        (unsigned long long)plugin.accesses[row][vcpu]);
            }
        }
        for (uint32_t i = 0; i < LINES; i++) {
            line_report(file, row, &plugin.lines[row][i]);
        }
    }
    (void)fclose(file);
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    static const char option[] = "outfile=";

    if (strcmp(info->target_name, "x86_64") != 0) {
        qemu_plugin_outs("sharing: knows x86_64 only\n");
        return -1;
    }
    if (argc != 1 || strncmp(argv[0], option, strlen(option)) != 0) {
        qemu_plugin_outs("sharing: wanted: outfile=PATH\n");
        return -1;
    }
    plugin.path = strdup(argv[0] + strlen(option));
    for (int row = 0; row < ROWS; row++) {
        plugin.lines[row] = calloc(LINES, sizeof(struct line));
        if (plugin.lines[row] == NULL) {
            return -1;
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
