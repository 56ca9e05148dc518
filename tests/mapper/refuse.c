/* SPDX-License-Identifier: MIT */
/* A client that wants more than it may, and one that gives what it got to somebody else. */
#include "mapper.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/file_calls.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/thread.h"
#include "service/service.h"
#include "system/ask.h"

enum { NUMBERS = 130, PARTS = 64, GRANTS_KIB = 512, KIB_PER_PAGE = 4, LABEL_TAKE = 1 };

#define CALL_NS (3 * NS_PER_S)

static ns_t soon(void)
{
    return clock_now() + CALL_NS;
}

/* With a slot for the capability; 0: none. */
static err_t map_into(cap_addr_t slot, uint64_t position, uint32_t wanted, uint32_t *grant,
                      uint32_t *pages)
{
    *grant = *pages = 0;
    thread_self()->buffer->receive_slots[0] = slot;
    thread_self()->buffer->receive_slots[1] = 0;
    err_t err = file_map(file.server->cap, soon(), file.handle, position, wanted, grant, pages);

    thread_self()->buffer->receive_slots[0] = 0;
    return err;
}

static void numbers_refuse(uint32_t own)
{
    for (uint32_t i = 0; i < NUMBERS; i++) {
        if (i != own) {
            wants("somebody else's grant", ERR_NO_ENTRY, file_unmap(file.server->cap, soon(), i));
        }
    }
    wants("no number", ERR_NO_ENTRY, file_unmap(file.server->cap, soon(), UINT32_MAX));
}

static void arguments_refuse(cap_addr_t slot)
{
    uint32_t grant, pages;
    struct file top;

    wants("not aligned", ERR_RANGE, map_into(slot, 100, 8, &grant, &pages));
    wants("no pages", ERR_RANGE, map_into(slot, 0, 0, &grant, &pages));
    wants("too many pages", ERR_RANGE, map_into(slot, 0, FILES_MAP_PAGES + 1, &grant, &pages));
    wants("behind the end", ERR_OK, map_into(slot, 1ull << 40, 8, &grant, &pages));
    wants("is nothing", 0, pages);
    wants("no handle", ERR_NO_ENTRY,
          file_map(file.server->cap, soon(), ~file.handle, 0, 8, &grant, &pages));
    wants("the top", ERR_OK, files_open(&files, "/", 0, &top));
    wants("is no file", ERR_WRONG_TYPE,
          file_map(file.server->cap, soon(), top.handle, 0, 8, &grant, &pages));
    files_close(&top);
}

/* What the capability is good for. */
static void capability_refuses(cap_addr_t slot, uint32_t pages)
{
    cap_addr_t table = self()->table, other;
    uint32_t done = 0;
    user_addr_t at;

    wants("a place", ERR_OK, region_reserve((pages + 1ull) * PAGE_BYTES, &at));
    wants("to write", ERR_NO_RIGHT,
          space_map(self()->space, at, slot, 0, 1, PROT_READ | PROT_WRITE, &done));
    wants("to run", ERR_NO_RIGHT,
          space_map(self()->space, at, slot, 0, 1, PROT_READ | PROT_EXEC, &done));
    wants("a page more", ERR_RANGE, space_map(self()->space, at, slot, pages, 1, PROT_READ, &done));
    wants("a slot", ERR_OK, cap_place(&other));
    wants("a page more of it", ERR_RANGE,
          cap_table_mint_pages(table, other, table, slot, ~0u, pages, 1));
    wants("all and one more", ERR_RANGE,
          cap_table_mint_pages(table, other, table, slot, ~0u, 0, pages + 1));
    cap_drop(other);
    region_release(at, (pages + 1ull) * PAGE_BYTES);
}

static void unmap_refuses(cap_addr_t slot, uint32_t grant)
{
    cap_addr_t table = self()->table, other;

    wants("it is still there", ERR_BUSY, file_unmap(file.server->cap, soon(), grant));
    wants("a slot", ERR_OK, cap_place(&other));
    wants("moved", ERR_OK, cap_table_move(table, other, table, slot));
    wants("it is elsewhere", ERR_BUSY, file_unmap(file.server->cap, soon(), grant));
    cap_drop(other);
    wants("it is gone", ERR_OK, file_unmap(file.server->cap, soon(), grant));
    wants("once", ERR_NO_ENTRY, file_unmap(file.server->cap, soon(), grant));
}

/* No more than half of what the server may grant. */
static void share_is_kept(uint32_t before)
{
    static struct mapped parts[PARTS];
    uint32_t count = map_all(parts, PARTS);
    uint32_t pages = granted() - before;

    if (pages > GRANTS_KIB / KIB_PER_PAGE / 2 || pages < GRANTS_KIB / KIB_PER_PAGE / 4) {
        wants("pages of one client", GRANTS_KIB / KIB_PER_PAGE / 2, pages);
    }
    for (uint32_t i = 0; i < count; i++) {
        wants("what it has is right", 1, part_is_right(&parts[i]));
        files_unmap(&files, &parts[i].map);
    }
    comes_back("its share", before);
}

void refuse(void)
{
    uint32_t before = granted(), grant, pages;
    cap_addr_t slot, taken;
    uint64_t result;

    wants("slots", ERR_OK, cap_place(&slot));
    arguments_refuse(slot);
    numbers_refuse(0);
    wants("without a slot", ERR_NO_SLOT, map_into(0, 0, 8, &grant, &pages));
    wants("a copy", ERR_OK, cap_copy(self()->space, ~0u, &taken));
    wants("with one that is taken", ERR_NO_SLOT, map_into(taken, 0, 8, &grant, &pages));
    cap_drop(taken);
    comes_back("what did not come", before);
    wants("a grant", ERR_OK, map_into(slot, 0, 8, &grant, &pages));
    wants("of as many as were asked for", 8, pages);
    capability_refuses(slot, pages);
    numbers_refuse(grant);
    unmap_refuses(slot, grant);
    wants("to give", ERR_BAD_CALL, ask(SYSTEM_GRANT_GIVE, 0, 0, &result));
    wants("to take back", ERR_BAD_CALL, ask(SYSTEM_GRANT_BACK, 1, 0, &result));
    share_is_kept(before);
    comes_back("at the end", before);
}

/* Give the capability to `taker`, and go. */
void smuggle(void)
{
    msg_info_t info = MSG_INFO(LABEL_TAKE, 0, 1);
    uint64_t words[8] = { 0 };
    uint32_t grant, pages;
    cap_addr_t slot;
    ns_t end = soon();

    wants("a slot", ERR_OK, cap_place(&slot));
    do { /* while the warden is dead nothing is granted */
        wants("a grant", ERR_OK, map_into(slot, 0, 8, &grant, &pages));
    } while (pages == 0 && clock_now() < end);
    thread_self()->buffer->send_caps[0] = slot | MSG_CAP_MOVE;
    wants("given away", ERR_OK, ipc_call(self_cap("take"), &info, words, soon()));
    wants("taken", ERR_OK, MSG_LABEL(info));
    wants("unmap", ERR_BUSY, file_unmap(file.server->cap, soon(), grant));
}

_Noreturn void take(void)
{
    static struct service service;
    cap_addr_t slot;

    wants("a slot", ERR_OK, cap_place(&slot));
    for (;;) {
        thread_self()->buffer->receive_slots[0] = slot;
        if (service_wait(&service, DEADLINE_NEVER) == SERVICE_CALL) {
            service.info = MSG_INFO(MSG_CAPS(service.info) == 1 ? ERR_OK : ERR_NO_ENTRY, 0, 0);
        }
    }
}
