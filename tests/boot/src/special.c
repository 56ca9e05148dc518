/* SPDX-License-Identifier: MIT */
#include "boot_test/worker.h"

#include "boot_test/special.h"

#include "boot_test/make.h"
#include "boot_test/test.h"
#include "pith/kernel_calls.h"

#define DEPTH_MAX 63u
#define FREEZE_COPIES 200u

struct identity identify(cap_addr_t table, cap_addr_t slot)
{
    struct identity id = { .type = 0xff };

    CHECK_OK(cap_table_identify(table, slot, &id.type, &id.rights, &id.badge, &id.depth, &id.flags,
                                &id.size, &id.detail));
    return id;
}

cap_addr_t deepest_copy(cap_addr_t source)
{
    while (identify(TABLE, source).depth < DEPTH_MAX) {
        source = copy_of(source, RIGHTS_ALL);
    }
    return source;
}

static bool is_frozen(cap_addr_t cap)
{
    return (identify(TABLE, cap).flags & IDENTIFY_FROZEN) != 0;
}

struct worker *freeze(cap_addr_t cap)
{
    struct worker *worker = worker_actor(0, 50);
    uint64_t slot = cap;
    bool is_untyped = identify(TABLE, cap).type == OBJECT_UNTYPED;
    cap_addr_t first = slots_next(FREEZE_COPIES);

    if (is_untyped) {
        make_many(cap, OBJECT_ENDPOINT, 0, FREEZE_COPIES, first);
    }
    for (uint32_t i = 0; i < FREEZE_COPIES && !is_untyped; i++) {
        REQUIRE_OK(cap_table_copy(TABLE, first + i, TABLE, cap, RIGHTS_ALL));
    }
    worker->message = method_of(TABLE, CAP_TABLE_REVOKE, 1, &slot);
    worker->is_done = false;
    REQUIRE_OK(notification_signal(worker->go));
    while (!is_frozen(cap) && !worker->is_done) {
        sleep_ns(US(3));
    }
    REQUIRE_OK(thread_suspend(worker->thread));
    REQUIRE(!worker->is_done && is_frozen(cap), "the revocation stopped in the middle");
    return worker;
}

void thaw(struct worker *worker)
{
    REQUIRE_OK(thread_resume(worker->thread));
    settle();
    CHECK_EQ(worker_result(worker), ERR_OK, "the revocation went on to its end");
    CHECK(!is_frozen((cap_addr_t)worker->message.words[0]) || worker->message.words[0] == 0,
          "nothing stays frozen");
}
