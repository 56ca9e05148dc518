/* SPDX-License-Identifier: MIT */
/*
 * A plugin for QEMU that tells how long cores have the kernel's locks, and for how many others they wait. Where that happens is known by address
 * (kernel/arch/x86_64/many/lock_marks.h). CPUs are threads of QEMU here; each counts its own instructions of the kernel, and what
 * concerns several is behind one mutex.
 *
 * A stretch is what a CPU executes with a lock: from having it, or from an sti, where a long operation looks who waits, to the next such place or to
 * giving it back; what it spins for others meanwhile is not counted, so that it is the same on every host. A turn is an end of another CPU's
 * having the lock of all (for the own lock: and all others), between this one's asking for it, or for its own, and its having it; whoever was passed over, since it was not there, asks anew. What happens until the lock of all is given back for the first time is the kernel's start, and is left out.
 *
 * Options: marks=PATH (lines of address, hexadecimal, and name), outfile=PATH. Lines, tab-separated, for "own" and "all" each:
 *     lock, "holds" | "waits" | "asked" (waits in which it did so to the end) | "passes", how many
 *     lock, "turns", the most of a wait
 *     lock, "spun", the most instructions of a wait; they depend on the host
 *     lock, "stretch", length, address half way through: the longest by that address, of STRETCH_MIN or more
 */
#include <inttypes.h>
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

enum { CPUS = 64, MARKS = 256, SAMPLES = 256, SAMPLE_INSNS = 32, PLACES = 4096, STRETCH_MIN = 100 };
enum lock { OWN, ALL, LOCKS };
static const char *const lock_names[LOCKS] = { "own", "all" };

/* The marks of lock_marks.h, known by their names there, without LOCK_. */
enum kind {
    WAITS_ALL,
    ASKS_ALL,
    ASKED_ALL,
    HAS_ALL,
    GIVES_ALL,
    PASSES_ALL,
    WAITS_OWN,
    ASKS_OWN,
    ASKED_OWN,
    HAS_OWN,
    GIVES_OWN,
    PASSES_OWN,
    SPINS,
    SPUN,
    DECLINES,
    LETS_IN
};
static const char *const kind_names[LETS_IN] = {
    [WAITS_ALL] = "WAITS_ALL", [ASKS_ALL] = "ASKS_ALL",   [ASKED_ALL] = "ASKED_ALL",
    [HAS_ALL] = "HAS_ALL",     [GIVES_ALL] = "GIVES_ALL", [PASSES_ALL] = "PASSES_ALL",
    [WAITS_OWN] = "WAITS_OWN", [ASKS_OWN] = "ASKS_OWN",   [ASKED_OWN] = "ASKED_OWN",
    [HAS_OWN] = "HAS_OWN",     [GIVES_OWN] = "GIVES_OWN", [PASSES_OWN] = "PASSES_OWN",
    [SPINS] = "SPINS",         [SPUN] = "SPUN",           [DECLINES] = "DECLINES"
};

struct block {
    uint64_t at;
    uint64_t insns;
};

/* An instruction at which something is done, the index-th of its block. */
struct event {
    const struct block *block;
    uint64_t index;
    enum kind kind;
};

struct wait {
    bool is_open;
    uint64_t since; /* insns */
};

struct cpu {
    uint64_t insns; /* of the kernel */
    uint64_t spun;  /* of these, for others */
    uint64_t spins_since;
    bool has[LOCKS];
    bool declines;
    uint64_t since[LOCKS]; /* insns - spun */
    struct wait waits[LOCKS];
    uint64_t asks_since[LOCKS]; /* plugin.turns */
    /* Where it was every SAMPLE_INSNS instructions or so since the stretch began. */
    uint64_t samples[SAMPLES];
    uint64_t sample_count;
    uint64_t next_sample; /* insns - spun */
};

struct place {
    uint64_t at; /* 0: free */
    uint64_t longest;
};

static struct {
    pthread_mutex_t mutex;
    struct cpu cpus[CPUS];
    struct {
        uint64_t address;
        enum kind kind;
    } marks[MARKS];
    size_t mark_count;
    bool has_started;
    uint64_t turns[LOCKS];
    uint64_t holds[LOCKS], passes[LOCKS], waits[LOCKS], asked[LOCKS], turns_max[LOCKS],
        spun_max[LOCKS];
    struct place places[LOCKS][PLACES];
    bool is_full;
    const char *path;
} plugin = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static uint64_t worked(const struct cpu *cpu)
{
    return cpu->insns - cpu->spun;
}

static void place_note(enum lock lock, uint64_t at, uint64_t length)
{
    uint64_t slot = (at * 0x9e3779b97f4a7c15u) >> 52;

    for (unsigned tries = 0; tries < PLACES; tries++, slot = (slot + 1) % PLACES) {
        struct place *place = &plugin.places[lock][slot];

        if (place->at == 0 || place->at == at) {
            place->at = at;
            if (place->longest < length) {
                place->longest = length;
            }
            return;
        }
    }
    plugin.is_full = true;
}

