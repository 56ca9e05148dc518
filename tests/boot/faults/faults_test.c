/* SPDX-License-Identifier: MIT */
/* Faults as messages: word 0 kind, 1 address, 2 ip, 3 sp, 4 detail (bit 0 write, bit 1 fetch). */
#include "boot_test/make.h"
#include "boot_test/probe.h"
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"
#include "stubs.h"

#define READ_ONLY (PLACE + MIB(1))
#define UNMAPPED (PLACE + MIB(512))
#define BADGE 0x77ull

typedef void stub_function(uint64_t rdi);

static void run_stub(struct worker *worker)
{
    ((stub_function *)worker->arg[0])(worker->arg[1]);
}

/* A thread that will fault, and an actor that gets to hear of it. */
struct patient {
    cap_addr_t endpoint;
    struct worker *doctor;
    struct worker *worker;
};

static struct patient patient_make(const char *stub, uint64_t rdi, bool has_fpu)
{
    struct patient patient = { .endpoint = make(OBJECT_ENDPOINT, 5) };
    struct worker *worker;

    patient.doctor = worker_actor(3, 100);
    worker_act(patient.doctor, receive_from(patient.endpoint));
    worker = has_fpu ? worker_make_fpu(run_stub, 8) : worker_make(run_stub, 8);
    worker->arg[0] = (uintptr_t)stub;
    worker->arg[1] = rdi;
    worker_time(worker, 50, MS(1000), MS(1000));
    REQUIRE_OK(thread_set_handler(worker->thread, mint_of(patient.endpoint, RIGHT_CALL, BADGE)));
    patient.worker = worker;
    worker_resume(worker);
    settle();
    return patient;
}

static uint64_t word(const struct patient *patient, uint32_t i)
{
    return patient->doctor->message.words[i];
}

static void resume_at(const struct patient *patient, const char *ip)
{
    REQUIRE_OK(thread_write_registers(patient->worker->thread, 0, 1, (uintptr_t)ip, 0, 0, 0, 0, 0));
    CHECK_OK(worker_result_of(patient->doctor, reply_with(0, 0, 0)));
}

TEST(each_kind_arrives_with_address_and_ip)
{
    static const struct {
        const char *name, *stub, *ip;
        uint64_t rdi;
        uint32_t kind;
        uint64_t address;
        uint32_t detail; /* of faults of memory */
        bool has_fpu;
    } cases[] = {
        { "read", stub_read, stub_read_at, UNMAPPED + 3, FAULT_NOT_PRESENT, UNMAPPED + 3, 0, 0 },
        { "write", stub_write, stub_write_at, UNMAPPED, FAULT_NOT_PRESENT, UNMAPPED, 1, 0 },
        { "fetch", stub_exec, (const char *)UNMAPPED, UNMAPPED, FAULT_NOT_PRESENT, UNMAPPED, 2, 0 },
        { "write to read-only", stub_write, stub_write_at, READ_ONLY, FAULT_PROTECTION, READ_ONLY,
          1, 0 },
        { "fetch from data", stub_exec, (const char *)READ_ONLY, READ_ONLY, FAULT_PROTECTION,
          READ_ONLY, 2, 0 },
        { "ud2", stub_illegal, stub_illegal_at, 0, FAULT_ILLEGAL, 0, 99, 0 },
        { "div", stub_divide, stub_divide_at, 0, FAULT_DIVIDE, 0, 99, 0 },
        { "hlt", stub_halt, stub_halt_at, 0, FAULT_GENERAL, 0, 99, 0 },
        { "not canonical", stub_canonical, stub_canonical_at, 0, FAULT_GENERAL, 0, 99, 0 },
        { "int 0x80", stub_interrupt, stub_interrupt_at, 0, FAULT_GENERAL, 0, 99, 0 },
        { "in", stub_in, stub_in_at, 0x60, FAULT_GENERAL, 0, 99, 0 },
        { "out", stub_out, stub_out_at, 0x3f8, FAULT_GENERAL, 0, 99, 0 },
        { "int3", stub_breakpoint, stub_breakpoint_after, 0, FAULT_BREAKPOINT, 0, 99, 0 },
        { "int 4", stub_overflow, stub_overflow_after, 0, FAULT_OVERFLOW, 0, 99, 0 },
        { "x87", stub_x87, stub_x87_at, 0, FAULT_FPU, 0, 99, 1 },
        { "no fpu", stub_no_fpu, stub_no_fpu_at, 0, FAULT_NO_FPU, 0, 99, 0 },
    };
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));

    map_at(frame, READ_ONLY, 1, PROT_READ);
    for (uint32_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
        struct patient patient = patient_make(cases[n].stub, cases[n].rdi, cases[n].has_fpu);
        uint32_t state = 0, fault = 0, rank;
        uint64_t address = 1, ip = 0, switches;

        if (!CHECK(patient.doctor->is_done, cases[n].name)) {
            continue;
        }
        CHECK_EQ(patient.doctor->message.info, MSG_INFO(MSG_LABEL_FAULT, 5, 0), "label");
        CHECK_EQ(patient.doctor->message.time, BADGE, "badge of the handler's capability");
        CHECK_EQ(word(&patient, 0), cases[n].kind, cases[n].name);
        CHECK_EQ(word(&patient, 1), cases[n].address, cases[n].name);
        CHECK_EQ(word(&patient, 2), (uintptr_t)cases[n].ip, cases[n].name);
        if (cases[n].detail != 99) {
            CHECK_EQ(word(&patient, 4) & 3, cases[n].detail, cases[n].name);
        }
        CHECK_OK(
            thread_info(patient.worker->thread, &state, &fault, &address, &ip, &rank, &switches));
        CHECK_EQ(state, THREAD_STATE_FAULTED, cases[n].name);
        CHECK_EQ(fault, cases[n].kind, cases[n].name);
        CHECK_EQ(address, cases[n].address, cases[n].name);
        CHECK_EQ(ip, (uintptr_t)cases[n].ip, cases[n].name);
        resume_at(&patient, stub_end);
        CHECK(patient.worker->is_done, "after the reply it went on");
        workers_recycle(2);
    }
}

