/* SPDX-License-Identifier: MIT */
/* Writing the trace, and its last events in words: see core/trace.h. */
#include "core/trace.h"

#include <stdatomic.h>
#include <stddef.h>

#include "abi/names.h"
#include "cap/cap.h"
#include "core/print.h"

#define TRACE_SHOWN 16u

_Static_assert((uint64_t)KERNEL_RESTART == TRACE_RESTART, "what core.c writes");

struct trace core_trace;

void trace_write(struct core *core, enum trace_kind kind, uint64_t a, uint64_t b)
{
    struct trace_ring *ring = core_trace.ring;

    if (ring == NULL) {
        return;
    }
    struct trace_event *event = &ring->events[ring->head % TRACE_EVENTS];

    event->time_ns = arch_now();
    event->kind = kind;
    event->core = core->number;
    event->thread = (uint64_t)(uintptr_t)core->current;
    event->a = a;
    event->b = b;
    /* Who reads through the emulator's monitor stops the machine anywhere: what head counts is whole. */
    atomic_signal_fence(memory_order_release);
    ring->head++;
}

/* The name; what has none, such as the system call of a program that tries numbers, is a number. */
static void print_name(const char *text, const char *name, uint64_t number)
{
    if (name[0] == '?') {
        print_decimal(text, number);
    } else {
        print_text(text);
        print_text(name);
    }
}

static void print_exit(const struct trace_event *event)
{
    if (event->a == TRACE_RESTART) {
        print_text(" exit, to be restarted");
    } else {
        print_name(" exit ", error_name(event->a), event->a);
    }
    print_hex(" to thread ", event->b, 1);
}

static void print_entry(const struct trace_event *event)
{
    print_name(" entry ", syscall_name(event->a), event->a);
    print_decimal(" capability ", (uint32_t)event->b);
    print_decimal(" label ", event->b >> 32);
}

static void print_what(const struct trace_event *event)
{
    switch (event->kind) {
    case TRACE_ENTRY:
        print_entry(event);
        break;
    case TRACE_METHOD:
        print_name(" method ", method_name((uint32_t)event->a, (uint32_t)event->b), event->b);
        break;
    case TRACE_EXIT:
        print_exit(event);
        break;
    case TRACE_SWITCH:
        print_hex(" switch to thread ", event->a, 1);
        break;
    case TRACE_INTERRUPT:
        print_name(" interrupt ", event->a == ARCH_VECTOR_TIMER ? "timer" : "?", event->a);
        break;
    case TRACE_FAULT:
        print_name(" fault ", fault_name(event->a), event->a);
        print_hex(" address ", event->b, 1);
        break;
    case TRACE_IDLE:
        print_text(" idle");
        break;
    default:
        print_name(" kind ", "?", event->kind);
        break;
    }
}

void trace_print(void)
{
    const struct trace_ring *ring = core_trace.ring;
    uint64_t head = ring != NULL ? ring->head : 0;
    uint64_t count = head < TRACE_SHOWN ? head : TRACE_SHOWN;

    if (head == 0) {
        print_text("No events: no trace was on (trace=on, machine.trace).\n");
        return;
    }
    print_decimal("The last ", count);
    print_decimal(" of ", head);
    print_text(core_trace.is_on ? " events, oldest first:\n"
                                : " events before the trace was off:\n");
    for (uint64_t i = head - count; i < head; i++) {
        const struct trace_event *event = &ring->events[i % TRACE_EVENTS];

        print_decimal("  ", event->time_ns);
        print_hex(" ns, thread ", event->thread, 1);
        print_text(":");
        print_what(event);
        print_text("\n");
    }
}
