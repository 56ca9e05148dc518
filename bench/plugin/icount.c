/* SPDX-License-Identifier: MIT */
/*
 * A plugin for QEMU that counts what a guest executes, exactly, between marks in the guest.
 *
 * Row r begins at the instruction `nopl 0x50490000 + 2r (%rax)` and ends at `nopl 0x50490001 + 2r
 * (%rax)`, wherever they are executed; the marks are not counted. For each such interval: instructions,
 * those in the kernel, entries into the kernel, writes of CR3, TLB flushes of a page, atomics,
 * serialising instructions; and for the n-th entry in it, the way from the first kernel instruction
 * to the first user instruction. An entry begins where the upper half of the address space is entered
 * from the lower, or where the kernel goes on after `hlt`.
 *
 * Counters are added to in line before each instruction, so they are right when a block is left in
 * the middle. An instruction that faults is counted each time it is tried. One CPU only.
 *
 * After the mark 0x5049fffe rows that begin or end are those 64 higher.
 *
 * A block that holds the mark 0x5049ffff burns time while others wait: nothing in it is counted.
 *
 * What boot takes is the first stay in the kernel. It begins in the upper half, or with boot=ADDRESS at the instruction
 * there, where a loader enters the kernel, in the lower half and with paging off.
 *
 * From the first user instruction on, the longest stretch of kernel code in which no interrupt can be taken: from where the kernel
 * is entered, or from an sti, to the next sti, return to a user or first user instruction; with the blocks that begin and end it, and the one that
 * had come after OFF_AMID instructions of it.
 *
 * Options: outfile=PATH, boot=ADDRESS. Table: row, what, n, min, median, max.
 */
#include "decode.h"
#include "qemu_plugin.h"
#include "report.h"
#include "spin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 128,
    ROWS_HIGHER = 64,
    CODE_HIGHER = 0xfffe,
    ENTRIES_TOLD_APART = 8,
    KIND_COUNT = 4,
    OFF_AMID = 2000
};

/* Only ever grow. The first ones are added to by translated code. */
struct counters {
    uint64_t insns;
    uint64_t kinds[KIND_COUNT]; /* by bit of enum in decode.h */
    uint64_t entries;
    uint64_t kernel; /* instructions of entries that have ended */
};

struct row {
    bool is_open;
    unsigned entry_index;
    struct counters begin;
    struct samples insns;
    struct samples kernel;
    struct samples entries;
    struct samples kinds[KIND_COUNT];
    struct samples oneway[ENTRIES_TOLD_APART];
};

static const char *const kind_names[KIND_COUNT] = { "cr3_writes", "invlpg", "atomics",
                                                    "serialising" };

static struct {
    struct counters counters;
    bool in_kernel;
    bool has_halted;
    uint64_t entry_insns; /* counters.insns when the kernel was entered */
    uint64_t boot_insns;  /* of the first stay in the kernel */
    uint64_t boot_address;
    bool is_booting; /* in the kernel, but not yet in the upper half */
    struct {
        uint64_t since; /* counters.insns */
        uint64_t from;  /* where that was */
        uint64_t amid;  /* where OFF_AMID instructions of it had gone by; 0: fewer have */
        uint64_t longest, longest_from, longest_amid, longest_to;
    } off;
    unsigned first_row; /* what row 0 of the marks is */
    unsigned open_rows;
    unsigned unmatched_marks;
    struct row rows[ROWS];
    const char *path;
} plugin;

static void entry_begin(void)
{
    plugin.entry_insns = plugin.counters.insns;
}

static void entry_end(void)
{
    uint64_t insns = plugin.counters.insns - plugin.entry_insns;

    if (plugin.counters.entries == 0) {
        plugin.boot_insns = insns;
    }
    plugin.counters.entries++;
    plugin.counters.kernel += insns;
    if (plugin.open_rows == 0) {
        return;
    }
    for (size_t i = 0; i < ROWS; i++) {
        struct row *row = &plugin.rows[i];

        if (row->is_open && row->entry_index < ENTRIES_TOLD_APART) {
            samples_add(&row->oneway[row->entry_index++], insns);
        }
    }
}