/* What QEMU's TCG does not do, or does otherwise than the manuals say. */
TEST(kinds_that_not_every_emulator_has)
{
    static const struct {
        const char *name, *stub, *ip;
        uint32_t kind;
    } cases[] = {
        { "ALIGNMENT", stub_alignment, stub_alignment_at, FAULT_ALIGNMENT },
        { "FPU by SSE", stub_sse, stub_sse_at, FAULT_FPU },
        { "STACK", stub_stack, stub_stack_at, FAULT_STACK },
    };

    for (uint32_t n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
        struct patient patient = patient_make(cases[n].stub, 0, true);

        if (patient.worker->is_done || word(&patient, 0) == FAULT_GENERAL) {
            test_note("this emulator has no fault %s: not tested", cases[n].name);
        } else {
            CHECK_EQ(word(&patient, 0), cases[n].kind, cases[n].name);
        }
        if (!patient.worker->is_done) {
            CHECK_EQ(word(&patient, 2), (uintptr_t)cases[n].ip, cases[n].name);
            resume_at(&patient, stub_end);
            CHECK(patient.worker->is_done, "it went on");
        }
        workers_recycle(2);
    }
}

TEST(a_handler_can_map_the_page_and_go_on)
{
    struct patient patient = patient_make(stub_write, PLACE, false);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));

    CHECK_EQ(word(&patient, 1), PLACE, "the page that is missing");
    map_at(frame, PLACE, 1, PROT_READ | PROT_WRITE);
    REQUIRE_OK(thread_write_registers(patient.worker->thread, 3, 1, 0x1234, 0, 0, 0, 0, 0));
    CHECK_OK(worker_result_of(patient.doctor, reply_with(0, 0, 0)));
    CHECK(patient.worker->is_done, "the instruction is tried again and does its work");
    CHECK_EQ(*(volatile uint32_t *)PLACE, 0x1234, "with the register that the handler set");
}

