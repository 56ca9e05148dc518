/* SPDX-License-Identifier: MIT */
/*
 * What the kernel says when it finds itself broken, and how that reaches the next boot: a page of
 * RAM with a magic number, a length, a checksum and the text.
 */
#include "core/panic.h"

#include <stdatomic.h>
#include <stddef.h>

#include "core/command_line.h"
#include "core/core.h"
#include "core/print.h"
#include "core/remote.h"
#include "core/trace.h"

#define RECORD_MAGIC 0x43494e4150485450ull /* "PTHPANIC" */
#define RECORD_BYTES 4096u
#define DELAY_MAX_S 86400u

struct panic_record {
    uint64_t magic;
    uint32_t length;
    uint32_t checksum;
    char text[RECORD_BYTES - 16];
};
_Static_assert(sizeof(struct panic_record) == RECORD_BYTES, "one page");

struct panic_state {
    struct panic_policy policy;
    struct panic_record *record;
    const struct core *core;   /* the first; the machine's others are found from there */
    const struct core *broken; /* which panics */
    _Atomic bool has_begun;
};
static struct panic_state state;

/* FNV-1a. */
static uint32_t checksum(const char *text, uint32_t length)
{
    uint32_t sum = 2166136261u;

    for (uint32_t i = 0; i < length; i++) {
        sum = (sum ^ (uint8_t)text[i]) * 16777619u;
    }
    return sum;
}

void panic_configure(const char *command_line, const struct core *core)
{
    char value[16];

    state.core = core;
    if (!command_line_get(command_line, "panic", value, sizeof(value))) {
        return;
    }
    if (value[0] == 'e') {
        state.policy.after = PANIC_EXIT;
    } else if (value[0] >= '1' && value[0] <= '9') {
        uint64_t seconds = command_line_number(value);

        state.policy.after = PANIC_REBOOT;
        state.policy.delay_s = (uint32_t)(seconds < DELAY_MAX_S ? seconds : DELAY_MAX_S);
    }
}

struct panic_policy panic_policy(void)
{
    return state.policy;
}

void panic_record_init(void *page)
{
    struct panic_record *record = page;
    bool is_sound = record->magic == RECORD_MAGIC && record->length <= sizeof(record->text) &&
                    record->checksum == checksum(record->text, record->length);

    if (is_sound) {
        print_text("The last run ended in a panic:\n| ");
        for (uint32_t i = 0; i < record->length; i++) {
            print_char(record->text[i]);
            if (record->text[i] == '\n' && i + 1 < record->length) {
                print_text("| ");
            }
        }
        print_text("(end of the record)\n");
    }
    record->magic = 0;
    state.record = record;
}

void panic_record_seal(void)
{
    struct panic_record *record = state.record;

    if (record == NULL) {
        return;
    }
    record->length = print_record_close();
    record->checksum = checksum(record->text, record->length);
    record->magic = RECORD_MAGIC;
}

/* The one that runs this. NULL: nothing is known of cores yet. */
static const struct core *this_core(void)
{
    const struct machine *machine = state.core != NULL ? state.core->machine : NULL;

    for (uint32_t i = 0; machine != NULL && i < machine->core_count; i++) {
        if (!core_is_other(machine->cores[i])) {
            return machine->cores[i];
        }
    }
    return state.core;
}

static void print_state(const struct core *core)
{
    const struct thread *thread = core->current;

    print_decimal("Core ", core->number);
    print_decimal(" at ", arch_now());
    print_hex(" ns, current thread ", (uintptr_t)thread, 1);
    if (thread != NULL) {
        print_hex(", its ip ", thread->registers.ip, 1);
        print_hex(", op ", thread->registers.op, 1);
        print_hex(", info ", thread->registers.info, 1);
    }
    print_text("\n");
}

_Noreturn void core_on_panic(const char *text, const char *file, uint32_t line)
{
    const struct core *core = this_core();
    /*
     * One that comes while another is printed says only so much, and keeps the record of the first. On another core it says nothing,
     * for the first has not come to its end yet.
     */
    bool is_first = !atomic_exchange_explicit(&state.has_begun, true, memory_order_relaxed);

    if (is_first) {
        state.broken = core;
    } else if (state.broken != core) {
        arch_stop();
    }
    if (is_first && state.record != NULL) {
        print_record_open(state.record->text, sizeof(state.record->text));
    }
    print_text("\nPANIC: ");
    print_text(text);
    print_text(" (");
    print_text(file);
    print_decimal(":", line);
    print_text(")\n");
    if (!is_first) {
        panic_record_seal();
        arch_restart(state.policy.after == PANIC_EXIT ? 0 : 1, 0x7f);
    }
    if (core != NULL) {
        print_state(core);
    }
    trace_print();
    arch_panic_end(text, file, line);
}
