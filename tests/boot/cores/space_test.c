/* SPDX-License-Identifier: MIT */
/* Several cores change address spaces at once, each with the space's lock and its own: nothing is lost, and what is removed is out of reach. */
#include "boot_test/test.h"
#include "crew.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

#define PAGES 16u
#define ROUNDS 100u

/* Between all of a crew, once a round. */
struct meeting {
    volatile uint64_t here;
    uint64_t count;
};

static void meet(struct meeting *meeting, uint64_t round)
{
    crew_count(&meeting->here);
    while (meeting->here < meeting->count * (round + 1)) {
        __builtin_ia32_pause();
    }
}

static bool probe_write(uint64_t at, uint64_t value)
{
    volatile uint64_t *word = (volatile uint64_t *)(uintptr_t)at;

    *word = value;
    return *word == value;
}

/* arg: frame, address. Pages next to those of the others, in tables that nobody has made yet. */
static void map_and_unmap(struct worker *worker)
{
    cap_addr_t frame = (cap_addr_t)worker->arg[0];
    user_addr_t at = worker->arg[1];

    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint64_t accessed = 0, dirty = 0, wrong = 0;
        uint32_t done = 0;

        wrong += vspace_map(VSPACE, frame, 0, PAGES, at, PROT_READ | PROT_WRITE, &done) != ERR_OK;
        wrong += done != PAGES;
        for (uint32_t i = 0; i < PAGES; i += 3) {
            wrong += !probe_write(at + i * PAGE_BYTES, round * PAGES + i);
        }
        wrong += vspace_harvest(VSPACE, at, PAGES, &accessed, &dirty) != ERR_OK;
        wrong += dirty != 0x9249;
        wrong += vspace_protect(VSPACE, at, PAGES, PROT_READ, &done) != ERR_OK;
        wrong += vspace_unmap(VSPACE, at, PAGES) != ERR_OK;
        worker->out[1] += wrong;
        worker->out[0]++;
    }
}

TEST(all_cores_map_and_unmap_in_one_space_at_once)
{
    uint32_t count = crew_size();
    uint32_t attached = 0, tables = 0, attached_after = 0, tables_after = 0;
    struct worker *crew[CREW_MAX];

    REQUIRE_OK(vspace_info(VSPACE, &attached, &tables));
    for (uint32_t i = 0; i < count; i++) {
        crew[i] = worker_make(map_and_unmap, 3);
        crew[i]->arg[0] = make(OBJECT_FRAME, FRAME_SIZE(PAGES, PAGE_CLASS_4K));
        /* Pages of all lie in one table; each crosses into one of its own, too. */
        crew[i]->arg[1] = PLACE + MIB(64) + MIB(2) * i + MIB(2) - (PAGES / 2) * PAGE_BYTES;
        crew_give(crew[i], i);
    }
    crew_finish(crew, count, ROUNDS);
    REQUIRE_OK(vspace_info(VSPACE, &attached_after, &tables_after));
    CHECK(attached_after <= attached + count + 1, "each run is attached once");
    CHECK(tables_after <= tables + count + 2, "each table was made once");
    for (uint32_t i = 0; i < count; i++) {
        REQUIRE_OK(frame_detach((cap_addr_t)crew[i]->arg[0]));
    }
}

static struct meeting meeting;

/* arg: frame, space, address, which. One run, in the same slot, is wanted by all for their own space at the same moment. */
static void attach_all_at_once(struct worker *worker)
{
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t done = 0;
        err_t err;

        meet(&meeting, 2 * round);
        err = vspace_map((cap_addr_t)worker->arg[1], (cap_addr_t)worker->arg[0], 0, 2,
                         worker->arg[2], PROT_READ, &done);
        worker->out[1] += err != ERR_OK && err != ERR_BUSY;
        worker->out[2] += err == ERR_OK;
        meet(&meeting, 2 * round + 1);
        if (err == ERR_OK) {
            worker->out[1] += vspace_unmap((cap_addr_t)worker->arg[1], worker->arg[2], 2) != ERR_OK;
            worker->out[1] += frame_detach((cap_addr_t)worker->arg[0]) != ERR_OK;
        }
        worker->out[0]++;
    }
}