TEST(a_reply_with_a_label_leaves_it_stopped)
{
    struct patient patient = patient_make(stub_illegal, 0, false);
    uint32_t state, fault = 0, rank;
    uint64_t address, ip = 0, switches;

    CHECK_OK(worker_result_of(patient.doctor, reply_with(0, 1, 0)));
    CHECK_EQ(state_of(patient.worker->thread), THREAD_STATE_INACTIVE, "it is stopped");
    CHECK_OK(thread_info(patient.worker->thread, &state, &fault, &address, &ip, &rank, &switches));
    CHECK_EQ(fault, FAULT_ILLEGAL, "its fault is remembered");
    CHECK_EQ(ip, (uintptr_t)stub_illegal_at, "and where it was");
    REQUIRE_OK(
        thread_write_registers(patient.worker->thread, 0, 1, (uintptr_t)stub_end, 0, 0, 0, 0, 0));
    REQUIRE_OK(thread_resume(patient.worker->thread));
    settle();
    CHECK(patient.worker->is_done, "it can be started again");
}

TEST(a_thread_without_a_handler_stops)
{
    struct probe probe = probe_make();

    probe_expect_fault(&probe, probe_read, UNMAPPED + 40, FAULT_NOT_PRESENT);
    struct outcome outcome = probe_run(&probe, stub_illegal_at, 0, 0);

    CHECK_EQ(outcome.kind, FAULT_ILLEGAL, "kind");
    CHECK_EQ(outcome.address, 0, "no address");
    CHECK_EQ(outcome.ip, (uintptr_t)stub_illegal_at, "ip");
}

TEST(a_handler_that_is_removed_is_not_asked)
{
    struct patient patient = patient_make(stub_illegal, 0, false);

    REQUIRE_OK(thread_set_handler(patient.worker->thread, 0));
    CHECK_EQ(state_of(patient.worker->thread), THREAD_STATE_FAULTED, "this one is being handled");
    resume_at(&patient, stub_illegal);
    CHECK_EQ(state_of(patient.worker->thread), THREAD_STATE_INACTIVE, "the next is not");
}

TEST(a_handler_that_is_deleted_leaves_it_stopped)
{
    struct patient patient = patient_make(stub_illegal, 0, false);
    struct worker *second = worker_make(run_stub, 8);

    second->arg[0] = (uintptr_t)stub_divide;
    worker_time(second, 50, MS(1000), MS(1000));
    REQUIRE_OK(thread_set_handler(second->thread, patient.endpoint));
    worker_resume(second);
    settle();
    CHECK_EQ(state_of(second->thread), THREAD_STATE_FAULTED, "its fault is queued");
    delete (patient.endpoint);
    CHECK_EQ(state_of(second->thread), THREAD_STATE_INACTIVE, "nobody will hear of it");
    resume_at(&patient, stub_illegal);
    CHECK_EQ(state_of(patient.worker->thread), THREAD_STATE_INACTIVE, "no handler any more");
}

TEST(a_handler_that_dies_leaves_it_stopped)
{
    struct patient patient = patient_make(stub_illegal, 0, false);

    delete (patient.doctor->thread);
    CHECK_EQ(state_of(patient.worker->thread), THREAD_STATE_INACTIVE, "stopped");
    struct worker *successor = worker_actor(3, 100);

    worker_act(successor, receive_from(patient.endpoint));
    REQUIRE_OK(thread_resume(patient.worker->thread));
    settle();
    CHECK_OK(worker_result(successor));
    CHECK_EQ(successor->message.words[0], FAULT_ILLEGAL, "the successor hears of the next fault");
}

TEST(suspend_of_a_faulted_thread_ends_the_fault)
{
    struct patient patient = patient_make(stub_illegal, 0, false);

    REQUIRE_OK(thread_suspend(patient.worker->thread));
    CHECK_EQ(state_of(patient.worker->thread), THREAD_STATE_INACTIVE, "stopped");
    CHECK_EQ(worker_result_of(patient.doctor, reply_with(0, 0, 0)), ERR_CALLER_GONE,
             "the handler hears it");
}

TEST(a_fault_can_be_deferred)
{
    struct patient patient = patient_make(stub_illegal, 0, false);
    cap_addr_t reply = make(OBJECT_REPLY, 0);

    CHECK_OK(worker_result_of(patient.doctor, method_of(reply, REPLY_DEFER, 0, NULL)));
    CHECK_EQ(state_of(patient.worker->thread), THREAD_STATE_FAULTED, "it waits");
    REQUIRE_OK(
        thread_write_registers(patient.worker->thread, 0, 1, (uintptr_t)stub_end, 0, 0, 0, 0, 0));
    CHECK_OK(worker_result_of(patient.doctor, reply_with(reply, 0, 0)));
    CHECK(patient.worker->is_done, "it went on");
}