static void off_begins(uint64_t at)
{
    plugin.off.since = plugin.counters.insns;
    plugin.off.from = at;
    plugin.off.amid = 0;
}

static void off_ends(uint64_t at)
{
    uint64_t insns = plugin.counters.insns - plugin.off.since;

    if (plugin.counters.entries != 0 && insns > plugin.off.longest) {
        plugin.off.longest = insns;
        plugin.off.longest_from = plugin.off.from;
        plugin.off.longest_amid = plugin.off.amid;
        plugin.off.longest_to = at;
    }
}

/* Before each block, which begins at data: the kernel is entered and left only between blocks. */
static void block_executed(unsigned vcpu, void *data)
{
    uint64_t at = (uint64_t)(uintptr_t)data;
    bool is_high = at >> 63 != 0;

    (void)vcpu;
    if (at == plugin.boot_address) {
        plugin.is_booting = true;
    } else if (is_high) {
        plugin.is_booting = false;
    }
    bool in_kernel = is_high || plugin.is_booting;

    if (in_kernel == plugin.in_kernel && !plugin.has_halted) {
        if (in_kernel && plugin.off.amid == 0 &&
            plugin.counters.insns - plugin.off.since >= OFF_AMID) {
            plugin.off.amid = at;
        }
        return;
    }
    if (in_kernel) {
        if (plugin.in_kernel) { /* went to sleep; what it did before is nobody's way to a user */
            plugin.counters.kernel += plugin.counters.insns - plugin.entry_insns;
        }
        entry_begin();
        off_begins(at);
    } else if (plugin.in_kernel) {
        off_ends(at);
        entry_end();
    }
    plugin.in_kernel = in_kernel;
    plugin.has_halted = false;
}

static void lets_in_executed(unsigned vcpu, void *data)
{
    uint64_t at = (uint64_t)(uintptr_t)data;

    (void)vcpu;
    if (plugin.in_kernel) {
        off_ends(at);
        off_begins(at);
    }
}

static void halt_executed(unsigned vcpu, void *data)
{
    (void)vcpu;
    (void)data;
    plugin.has_halted = true;
}

static void row_begin(struct row *row)
{
    if (row->is_open) {
        plugin.unmatched_marks++;
    } else {
        plugin.open_rows++;
    }
    row->is_open = true;
    row->entry_index = 0;
    row->begin = plugin.counters;
}

static void row_end(struct row *row)
{
    const struct counters *now = &plugin.counters;

    if (!row->is_open) {
        plugin.unmatched_marks++;
        return;
    }
    row->is_open = false;
    plugin.open_rows--;
    samples_add(&row->insns, now->insns - row->begin.insns);
    samples_add(&row->kernel, now->kernel - row->begin.kernel);
    samples_add(&row->entries, now->entries - row->begin.entries);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        samples_add(&row->kinds[i], now->kinds[i] - row->begin.kinds[i]);
    }
}

static void mark_executed(unsigned vcpu, void *data)
{
    uintptr_t code = (uintptr_t)data;
    struct row *row = &plugin.rows[(code / 2 + plugin.first_row) % ROWS];

    (void)vcpu;
    if (code == CODE_HIGHER) {
        plugin.first_row = ROWS_HIGHER;
        return;
    }
    if (code % 2 == 0) {
        row_begin(row);
    } else {
        row_end(row);
    }
}

static void insn_translated(struct qemu_plugin_insn *insn)
{
    const uint8_t *bytes = qemu_plugin_insn_data(insn);
    size_t length = qemu_plugin_insn_size(insn);
    unsigned code;

    if (insn_is_marker(bytes, length, &code)) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, mark_executed, QEMU_PLUGIN_CB_NO_REGS,
                                               (void *)(uintptr_t)code);
        return;
    }
    qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
                                               &plugin.counters.insns, 1);

    unsigned kind = insn_kind(bytes, length);
    for (unsigned i = 0; i < KIND_COUNT; i++) {
        if ((kind & (1u << i)) != 0) {
            qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
                                                       &plugin.counters.kinds[i], 1);
        }
    }
    if ((kind & INSN_LETS_IN) != 0) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, lets_in_executed, QEMU_PLUGIN_CB_NO_REGS,
                                               (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn));
    }
    if ((kind & INSN_HALT) != 0) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, halt_executed, QEMU_PLUGIN_CB_NO_REGS, NULL);
    }
}

