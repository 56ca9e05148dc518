/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine: memory, clock, ports, and the ways into the kernel. Must stay true: a run depends on nothing
 * but what the test asks for. The processor's view of memory is mmu.c, what comes from outside interrupts.c.
 */
#include "machine.h"

#include "core/alone.h"
#include "core/inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/trace.h"
#include "ipc/fast.h"

enum { RAM_BYTES_DEFAULT = 64 << 20 };

struct host_state host;

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define __asan_poison_memory_region(start, size) ((void)(start), (void)(size))
#define __asan_unpoison_memory_region(start, size) ((void)(start), (void)(size))
#endif

/* --- Starting and stopping --------------------------------------------------------------------- */

void host_start(const struct host_options *options)
{
    void (*on_panic)(const char *, const char *, uint32_t) = host.on_panic;
    uint64_t bytes = options->ram_bytes != 0 ? options->ram_bytes : RAM_BYTES_DEFAULT;
    void *ram = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (ram == MAP_FAILED) {
        host_fail("no memory for the simulated machine");
    }
    void *devices = mmap(NULL, HOST_DEVICE_BYTES, PROT_NONE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (devices == MAP_FAILED) {
        host_fail("no addresses for the simulated devices");
    }
    memset(&host, 0, sizeof(host));
    host.devices = devices;
    host.on_panic = on_panic;
    host.ram = ram;
    host.ram_bytes = bytes;
    host.tick_ns = options->tick_ns;
    host.has_iommu = options->has_iommu;
    host_iommu_start();
    host.now_ns = 1000;
    host.core_count = options->cores != 0 ? options->cores : 1;
    for (uint32_t i = 0; i < ARCH_CORES; i++) {
        host.cores[i].armed_ns = DEADLINE_NEVER;
        host.cores[i].core.arch.host_number = i;
    }
    for (uint32_t i = 0; i < HOST_LINES; i++) {
        host.lines[i].is_masked = true;
    }
    for (uint32_t i = 0; i < ARCH_IRQ_VECTORS; i++) {
        host.msi_sources[i] = HOST_NO_SOURCE;
    }
}

void host_stop(void)
{
    host_memory_unpoison(HOST_RAM_BASE, host.ram_bytes);
    munmap(host.ram, host.ram_bytes);
    munmap(host.devices, HOST_DEVICE_BYTES);
    host.ram = NULL;
}

struct core *host_core(uint32_t number)
{
    return &host.cores[number].core;
}

uint32_t host_core_count(void)
{
    return host.core_count;
}

uint64_t host_ram_bytes(void)
{
    return host.ram_bytes;
}

struct host_core *host_active(void)
{
    return &host.cores[host.active];
}

void host_on_panic(void (*handler)(const char *text, const char *file, uint32_t line))
{
    host.on_panic = handler;
}

_Noreturn void host_fail(const char *text)
{
    arch_panic_end(text, "the simulated machine", 0);
}

_Noreturn void arch_panic(const char *text, const char *file, uint32_t line)
{
    core_on_panic(text, file, line);
}

_Noreturn void arch_panic_end(const char *text, const char *file, uint32_t line)
{
    if (host.on_panic != NULL) {
        host.on_panic(text, file, line);
    }
    fflush(stdout);
    fprintf(stderr, "panic: %s (%s:%u)\n", text, file, line);
    abort();
}

_Noreturn void arch_stop(void)
{
    arch_panic_end("a core stops", "the simulated machine", 0);
}

_Noreturn void arch_restart(uint32_t how, uint32_t code)
{
    (void)code;
    host_fail(how == 0 ? "power off" : "reboot");
}

/* --- Memory ------------------------------------------------------------------------------------ */

bool host_is_ram(phys_t phys, uint64_t size_bytes)
{
    return phys >= HOST_RAM_BASE && size_bytes <= host.ram_bytes &&
           phys - HOST_RAM_BASE <= host.ram_bytes - size_bytes;
}

/* Registers of devices have an address too, as in a direct map; to touch them is the end. */
void *arch_phys_to_ptr(phys_t phys)
{
    if (phys - HOST_DEVICE_BASE < HOST_DEVICE_BYTES) {
        return host.devices + (phys - HOST_DEVICE_BASE);
    }
    if (!host_is_ram(phys, 1)) {
        host_fail("the kernel uses a physical address that is not memory");
    }
    return host.ram + (phys - HOST_RAM_BASE);
}

phys_t arch_ptr_to_phys(const void *pointer)
{
    uint64_t offset = (uint64_t)((uintptr_t)pointer - (uintptr_t)host.ram);

    if (offset >= host.ram_bytes) {
        host_fail("the kernel asks for the physical address of something not in memory");
    }
    return HOST_RAM_BASE + offset;
}

void host_memory_poison(phys_t phys, uint64_t size_bytes)
{
    __asan_poison_memory_region(host.ram + (phys - HOST_RAM_BASE), size_bytes);
}

void host_memory_unpoison(phys_t phys, uint64_t size_bytes)
{
    __asan_unpoison_memory_region(host.ram + (phys - HOST_RAM_BASE), size_bytes);
}

void arch_memory_clear(void *start, uint64_t size_bytes)
{
    if (!host_is_ram(arch_ptr_to_phys(start), size_bytes)) {
        host_fail("the kernel clears past the end of memory");
    }
    __asan_unpoison_memory_region(start, size_bytes);
    memset(start, 0, size_bytes);
}

void arch_memory_copy_words(uint64_t *dst, const uint64_t *src, uint64_t count)
{
    memmove(dst, src, count * sizeof(*dst));
}

/* --- Time -------------------------------------------------------------------------------------- */

ns_t arch_now(void)
{
    host.now_ns += host.tick_ns;
    return host.now_ns;
}

void arch_timer_arm(ns_t at_ns)
{
    host_active()->armed_ns = at_ns;
}

void host_time_advance(ns_t ns)
{
    host.now_ns += ns;
}

ns_t host_time(void)
{
    return host.now_ns;
}

ns_t host_time_armed(const struct core *core)
{
    return host.cores[core->arch.host_number].armed_ns;
}

/* --- Entering the kernel ----------------------------------------------------------------------- */

static void user_acts(const struct core *core)
{
    if (host_is_poked(core)) {
        host_fail("the test lets a program go on that the core must look at first");
    }
    host.active = core->arch.host_number;
}

bool arch_has_all(void)
{
    return host_active()->core.has_all;
}

/* Every other time, so that both ways are gone. */
bool arch_try_all(struct core *core)
{
    for (uint32_t i = 0; i < core->machine->core_count; i++) {
        if (!core_is_settled(core->machine->cores[i])) {
            return false;
        }
    }
    host.all_is_free = !host.all_is_free;
    core->has_all = host.all_is_free;
    return core->has_all;
}

void host_enter(struct core *core)
{
    core->has_all = false;
    if (host.watch_before != NULL) {
        host.watch_before(core);
    }
}

void host_take_all(struct core *core)
{
    core->has_all = true;
    core_settle(core);
    inbox_take_all(core);
}

void host_begin_anew(struct core *core)
{
    if (host.watch_gave_up != NULL) {
        host.watch_gave_up(core);
    }
    host_take_all(core);
}

/* What was sent meanwhile comes first, as in own_leave() (x86_64/many/cores.c). */
void host_finish(struct core *core)
{
    if (!core->has_all) {
        inbox_catch_up(core);
    }
    if (host.watch_after != NULL) {
        host.watch_after(core, !core->has_all);
    }
    if (core->has_all || core_must_finish(core)) {
        host_take_all(core);
        core_finish(core);
    }
    core->has_all = true; /* tests do what they like */
    (void)inbox_is_quiet(core);
}

void host_watch(void (*before)(const struct core *core),
                void (*after)(const struct core *core, bool was_alone),
                void (*gave_up)(const struct core *core))
{
    host.watch_gave_up = gave_up;
    host.watch_before = before;
    host.watch_after = after;
}

/* As arch/x86_64/fast.S, before anything else. */
static bool syscall_fast(struct core *core, struct thread *caller)
{
    uint32_t number = caller->registers.op & 0xffu;
    uint64_t addr = caller->registers.op >> 32;

    if (core_trace.is_on) {
        return false;
    }
    return number == SYSCALL_CALL
               ? ipc_call_fast(core, caller, addr)
               : number == SYSCALL_REPLY_RECEIVE && ipc_reply_receive_fast(core, caller, addr);
}

void host_syscall_at(struct core *core, uint64_t ip)
{
    struct thread *thread = core->current;

    if (!thread_is_native_at(thread, ip)) {
        thread->registers.ip = ip;
        host_fault(core, &(struct arch_fault){ .kind = FAULT_SYSCALL });
        return;
    }
    user_acts(core);
    thread->registers.ip = ip + ARCH_SYSCALL_BYTES;
    host_enter(core);
    if (!syscall_fast(core, core->current) && !core_try_syscall(core)) {
        host_begin_anew(core);
        core_on_syscall(core);
    }
    host_finish(core);
}

void host_syscall(struct core *core)
{
    const struct thread *thread = core->current;

    host_syscall_at(core, host_is_restarting(thread) ? thread->registers.ip : HOST_SYSCALL_IP);
}

bool host_is_restarting(const struct thread *thread)
{
    return thread->registers.ip == HOST_SYSCALL_IP || thread->registers.ip == HOST_SHIM_IP;
}

void host_fault(struct core *core, const struct arch_fault *fault)
{
    user_acts(core);
    host_enter(core);
    if (!core_try_fault(core, fault)) {
        host_begin_anew(core);
        core_on_fault(core, fault);
    }
    host_finish(core);
}

/* --- Registers --------------------------------------------------------------------------------- */

void arch_registers_init(struct arch_registers *registers, bool has_fpu)
{
    (void)has_fpu;
    memset(registers, 0, sizeof(*registers));
}

/* The ABI's order: rip rsp rflags rax rbx rcx rdx rsi rdi rbp r8 to r15 fs_base gs_base. */
static uint64_t *register_at(struct arch_registers *registers, uint32_t number)
{
    uint64_t *const order[HOST_REGISTER_COUNT] = {
        &registers->ip,       &registers->sp,       &registers->flags,    &registers->op,
        &registers->words[0], &registers->lost[0],  &registers->bits,     &registers->time,
        &registers->info,     &registers->bp,       &registers->words[1], &registers->words[2],
        &registers->words[3], &registers->lost[1],  &registers->words[4], &registers->words[5],
        &registers->words[6], &registers->words[7], &registers->fs_base,  &registers->gs_base,
    };

    return number < HOST_REGISTER_COUNT ? order[number] : NULL;
}

bool arch_register_get(const struct arch_registers *registers, uint32_t number, uint64_t *value)
{
    struct arch_registers copy = *registers;
    const uint64_t *place = register_at(&copy, number);

    if (place == NULL) {
        return false;
    }
    *value = *place;
    return true;
}

bool arch_register_set(struct arch_registers *registers, uint32_t number, uint64_t value)
{
    uint64_t *place = register_at(registers, number);
    bool is_address = number == 0 || number >= 18;

    if (place == NULL || (is_address && value > ARCH_USER_END)) {
        return false;
    }
    *place = number == 2 ? value & HOST_FLAG_TRAP : value;
    return true;
}

void arch_single_step_set(struct arch_registers *registers, bool on)
{
    registers->flags = on ? registers->flags | HOST_FLAG_TRAP : registers->flags & ~HOST_FLAG_TRAP;
}

void arch_syscall_restart(struct arch_registers *registers)
{
    registers->ip -= ARCH_SYSCALL_BYTES;
}

/* --- Ports and the debug UART ------------------------------------------------------------------ */

bool arch_port_is_kernels(uint32_t first, uint32_t count)
{
    return first < 0x400 && first + count > 0x3f8; /* the debug UART's */
}

uint32_t arch_port_read(uint32_t port, uint32_t width)
{
    return port * 0x01010101u >> (32 - 8 * width);
}

void arch_port_write(uint32_t port, uint32_t width, uint32_t value)
{
    (void)width;
    (void)value;
    if (arch_port_is_kernels(port, width)) {
        host_fail("a program wrote to the kernel's ports");
    }
}

void arch_debug_put(char character)
{
    if (host.debug_count < sizeof(host.debug_output) - 1) {
        host.debug_output[host.debug_count++] = character;
    } else {
        host.debug_count = 0;
    }
    host.debug_output[host.debug_count] = 0;
}

bool arch_debug_get(char *character)
{
    *character = host.debug_input;
    host.debug_input = 0;
    return *character != 0;
}

const char *host_debug_output(void)
{
    return host.debug_output;
}

void host_debug_input(char character)
{
    host.debug_input = character;
}