TEST(single_step_stops_after_each_instruction)
{
    struct patient patient = patient_make(stub_illegal, 0, false);
    uintptr_t start = (uintptr_t)stub_steps_at;
    static const uint8_t lengths[] = { 1, 2, 4 };

    REQUIRE_OK(thread_single_step(patient.worker->thread, 1));
    REQUIRE_OK(thread_write_registers(patient.worker->thread, 0, 1, start, 0, 0, 0, 0, 0));
    for (uint32_t i = 0; i < 3; i++) {
        start += lengths[i];
        CHECK_OK(worker_result_of(patient.doctor, reply_receive_on(patient.endpoint, 0, 0)));
        CHECK_EQ(word(&patient, 0), FAULT_SINGLE_STEP, "kind");
        CHECK_EQ(word(&patient, 2), start, "the next instruction");
    }
    CHECK_EQ(start, (uintptr_t)stub_steps_after, "all were seen");
    REQUIRE_OK(thread_single_step(patient.worker->thread, 0));
    CHECK_OK(worker_result_of(patient.doctor, reply_with(0, 0, 0)));
    CHECK(patient.worker->is_done, "and now it runs through");
}

TEST(single_step_goes_over_system_calls)
{
    struct patient patient = patient_make(stub_illegal, 0, false);
    uintptr_t start = (uintptr_t)probe_call;
    uint64_t r[8] = { 0 };

    REQUIRE_OK(thread_single_step(patient.worker->thread, 1));
    REQUIRE_OK(thread_write_registers(patient.worker->thread, 0, 1, start, 0, 0, 0, 0, 0));
    REQUIRE_OK(thread_write_registers(patient.worker->thread, 3, 1, OP(SYSCALL_ABI_VERSION, 0), 0,
                                      0, 0, 0, 0));
    CHECK_OK(worker_result_of(patient.doctor, reply_receive_on(patient.endpoint, 0, 0)));
    CHECK_EQ(word(&patient, 0), FAULT_SINGLE_STEP, "kind");
    CHECK_BETWEEN(word(&patient, 2), start + 2, start + 4, "after the call (or what follows it)");
    CHECK_OK(thread_read_registers(patient.worker->thread, 3, 2, &r[0], &r[1], &r[2], &r[3], &r[4],
                                   &r[5], &r[6], &r[7]));
    CHECK_EQ(r[0], ERR_OK, "the call was made");
    CHECK_EQ(r[1], ABI_HASH, "and gave its result");
}

TEST(a_server_that_faults_in_a_call_is_healed_on_the_callers_time)
{
    cap_addr_t service = make(OBJECT_ENDPOINT, 7);
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 4);
    struct worker *doctor = worker_actor(3, 100);
    struct worker *server = worker_actor(6, 90);
    struct worker *caller = worker_actor(9, 20);

    REQUIRE_OK(thread_set_handler(server->thread, endpoint));
    worker_act(doctor, receive_from(endpoint));
    worker_act(server, receive_from(service));
    worker_act(caller, call_to(service, 1, DEADLINE_NEVER));
    REQUIRE_OK(worker_result(server));
    /* It has no time of its own any more. */
    REQUIRE_OK(sched_context_unbind(server->context));
    REQUIRE_OK(sched_context_unbind(doctor->context));
    REQUIRE_OK(thread_suspend(server->thread));
    REQUIRE_OK(
        thread_write_registers(server->thread, 0, 1, (uintptr_t)stub_illegal_at, 0, 0, 0, 0, 0));
    REQUIRE_OK(thread_resume(server->thread));
    settle();
    CHECK_EQ(state_of(server->thread), THREAD_STATE_FAULTED, "on the caller's time it faulted");
    CHECK_OK(worker_result(doctor));
    CHECK_EQ(doctor->message.words[0], FAULT_ILLEGAL, "and the handler heard, on the same time");
}