TEST(a_run_that_several_spaces_want_at_once_is_attached_to_one)
{
    uint32_t count = crew_size();
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(2, PAGE_CLASS_4K));
    struct worker *crew[CREW_MAX];
    uint64_t won = 0;

    meeting = (struct meeting){ .count = count };
    for (uint32_t i = 0; i < count; i++) {
        cap_addr_t space = make(OBJECT_VSPACE, 0);

        REQUIRE_OK(vspace_add_tables(space, make(OBJECT_PAGE_TABLE, 8)));
        crew[i] = worker_make(attach_all_at_once, 3);
        crew[i]->arg[0] = frame;
        crew[i]->arg[1] = space;
        crew[i]->arg[2] = PLACE;
        crew_give(crew[i], i);
    }
    crew_finish(crew, count, ROUNDS);
    for (uint32_t i = 0; i < count; i++) {
        won += crew[i]->out[2];
        uint32_t attached = 0, tables = 0;

        REQUIRE_OK(vspace_info((cap_addr_t)crew[i]->arg[1], &attached, &tables));
        CHECK_EQ(attached, 0, "nothing stays attached");
    }
    CHECK_EQ(won, ROUNDS, "one has it each time, and no more");
}

/* arg: address. Writes without end; out[0] is what it is about to write. */
static void write_on(struct worker *worker)
{
    volatile uint64_t *there = (volatile uint64_t *)(uintptr_t)worker->arg[0];

    for (;;) {
        *there = ++worker->out[0];
    }
}

TEST(marks_of_another_core_are_not_lost_by_protect)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t other = copy_of(frame, RIGHTS_ALL);
    volatile uint64_t *mine = (volatile uint64_t *)PLACE;
    user_addr_t theirs = PLACE + MIB(16);
    struct worker *writer;
    uint32_t lost = 0, written = 0;

    crew_cores();
    map_at(frame, PLACE, 1, PROT_READ | PROT_WRITE);
    map_at(other, theirs, 1, PROT_READ | PROT_WRITE);
    writer = worker_make(write_on, 3);
    writer->arg[0] = theirs;
    crew_give(writer, 1);
    worker_resume(writer);
    CREW_UNTIL(*mine != 0, "it writes");
    for (uint32_t round = 0; round < 300; round++) {
        uint64_t accessed = 0, dirty = 0, before, after;
        uint32_t done;

        REQUIRE_OK(vspace_harvest(VSPACE, theirs, 1, &accessed, &dirty));
        before = *mine; /* whatever is written from here on is marked */
        for (uint32_t i = 0; i < 3; i++) {
            REQUIRE_OK(vspace_protect(VSPACE, theirs, 1, PROT_READ | PROT_WRITE, &done));
        }
        after = *mine;
        REQUIRE_OK(vspace_harvest(VSPACE, theirs, 1, &accessed, &dirty));
        written += after != before;
        lost += after != before && dirty == 0;
    }
    CHECK(written != 0, "it wrote in between");
    CHECK_EQ(lost, 0, "each time the page was marked");
}

/* arg: two spaces, a frame, which of both is first. Each shares from the one into the other. */
static void share_both_ways(struct worker *worker)
{
    for (uint32_t round = 0; round < ROUNDS; round++) {
        cap_addr_t from = (cap_addr_t)worker->arg[0], into = (cap_addr_t)worker->arg[1];
        uint32_t done = 0, shared = 0;
        user_addr_t at = PLACE + MIB(1) + worker->arg[3] * MIB(1);

        worker->out[1] += vspace_share(into, from, PLACE, (cap_addr_t)worker->arg[2], at, PAGES,
                                       &done, &shared) != ERR_OK;
        worker->out[1] += done != PAGES || shared != PAGES;
        worker->out[1] += vspace_unmap(into, at, PAGES) != ERR_OK;
        worker->out[0]++;
    }
}

TEST(two_spaces_share_with_each_other_at_once)
{
    cap_addr_t space[2], run[2], copies[2];
    struct worker *crew[2];
    uint32_t done;

    crew_cores();
    for (uint32_t i = 0; i < 2; i++) {
        space[i] = make(OBJECT_VSPACE, 0);
        REQUIRE_OK(vspace_add_tables(space[i], make(OBJECT_PAGE_TABLE, 8)));
        run[i] = make(OBJECT_FRAME, FRAME_SIZE(PAGES, PAGE_CLASS_4K));
        REQUIRE_OK(vspace_map(space[i], run[i], 0, PAGES, PLACE, PROT_READ | PROT_WRITE, &done));
        copies[i] = copy_of(run[i], RIGHTS_ALL);
    }
    for (uint32_t i = 0; i < 2; i++) {
        crew[i] = worker_make(share_both_ways, 3);
        crew[i]->arg[0] = space[i];
        crew[i]->arg[1] = space[1 - i];
        crew[i]->arg[2] = copies[i];
        crew[i]->arg[3] = i;
        crew_give(crew[i], i);
    }
    crew_finish(crew, 2, ROUNDS);
}