static void block_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    uint64_t at = qemu_plugin_tb_vaddr(block);
    size_t count = qemu_plugin_tb_n_insns(block);

    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(block, block_executed, QEMU_PLUGIN_CB_NO_REGS,
                                         (void *)(uintptr_t)at);
    if (block_is_spin(block)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        insn_translated(qemu_plugin_tb_get_insn(block, i));
    }
}

static void row_print(FILE *file, unsigned number, struct row *row)
{
    char what[] = "oneway0";

    samples_print(file, number, "loop", &row->insns);
    samples_print(file, number, "kernel", &row->kernel);
    samples_print(file, number, "entries", &row->entries);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        samples_print(file, number, kind_names[i], &row->kinds[i]);
    }
    for (size_t i = 0; i < ENTRIES_TOLD_APART; i++) {
        what[sizeof(what) - 2] = (char)('0' + i);
        samples_print(file, number, what, &row->oneway[i]);
    }
}

static void emulator_exits(qemu_plugin_id_t id, void *data)
{
    FILE *file = plugin.path != NULL ? fopen(plugin.path, "w") : stderr;

    (void)id;
    (void)data;
    if (file == NULL) {
        qemu_plugin_outs("icount: cannot write the file given as outfile=\n");
        return;
    }
    for (unsigned i = 0; i < ROWS; i++) {
        row_print(file, i, &plugin.rows[i]);
    }
    fprintf(file, "all\tinstructions\t%" PRIu64 "\n", plugin.counters.insns);
    fprintf(file, "all\tboot\t%" PRIu64 "\n", plugin.boot_insns);
    fprintf(file, "all\tirq_off\t%" PRIu64 "\n", plugin.off.longest);
    fprintf(file, "all\tirq_off_from\t%" PRIu64 "\n", plugin.off.longest_from);
    fprintf(file, "all\tirq_off_amid\t%" PRIu64 "\n", plugin.off.longest_amid);
    fprintf(file, "all\tirq_off_to\t%" PRIu64 "\n", plugin.off.longest_to);
    fprintf(file, "all\tkernel\t%" PRIu64 "\n", plugin.counters.kernel);
    fprintf(file, "all\tentries\t%" PRIu64 "\n", plugin.counters.entries);
    fprintf(file, "all\tunmatched_marks\t%u\n", plugin.unmatched_marks);
    if (file != stderr) {
        fclose(file);
    }
}

static bool option_take(const char *text)
{
    static const char outfile[] = "outfile=", boot[] = "boot=";

    if (strncmp(text, outfile, strlen(outfile)) == 0) {
        plugin.path = strdup(text + strlen(outfile));
        return true;
    }
    if (strncmp(text, boot, strlen(boot)) == 0) {
        plugin.boot_address = strtoull(text + strlen(boot), NULL, 0);
        return true;
    }
    return false;
}

__attribute__((visibility("default"))) extern const int qemu_plugin_version;
const int qemu_plugin_version = QEMU_PLUGIN_VERSION_USED;

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id,
                                                               const qemu_info_t *info, int argc,
                                                               char **argv);

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    if (strcmp(info->target_name, "x86_64") != 0) {
        qemu_plugin_outs("icount: knows x86_64 only\n");
        return -1;
    }
    for (int i = 0; i < argc; i++) {
        if (!option_take(argv[i])) {
            qemu_plugin_outs("icount: the options are outfile= and boot=\n");
            return -1;
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
    qemu_plugin_register_atexit_cb(id, emulator_exits, NULL);
    return 0;
}
