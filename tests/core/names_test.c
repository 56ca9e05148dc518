/* SPDX-License-Identifier: MIT */
/* The names that people read, in a panic and elsewhere, are those of the interface files. */
#include <string.h>

#include "abi/fuzz_args.h"
#include "abi/names.h"
#include "abi/trace.h"
#include "core/core.h"
#include "core/trace.h"
#include "host_test/test.h"
#include "last_words.h"

static const struct {
    uint64_t number;
    const char *name;
    const char *text;
} errors[] = {
#define ERR(name, number, text) { (number), #name, (text) },
#include "abi/errors.def"
#undef ERR
};

TEST(every_error_has_its_name_and_text)
{
    for (uint32_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        CHECK(strcmp(error_name(errors[i].number), errors[i].name) == 0, errors[i].name);
        CHECK(strcmp(error_text(errors[i].number), errors[i].text) == 0, errors[i].name);
    }
    CHECK(error_name(999)[0] == '?', "what is no error has no name");
    CHECK(error_text(999)[0] != 0, "but a text");
}

TEST(every_method_has_its_name)
{
    for (uint32_t i = 0; i < FUZZ_OPS; i++) {
        CHECK(strcmp(method_name(fuzz_ops[i].type, fuzz_ops[i].label), fuzz_ops[i].name) == 0,
              fuzz_ops[i].name);
    }
    CHECK(method_name(OBJECT_IO_SPACE, 0xfff)[0] == '?', "what is no method has no name");
}

/* Different names for 0 or 1 to the last, none for the next. */
static void are_named(const char *(*name_of)(uint64_t), uint64_t first, uint64_t last)
{
    for (uint64_t i = first; i <= last; i++) {
        CHECK(name_of(i)[0] != '?', "it has a name");
        CHECK(i == first || strcmp(name_of(i), name_of(i - 1)) != 0, "of its own");
    }
    CHECK(name_of(last + 1)[0] == '?', "the next has none");
}

TEST(every_number_of_an_enum_has_its_name)
{
    are_named(syscall_name, 0, SYSCALL_METHOD);
    are_named(object_type_name, OBJECT_NONE, OBJECT_IO_SPACE);
    are_named(fault_name, FAULT_NOT_PRESENT, FAULT_SYSCALL);
    are_named(thread_state_name, THREAD_STATE_INACTIVE, THREAD_STATE_FAULTED);
    are_named(cache_name, CACHE_WRITE_BACK, CACHE_WRITE_COMBINING);
    are_named(page_class_name, PAGE_CLASS_4K, PAGE_CLASS_1G);
}

static void panic_with_events(const void *unused)
{
    static struct trace_ring ring;
    struct core core = { .number = 0 };

    (void)unused;
    core_trace.ring = &ring;
    core_trace.is_on = 1;
    trace_write(&core, TRACE_ENTRY, SYSCALL_SIGNAL, 7ull << 32 | 12);
    trace_write(&core, TRACE_METHOD, OBJECT_MACHINE, MACHINE_RESTART);
    trace_write(&core, TRACE_EXIT, ERR_BUSY, 0xabc0);
    trace_write(&core, TRACE_EXIT, TRACE_RESTART, 0xabc0);
    trace_write(&core, TRACE_SWITCH, 0xabc1, 0);
    trace_write(&core, TRACE_INTERRUPT, ARCH_VECTOR_TIMER, 0);
    trace_write(&core, TRACE_INTERRUPT, 3, 0);
    trace_write(&core, TRACE_FAULT, FAULT_DIVIDE, 0x44);
    trace_write(&core, TRACE_IDLE, 0, 0);
    trace_write(&core, (enum trace_kind)99, 0, 0);
    arch_panic("words", "a_file.c", 12);
}

TEST(a_panic_names_events_of_every_kind)
{
    static const char *const wanted[] = {
        " entry signal capability 12 label 7\n",
        " method machine.restart\n",
        " exit BUSY to thread abc0\n",
        " exit, to be restarted to thread abc0\n",
        " switch to thread abc1\n",
        " interrupt timer\n",
        " interrupt 3\n",
        " fault DIVIDE address 44\n",
        " idle\n",
        " kind 99\n",
    };
    const struct last_words *words = last_words_of(panic_with_events, NULL);
    const char *at = words->printed;

    for (uint32_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        const char *found = strstr(at, wanted[i]);

        CHECK(found != NULL, wanted[i]);
        at = found != NULL ? found : at; /* in this order */
    }
}

/* Events of one kind for the numbers from..from+SHOWN-1, as far as they go. */
enum { SHOWN = 16 };

struct batch {
    enum trace_kind kind;
    uint32_t from;
    uint32_t end;
};

static uint64_t first_of(const struct batch *batch, uint32_t at)
{
    return batch->kind == TRACE_METHOD ? fuzz_ops[at].type : at;
}

static void panic_with_batch(const void *argument)
{
    static struct trace_ring ring;
    const struct batch *batch = argument;
    struct core core = { .number = 0 };

    core_trace.ring = &ring;
    core_trace.is_on = 1;
    for (uint32_t at = batch->from; at < batch->end && at < batch->from + SHOWN; at++) {
        trace_write(&core, batch->kind, first_of(batch, at),
                    batch->kind == TRACE_METHOD ? fuzz_ops[at].label : 0);
    }
    arch_panic("words", "a_file.c", 12);
}

static const char *name_in(const struct batch *batch, uint32_t at)
{
    switch (batch->kind) {
    case TRACE_METHOD:
        return fuzz_ops[at].name;
    case TRACE_EXIT:
        return error_name(at);
    case TRACE_FAULT:
        return fault_name(at);
    default:
        return syscall_name(at);
    }
}

static void batches_are_named(enum trace_kind kind, uint32_t from, uint32_t end)
{
    for (struct batch batch = { kind, from, end }; batch.from < end; batch.from += SHOWN) {
        const struct last_words *words = last_words_of(panic_with_batch, &batch);
        const char *at = words->printed;

        for (uint32_t i = batch.from; i < end && i < batch.from + SHOWN; i++) {
            const char *found = strstr(at, name_in(&batch, i));

            CHECK(found != NULL, name_in(&batch, i));
            at = found != NULL ? found : at; /* in this order */
        }
    }
}

TEST(a_panic_names_every_call_method_error_and_fault)
{
    batches_are_named(TRACE_ENTRY, 0, SYSCALL_METHOD + 1);
    batches_are_named(TRACE_METHOD, 0, FUZZ_OPS);
    batches_are_named(TRACE_EXIT, 0, sizeof(errors) / sizeof(errors[0]));
    batches_are_named(TRACE_FAULT, FAULT_NOT_PRESENT, FAULT_SYSCALL + 1);
}