static void stretch_begin(struct cpu *cpu, enum lock lock)
{
    cpu->since[lock] = worked(cpu);
    cpu->sample_count = 0;
    cpu->next_sample = worked(cpu);
}

static void stretch_end(struct cpu *cpu, enum lock lock)
{
    uint64_t length = worked(cpu) - cpu->since[lock];
    uint64_t half = length / 2 / SAMPLE_INSNS;

    if (plugin.has_started && length >= STRETCH_MIN && cpu->sample_count != 0) {
        place_note(lock, cpu->samples[half < cpu->sample_count ? half : cpu->sample_count - 1],
                   length);
    }
}

static void wait_begin(struct cpu *cpu, enum lock lock)
{
    cpu->waits[lock] = (struct wait){ .is_open = true, .since = cpu->insns };
}

/* It has the lock now. */
static void asked(const struct cpu *cpu, enum lock lock)
{
    uint64_t turns = plugin.turns[lock] - cpu->asks_since[lock];

    plugin.asked[lock]++;
    if (plugin.turns_max[lock] < turns) {
        plugin.turns_max[lock] = turns;
    }
}

static void wait_end(struct cpu *cpu, enum lock lock)
{
    struct wait *wait = &cpu->waits[lock];
    uint64_t spun = cpu->insns - wait->since;

    if (!wait->is_open) {
        return;
    }
    wait->is_open = false;
    plugin.waits[lock]++;
    if (plugin.spun_max[lock] < spun) {
        plugin.spun_max[lock] = spun;
    }
}

static void has(struct cpu *cpu, enum lock lock)
{
    wait_end(cpu, lock);
    if (lock == ALL && cpu->has[OWN]) {
        stretch_end(cpu, OWN); /* what comes is one with all */
    }
    stretch_begin(cpu, lock);
    cpu->has[lock] = true;
    plugin.holds[lock]++;
}

static void gives(struct cpu *cpu, enum lock lock)
{
    if (!cpu->has[lock]) {
        return;
    }
    stretch_end(cpu, lock);
    cpu->has[lock] = false;
    if (lock == ALL) {
        plugin.has_started = true;
        plugin.turns[ALL]++;
        plugin.turns[OWN] += !cpu->declines;
        cpu->declines = false;
        stretch_begin(cpu, OWN);
    }
}

static void lets_in(struct cpu *cpu)
{
    for (unsigned lock = 0; lock < LOCKS; lock++) {
        if (cpu->has[lock] && (lock == ALL || !cpu->has[ALL])) {
            stretch_end(cpu, lock);
            stretch_begin(cpu, lock);
        }
    }
}

static void happens(struct cpu *cpu, enum kind kind)
{
    switch (kind) {
    case WAITS_ALL:
        wait_begin(cpu, ALL);
        break;
    case HAS_ALL:
        has(cpu, ALL);
        break;
    case GIVES_ALL:
        gives(cpu, ALL);
        break;
    case WAITS_OWN:
        wait_begin(cpu, OWN);
        break;
    case HAS_OWN:
        has(cpu, OWN);
        break;
    case GIVES_OWN:
        gives(cpu, OWN);
        break;
    case SPINS:
        cpu->spins_since = cpu->insns;
        break;
    case SPUN:
        cpu->spun += cpu->insns - cpu->spins_since;
        break;
    case PASSES_ALL:
        plugin.passes[ALL]++;
        break;
    case PASSES_OWN:
        plugin.passes[OWN]++;
        break;
    case ASKS_ALL:
        cpu->asks_since[ALL] = plugin.turns[ALL];
        break;
    case ASKED_ALL:
        asked(cpu, ALL);
        break;
    case ASKED_OWN:
        asked(cpu, OWN);
        break;
    case ASKS_OWN:
        cpu->asks_since[OWN] = plugin.turns[OWN];
        break;
    case DECLINES:
        cpu->declines = true;
        break;
    case LETS_IN:
        lets_in(cpu);
        break;
    }
}

static void event_executed(unsigned vcpu, void *data)
{
    const struct event *event = data;
    uint64_t ahead = event->block->insns - event->index; /* block_executed() counted them already */
    struct cpu *cpu = &plugin.cpus[vcpu % CPUS];

    pthread_mutex_lock(&plugin.mutex);
    cpu->insns -= ahead;
    happens(cpu, event->kind);
    cpu->insns += ahead;
    pthread_mutex_unlock(&plugin.mutex);
}

