/* SPDX-License-Identifier: MIT */
/*
 * The warden: builds the system that the boot archive describes and keeps it going. What it knows lies in pages and
 * slots that outlive it (docs/supervision.md): a successor adopts what runs, and redoes what was half done.
 */
#include "warden.h"

#include "children.h"
#include "lending.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/start.h"
#include "pith/string.h"
#include "pith/thread.h"
#include "say.h"
#include "shell.h"

#include "abi/names.h"

enum {
    STATUS_NO_STATE = 1,
    STATUS_NO_SYSTEM = 2,
    STATUS_NO_EAR = 3,
    STATUS_CANNOT_WAIT = 4,
    STATUS_EAR_HANGS = 5
};
enum { PROBE_MS = 20, RANKS = 16 };
enum { EAR_LOOKS_MAX = 4, EAR_LOOK_MS = 5 }; /* it answers at once, or never will */

static struct warden the_warden;
static cap_addr_t hand_bell;

struct warden *warden(void)
{
    return &the_warden;
}

void hand_wake(void)
{
    (void)!notification_signal(hand_bell);
}

void alive(ns_t more_ns)
{
    atomic_store_explicit(&the_warden.page->alive_until_ns,
                          clock_now() +
                              the_warden.description.header.patience * WARDEN_PATIENCE_NS + more_ns,
                          memory_order_relaxed);
}

