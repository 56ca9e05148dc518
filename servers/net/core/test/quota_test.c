/* SPDX-License-Identifier: MIT */
/* Shares of pools: what a client can always have, whatever others do. */
#include "net_core/quota.h"

#include <stdio.h>
#include <stdlib.h>

#include "host_test/test.h"
#include "pith/debug.h"

enum { MANY = 100000 };

void program_panic(const char *text, const char *file, unsigned line)
{
    printf("FAIL panic: %s at %s:%u\n", text, file, line);
    abort();
}

static struct quota_use use_of(enum quota_kind kind, uint32_t client)
{
    struct quota_use use = { 0 };

    CHECK(quota_use(kind, client, &use), "there is such a one");
    return use;
}

static uint32_t take_all(enum quota_kind kind, uint32_t client)
{
    uint32_t count = 0;

    while (count < MANY && quota_take(kind, client)) {
        count++;
    }
    return count;
}

static void give(enum quota_kind kind, uint32_t client, uint32_t count)
{
    while (count-- > 0) {
        quota_give(kind, client);
    }
}

TEST(each_kind_has_a_share_for_each_client)
{
    for (uint32_t kind = 0; kind < QUOTA_KINDS; kind++) {
        struct quota_use use = use_of(kind, 0);

        CHECK(use.share >= 2, "one that can be worked with");
        CHECK(use.share * QUOTA_CLIENTS <= use.pool, "and that is there");
        CHECK_EQ(use.used, 0, "nothing is used at first");
    }
}

TEST(one_client_leaves_the_shares_of_all_others)
{
    for (uint32_t kind = 0; kind < QUOTA_KINDS; kind++) {
        struct quota_use use = use_of(kind, 3);
        uint32_t got = take_all(kind, 3);

        CHECK_EQ(got, use.pool - (QUOTA_CLIENTS - 1) * use.share, "all but the others' shares");
        CHECK_EQ(use_of(kind, 3).refused, use.refused + 1, "counted");
        for (uint32_t i = 0; i < QUOTA_CLIENTS; i++) {
            CHECK_EQ(quota_room(kind, i), i == 3 ? 0 : use.share, "what is left to each");
            CHECK_EQ(i == 3 ? use.share : take_all(kind, i), use.share, "and it gets it");
        }
        CHECK_EQ(quota_take(kind, 3), false, "the pool is empty");
        quota_give(kind, 0);
        CHECK_EQ(quota_take(kind, 3), false,
                 "what a client gives back up to its share stays its own");
        CHECK_EQ(quota_take(kind, 0), true, "as one sees");
        quota_give(kind, 3);
        CHECK_EQ(quota_take(kind, 1), true, "what is beyond a share is for whoever asks first");
        quota_give(kind, 1);
        give(kind, 3, got - 1);
        for (uint32_t i = 0; i < QUOTA_CLIENTS; i++) {
            give(kind, i, i == 3 ? 0 : use.share);
            CHECK_EQ(use_of(kind, i).used, 0, "all was given back");
        }
    }
}

/* Against the definition: room is what leaves every other client its share. */
TEST(room_is_what_the_definition_says)
{
    enum quota_kind kind = QUOTA_PIECES;
    uint32_t used[QUOTA_CLIENTS] = { 0 };
    struct quota_use use = use_of(kind, 0);

    for (uint32_t n = 0; n < MANY && !test_has_failed(); n++) {
        uint32_t client = test_random(QUOTA_CLIENTS);
        uint32_t bound = 0;

        for (uint32_t i = 0; i < QUOTA_CLIENTS; i++) {
            bound += i == client || used[i] > use.share ? used[i] : use.share;
        }
        CHECK_EQ(quota_room(kind, client), use.pool > bound ? use.pool - bound : 0, "room");
        uint32_t before = test_random(used[client] + 1);
        uint32_t after = test_random(before + quota_room(kind, client) + 1);

        quota_change(kind, client, before, after);
        used[client] += after - before;
    }
    for (uint32_t i = 0; i < QUOTA_CLIENTS; i++) {
        quota_change(kind, i, used[i], 0);
    }
}

TEST(no_such_kind_or_client)
{
    struct quota_use use;

    CHECK(!quota_use(QUOTA_KINDS, 0, &use), "kind");
    CHECK(!quota_use(0, QUOTA_CLIENTS, &use), "client");
    CHECK(!quota_use(UINT32_MAX, UINT32_MAX, &use), "neither");
}