static void block_executed(unsigned vcpu, void *data)
{
    const struct block *block = data;
    struct cpu *cpu = &plugin.cpus[vcpu % CPUS];

    if (worked(cpu) >= cpu->next_sample && cpu->sample_count < SAMPLES) {
        cpu->samples[cpu->sample_count++] = block->at;
        cpu->next_sample += SAMPLE_INSNS;
    }
    cpu->insns += block->insns;
}

static void event_add(struct qemu_plugin_insn *insn, const struct block *block, uint64_t index,
                      enum kind kind)
{
    struct event *event = malloc(sizeof(*event));

    if (event == NULL) {
        abort();
    }
    *event = (struct event){ block, index, kind };
    qemu_plugin_register_vcpu_insn_exec_cb(insn, event_executed, QEMU_PLUGIN_CB_NO_REGS, event);
}

static void insn_translated(struct qemu_plugin_insn *insn, const struct block *block,
                            uint64_t index)
{
    uint64_t at = qemu_plugin_insn_vaddr(insn);

    for (size_t i = 0; i < plugin.mark_count; i++) {
        if (plugin.marks[i].address == at) {
            event_add(insn, block, index, plugin.marks[i].kind);
        }
    }
    if ((insn_kind(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn)) & INSN_LETS_IN) != 0) {
        event_add(insn, block, index, LETS_IN);
    }
}

static void block_translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    uint64_t at = qemu_plugin_tb_vaddr(tb);
    struct block *block;

    (void)id;
    if (at >> 63 == 0) {
        return;
    }
    block = malloc(sizeof(*block));
    if (block == NULL) {
        abort();
    }
    *block = (struct block){ at, qemu_plugin_tb_n_insns(tb) };
    qemu_plugin_register_vcpu_tb_exec_cb(tb, block_executed, QEMU_PLUGIN_CB_NO_REGS, block);
    for (uint64_t i = 0; i < block->insns; i++) {
        insn_translated(qemu_plugin_tb_get_insn(tb, i), block, i);
    }
}

static void at_exit(qemu_plugin_id_t id, void *data)
{
    FILE *file = fopen(plugin.path, "w");

    (void)id;
    (void)data;
    if (file == NULL || plugin.is_full) {
        qemu_plugin_outs("locks: no file to write, or more places than are kept\n");
        exit(1);
    }
    for (unsigned lock = 0; lock < LOCKS; lock++) {
        const char *name = lock_names[lock];

        fprintf(file, "%s\tholds\t%" PRIu64 "\n", name, plugin.holds[lock]);
        fprintf(file, "%s\twaits\t%" PRIu64 "\n", name, plugin.waits[lock]);
        fprintf(file, "%s\tspun\t%" PRIu64 "\n", name, plugin.spun_max[lock]);
        fprintf(file, "%s\tasked\t%" PRIu64 "\n", name, plugin.asked[lock]);
        fprintf(file, "%s\tturns\t%" PRIu64 "\n", name, plugin.turns_max[lock]);
        fprintf(file, "%s\tpasses\t%" PRIu64 "\n", name, plugin.passes[lock]);
        for (unsigned i = 0; i < PLACES; i++) {
            if (plugin.places[lock][i].at != 0) {
                fprintf(file, "%s\tstretch\t%" PRIu64 "\t%#" PRIx64 "\n", name,
                        plugin.places[lock][i].longest, plugin.places[lock][i].at);
            }
        }
    }
    (void)fclose(file);
}

static bool mark_read(const char *line)
{
    uint64_t address;
    char name[32];

    if (plugin.mark_count == MARKS || sscanf(line, "%" SCNx64 " %31s", &address, name) != 2) {
        return false;
    }
    for (unsigned kind = 0; kind < LETS_IN; kind++) {
        if (strcmp(name, kind_names[kind]) == 0) {
            plugin.marks[plugin.mark_count].address = address;
            plugin.marks[plugin.mark_count++].kind = (enum kind)kind;
            return true;
        }
    }
    return false;
}

static bool marks_read(const char *path)
{
    FILE *file = fopen(path, "r");
    bool is_good = file != NULL;
    char line[80];

    while (is_good && fgets(line, sizeof(line), file) != NULL) {
        is_good = mark_read(line);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return is_good;
}

static bool option_take(const char *text)
{
    static const char outfile[] = "outfile=", marks[] = "marks=";

    if (strncmp(text, outfile, strlen(outfile)) == 0) {
        plugin.path = strdup(text + strlen(outfile));
        return plugin.path != NULL;
    }
    return strncmp(text, marks, strlen(marks)) == 0 && marks_read(text + strlen(marks));
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    bool is_good = strcmp(info->target_name, "x86_64") == 0;

    for (int i = 0; i < argc; i++) {
        is_good = is_good && option_take(argv[i]);
    }
    if (!is_good || plugin.path == NULL || plugin.mark_count == 0) {
        qemu_plugin_outs("locks: knows x86_64 only; wanted: marks=PATH and outfile=PATH\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, block_translated);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