err_t frame_map(cap_addr_t frame, uint64_t bytes, uint32_t prot, user_addr_t *at)
{
    uint64_t whole = (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    err_t err = region_reserve(whole, at);

    if (err == ERR_OK) {
        err = region_map(*at, frame, 0, (uint32_t)(whole / PAGE_BYTES), prot);
    }
    return err;
}

static err_t state_map(void)
{
    user_addr_t state = 0, epochs = 0, archive = 0;
    err_t err = frame_map(WARDEN_SLOT_STATE, WARDEN_STATE_BYTES, PROT_READ | PROT_WRITE, &state);

    if (err == ERR_OK) {
        err = frame_map(WARDEN_SLOT_EPOCHS, PAGE_BYTES, PROT_READ | PROT_WRITE, &epochs);
    }
    if (err) {
        return err;
    }
    _Static_assert(
        PAGE_BYTES + DESCRIPTION_PROGRAMS * (2 * sizeof(struct record) + sizeof(struct request)) +
                sizeof(struct lending) <=
            WARDEN_STATE_BYTES,
        "records, copies, requests and what is lent follow the page");
    the_warden.page = (struct warden_page *)state;
    the_warden.records = (struct record *)(state + PAGE_BYTES);
    the_warden.copies = the_warden.records + DESCRIPTION_PROGRAMS;
    the_warden.requests = (struct request *)(the_warden.copies + DESCRIPTION_PROGRAMS);
    the_warden.lending = (struct lending *)(the_warden.requests + DESCRIPTION_PROGRAMS);
    the_warden.epochs = (_Atomic uint32_t *)epochs;
    if (the_warden.page->magic != WARDEN_PAGE_MAGIC) {
        return ERR_GONE;
    }
    alive(0);
    err = frame_map(WARDEN_SLOT_ARCHIVE, the_warden.page->archive_bytes, PROT_READ, &archive);
    the_warden.archive = (const void *)archive;
    return err;
}

static err_t ear_start(void)
{
    static struct thread_handle handle;
    struct thread_spec spec = { .entry = ear,
                                .rank = WARDEN_EAR_RANK,
                                .handler = self_cap("guardian") };
    err_t err = object_create(OBJECT_SCHED_CONTEXT, 0, &spec.context);

    if (err == ERR_OK) {
        err = sched_context_configure(spec.context, WARDEN_SLOT_MACHINE, WARDEN_PRIORITY,
                                      WARDEN_PERIOD_NS, WARDEN_PERIOD_NS, 0);
    }
    if (err == ERR_OK) {
        err = thread_start(&spec, &handle);
    }
    return err;
}

/* A program for which there is no memory stays out; the others are built. */
static void keep_all(void)
{
    for (uint32_t i = 0; i < the_warden.count; i++) {
        const struct description_program *description = description_of(i);
        err_t err = is_mine(i) ? parts_keep(i) : ERR_OK;

        if (err) {
            the_warden.is_unfit[i] = true;
            say(LOG_ERROR, "%s cannot be built: its %lu KiB are not there (%s)", description->name,
                (description->memory_bytes + description->keeps_bytes) / 1024, error_name(err));
        }
    }
    for (uint32_t i = the_warden.programs; i < the_warden.count; i++) {
        uint32_t parent = description_of(i)->parent - 1;
        err_t err = child_keep(i);

        if (err) {
            the_warden.is_unfit[parent] = true;
            say(LOG_ERROR, "%s cannot be built: its places are not there (%s)",
                description_of(parent)->name, error_name(err));
        }
    }
    sessions_keep();
}

/* Its first thread could run. One that faulted could not, but the ear hears of that, or has. */
static bool could_run(uint32_t program)
{
    uint32_t state = THREAD_STATE_INACTIVE, fault, rank;
    uint64_t address, ip, switches;

    if (atomic_load_explicit(&the_warden.requests[program].wants, memory_order_relaxed) &
        WANT_DIED) {
        return true;
    }
    return thread_info(slot_of(program, PART_MAKING) + PROGRAM_PARENT_THREAD, &state, &fault,
                       &address, &ip, &rank, &switches) == ERR_OK &&
           state != THREAD_STATE_INACTIVE;
}

static void begin(uint32_t program)
{
    struct record *record = record_of(program);

    memset(record, 0, sizeof(*record));
    if (description_of(program)->flags & DESCRIPTION_START) {
        record->state = SYSTEM_STATE_WAITING;
    }
    record_seal(record);
}

static void roll_forward(uint32_t program)
{
    struct record *record = record_of(program);

    say(LOG_WARNING, "%s was left half done", description_of(program)->name);
    switch (record->intent) {
    case INTENT_STOP:
        program_end(program, INTENT_STOP, SYSTEM_STATE_STOPPED);
        record_intend(record, INTENT_NONE);
        break;
    case INTENT_START:
        program_end(program, INTENT_START, SYSTEM_STATE_WAITING);
        record->due_ns = 0;
        record_intend(record, INTENT_NONE);
        break;
    case INTENT_END:
        program_end(program, INTENT_END,
                    record_has_ended(record) ? SYSTEM_STATE_ENDED : SYSTEM_STATE_FAULTED);
        restart_plan(program);
        break;
    default: /* it could not run, and nobody says why */
        program_end(program, INTENT_END, SYSTEM_STATE_FAULTED);
        restart_plan(program);
        break;
    }
}

/* What a dead warden left: go on with it, or end what it had begun. */
static void adopt(uint32_t program)
{
    struct record *record = record_of(program);

    if (!record_recover(record)) {
        begin(program);
    } else if (record->intent != INTENT_NONE ||
               (record->state == SYSTEM_STATE_RUNNING && !could_run(program))) {
        roll_forward(program);
    }
}

/* From the lowest rank up, so that servers are there before their clients. */
static void start_all(void)
{
    for (uint32_t rank = 0; rank < RANKS; rank++) {
        for (uint32_t i = 0; i < the_warden.count; i++) {
            struct record *record = record_of(i);

            alive(0);
            if (is_mine(i) && description_of(i)->rank == rank &&
                record->state == SYSTEM_STATE_WAITING && record->due_ns == 0) {
                program_begin(i);
            }
        }
    }
}

static err_t system_read(void)
{
    const char *why = "";
    err_t err = description_read(the_warden.archive, the_warden.page->archive_bytes,
                                 &the_warden.description, &why);

    if (err) {
        debug_printf("warden: %s\n", why);
        return err;
    }
    the_warden.count = the_warden.description.header.program_count;
    the_warden.programs = the_warden.count - the_warden.description.header.child_count;
    if (the_warden.page->starts == 1) {
        the_warden.page->steps =
            (struct warden_steps){ .left = the_warden.description.header.death_step,
                                   .how = SYSTEM_HARM_FAULT };
    }
    keep_all();
    return ERR_OK;
}

/*
 * Init looks after the hand, and the hand after the ear. While that hangs it has as much time as the hand, and nobody else has any: then
 * nobody is blamed for not answering. Gives when to come again.
 */
static ns_t look_round(void)
{
    uint32_t looks = ear_looks();

    if (looks >= EAR_LOOKS_MAX) {
        debug_printf("warden: the ear hangs\n");
        program_exit(STATUS_EAR_HANGS);
    }
    if (looks != 0) {
        return clock_now() + EAR_LOOK_MS * NS_PER_MS;
    }
    strays_of_nobody();
    probe_all();
    return clock_now() + PROBE_MS * NS_PER_MS;
}

static _Noreturn void work(void)
{
    ns_t probe_ns = clock_now() + PROBE_MS * NS_PER_MS;

    for (;;) {
        ns_t due_ns = next_due_ns();
        uint64_t bits = 0;

        alive(0);
        err_t err = notification_wait(WARDEN_SLOT_HAND, HAND_WORK | HAND_STRAYS,
                                      due_ns < probe_ns ? due_ns : probe_ns, 0, &bits);

        if (err != ERR_OK && err != ERR_TIMED_OUT && err != ERR_CANCELLED) {
            program_exit(STATUS_CANNOT_WAIT);
        }
        while (atomic_load_explicit(&the_warden.hand_is_to_hang, memory_order_relaxed) != 0) {
        }
        if ((bits & HAND_STRAYS) != 0) {
            strays_handle();
        }
        ending_handle();
        requests_handle();
        if (clock_now() >= probe_ns) {
            probe_ns = look_round();
        }
    }
}

int main(void)
{
    if (state_map()) {
        debug_printf("warden: init has kept no state for it\n");
        return STATUS_NO_STATE;
    }
    if (system_read()) {
        return STATUS_NO_SYSTEM;
    }
    if (cap_mint(WARDEN_SLOT_HAND, RIGHT_SIGNAL, HAND_WORK, &hand_bell) || ear_start()) {
        debug_printf("warden: no thread for faults and calls\n");
        return STATUS_NO_EAR;
    }
    ending_handle();
    for (uint32_t i = 0; i < the_warden.count; i++) {
        if (!is_mine(i)) {
            continue;
        }
        adopt(i);
    }
    if (the_warden.page->starts > 1) {
        say(LOG_ERROR, "number %u goes on with what is there", the_warden.page->starts);
    }
    start_all();
    if (the_warden.page->steps.left != 0) {
        debug_printf("warden: the system is built, %u steps before its end\n",
                     the_warden.page->steps.left);
    }
    work();
}
