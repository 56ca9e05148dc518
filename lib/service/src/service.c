/* SPDX-License-Identifier: MIT */
#include "service/service.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/program_info.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/start.h"
#include "service/stats.h"

#include "abi/names.h"

enum { STATUS_CANNOT_WAIT = 252 };

#define IRQ_BITS (((1ull << PROGRAM_IRQS_MAX) - 1) << EVENT_IRQ_FIRST)

/* For tests. */
static _Noreturn void hang(enum service_hang kind)
{
    if (kind == SERVICE_HANG_LOCK) {
        self_lock();
    }
    while (kind == SERVICE_HANG_WAIT) {
        sleep_until(DEADLINE_NEVER);
    }
    for (;;) { /* without `pause`, with which an emulator takes minutes */
    }
}

static void hang_ordered(struct service *service)
{
    enum service_hang kind = (enum service_hang)service->words[0];

    if (kind != SERVICE_HANG_IRQ && kind != SERVICE_HANG_CALL) {
        (void)!ipc_reply(0, MSG_INFO(ERR_OK, 0, 0), service->words); /* it has come */
        hang(kind);
    }
    service->hang = kind;
    service->info = MSG_INFO(ERR_OK, 0, 0);
}

/* Once: count where the parent can see it. */
static void service_begin(struct service *service)
{
    cap_addr_t page = self_cap("stats");
    user_addr_t at;

    service->is_started = true;
    if (page == 0 || region_reserve(PAGE_BYTES, &at)) {
        return;
    }
    if (region_map(at, page, 0, 1, PROT_READ | PROT_WRITE)) {
        region_release(at, PAGE_BYTES);
        return;
    }
    program_stats = (struct program_stats *)at;
}

/* Without self_lock(), which a thread may hold for long: what is read was true a moment ago. */
static void memory_tell(void)
{
    uint64_t spare_bytes = self()->memory.least_free_bytes;

    if (program_stats->spare_bytes == 0 || spare_bytes < program_stats->spare_bytes) {
        program_stats->spare_bytes = spare_bytes;
    }
}

/* What came is a probe, or nothing for the program: answered here. */
static bool is_ours(struct service *service)
{
    if (MSG_LABEL(service->info) < SERVICE_PROBE) {
        return false;
    }
    if (MSG_LABEL(service->info) == SERVICE_HANG && service->badge == SERVICE_BADGE_WARDEN) {
        hang_ordered(service);
        return true;
    }
    if (MSG_LABEL(service->info) != SERVICE_PROBE) {
        return false;
    }
    memory_tell();
    service->info = MSG_INFO(ERR_OK, 0, 0);
    return true;
}

static err_t wait_once(struct service *service, ns_t deadline_ns)
{
    uint64_t mask = ~service->ignored;

    if (service->has_call) {
        return ipc_reply_receive(PROGRAM_SLOT_ENDPOINT, &service->info, service->words,
                                 &service->badge, &service->bits, deadline_ns, mask);
    }
    return ipc_receive(PROGRAM_SLOT_ENDPOINT, &service->info, service->words, &service->badge,
                       &service->bits, deadline_ns, mask);
}

/* True: wait again. An answer that cannot be delivered becomes one that says why. */
static bool wait_failed(struct service *service, err_t err)
{
    if (err == ERR_CALLER_GONE || err == ERR_CANCELLED) {
        service->has_call = false;
        return true;
    }
    if (service->has_call && MSG_LABEL(service->info) != (uint32_t)err) {
        service->info = MSG_INFO(err, 0, 0);
        return true;
    }
    debug_printf("this program cannot wait: %s\n", error_name(err));
    program_exit(STATUS_CANNOT_WAIT);
}

enum service_event service_wait(struct service *service, ns_t deadline_ns)
{
    if (service->has_call) {
        stats_answered(service->arrived);
    } else if (!service->is_started) {
        service_begin(service);
    }
    for (;;) {
        msg_info_t answer = service->info;
        err_t err = wait_once(service, deadline_ns);

        if (err == ERR_TIMED_OUT) {
            service->has_call = false;
            return SERVICE_TIME;
        }
        if (err != ERR_OK) {
            service->info = answer;
            (void)wait_failed(service, err);
            continue;
        }
        if (MSG_LABEL(service->info) == MSG_LABEL_NOTIFIED) {
            service->has_call = false;
            if (service->hang == SERVICE_HANG_IRQ && (service->bits & IRQ_BITS) != 0) {
                hang(SERVICE_HANG_IRQ);
            }
            program_stats->signals++;
            return SERVICE_SIGNALS;
        }
        service->has_call = true;
        if (!is_ours(service)) {
            if (service->hang == SERVICE_HANG_CALL) {
                hang(SERVICE_HANG_CALL);
            }
            service->arrived = stats_ticks();
            return SERVICE_CALL;
        }
    }
}

err_t service_defer(struct service *service, cap_addr_t reply)
{
    err_t err = reply_defer(reply);

    if (err == ERR_OK || err == ERR_CALLER_GONE) {
        service->has_call = false;
    }
    return err;
}
