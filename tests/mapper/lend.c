/* SPDX-License-Identifier: MIT */
/* A server that may grant pages of its session with the file server, and wants to give others. */
#include "mapper.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/program_info.h"
#include "pith/self.h"
#include "pith/string.h"
#include "service/session.h"
#include "system/protocol.h"

enum {
    GRANTS_KIB = 272,
    KIB_PER_PAGE = 4,
    NUMBERS = 130,
    LENDERS = 2,
    OF_CLIENT = 128 / LENDERS / 2
};

#define CALL_NS (3 * NS_PER_S)

struct gift {
    uint64_t session, first, count, client, slot;
};

static err_t ask_lender(uint32_t op, uint64_t words[8])
{
    msg_info_t info = MSG_INFO(op, 8, 0);
    err_t err = ipc_call(self_cap("grants"), &info, words, clock_now() + CALL_NS);

    return err ? err : (err_t)MSG_LABEL(info);
}

static err_t give(const struct gift *gift, uint64_t *number)
{
    uint64_t words[8] = { 0, gift->session, gift->first, gift->count, gift->client, gift->slot };
    err_t err = ask_lender(SYSTEM_GRANT_GIVE, words);

    *number = words[SYSTEM_GRANT_NUMBER];
    return err;
}

static err_t back(uint64_t number)
{
    uint64_t words[8] = { number };

    return ask_lender(SYSTEM_GRANT_BACK, words);
}

static void gifts_refuse(const struct gift *good, uint64_t pages, uint64_t own_session)
{
    const struct {
        const char *why;
        struct gift gift;
        err_t wanted;
    } cases[] = {
        { "a session in which it is the server",
          { own_session, 0, 1, good->client, good->slot },
          ERR_RANGE },
        { "no such session", { 99, 0, 1, good->client, good->slot }, ERR_RANGE },
        { "nothing", { good->session, 0, 0, good->client, good->slot }, ERR_RANGE },
        { "a page more", { good->session, pages, 1, good->client, good->slot }, ERR_RANGE },
        { "all and one more",
          { good->session, 0, pages + 1, good->client, good->slot },
          ERR_RANGE },
        { "what wraps", { good->session, UINT64_MAX, 2, good->client, good->slot }, ERR_RANGE },
        { "what wraps as well",
          { good->session, 2, UINT64_MAX, good->client, good->slot },
          ERR_RANGE },
        { "the file server's client", { good->session, 0, 1, 1, good->slot }, ERR_RANGE },
        { "nobody", { good->session, 0, 1, 0, good->slot }, ERR_RANGE },
        { "no program", { good->session, 0, 1, 1000, good->slot }, ERR_RANGE },
        { "a slot that is taken",
          { good->session, 0, 1, good->client, PROGRAM_SLOT_TABLE },
          ERR_SLOT_TAKEN },
        { "a slot outside", { good->session, 0, 1, good->client, 1u << 20 }, ERR_RANGE },
        { "no slot at all", { good->session, 0, 1, good->client, 1ull << 40 }, ERR_RANGE },
        { "more than one may have",
          { good->session, 0, GRANTS_KIB / KIB_PER_PAGE / 2 + 1, good->client, good->slot },
          ERR_NO_MEMORY },
    };
    uint64_t number;

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wants(cases[i].why, cases[i].wanted, give(&cases[i].gift, &number));
    }
}

static const struct program_session *session_as(uint32_t role, uint64_t *number)
{
    const struct program_info *program = self()->program;

    for (uint32_t i = 0; i < program->session_count; i++) {
        if (program->sessions[i].role == role) {
            *number = i;
            return &program->sessions[i];
        }
    }
    return NULL;
}

/* A client has half of the server's numbers, which are its part of all; each that comes back can be given again. */
static void numbers_are_shared(const struct gift *gift)
{
    static cap_addr_t slots[OF_CLIENT + 1];
    static uint64_t numbers[OF_CLIENT + 1];
    struct gift small = *gift;

    small.count = 1;
    for (uint32_t i = 0; i <= OF_CLIENT; i++) {
        wants("a slot", ERR_OK, cap_place(&slots[i]));
        small.slot = slots[i];
        wants("a small grant", i < OF_CLIENT ? ERR_OK : ERR_NO_MEMORY, give(&small, &numbers[i]));
    }
    cap_drop(slots[0]);
    wants("one is back", ERR_OK, back(numbers[0]));
    wants("and given again", ERR_OK, give(&small, &numbers[OF_CLIENT]));
    for (uint32_t i = 1; i <= OF_CLIENT; i++) {
        cap_drop(slots[i]);
        wants("all are back", ERR_OK, back(numbers[i]));
    }
}

void lend(void)
{
    struct gift gift = { .count = 3 };
    uint64_t own = 0, number = 0, words[8] = { 0 };
    const struct program_session *client = session_as(PROGRAM_SESSION_SERVER, &own);
    const struct program_session *memory = session_as(PROGRAM_SESSION_CLIENT, &gift.session);
    cap_addr_t slot;
    uint64_t base, size;
    uint32_t pages = 0, class, cache;

    wants("sessions", 1, client != NULL && memory != NULL);
    if (client == NULL || memory == NULL || cap_place(&slot)) {
        return;
    }
    gift.client = client->badge;
    gift.slot = slot;
    size = (memory->bytes - SESSION_DATA) / PAGE_BYTES;
    gifts_refuse(&gift, size, own);
    wants("none is out", ERR_NO_ENTRY, ask_lender(SYSTEM_GRANT_NEXT, words));
    for (uint64_t i = 0; i < NUMBERS; i++) {
        wants("the file server's", ERR_NO_ENTRY, back(i));
    }
    wants("the file server's", ERR_NO_ENTRY, back(UINT64_MAX));
    gift.first = size - gift.count;
    wants("what it may", ERR_OK, give(&gift, &number));
    wants("its pages", ERR_OK, frame_info(slot, &base, &pages, &class, &cache));
    wants("as many", gift.count, pages);
    wants("it is out", ERR_BUSY, back(number));
    memset(words, 0, sizeof(words));
    wants("is listed", ERR_OK, ask_lender(SYSTEM_GRANT_NEXT, words));
    wants("by its number", number, words[SYSTEM_GRANT_NUMBER]);
    wants("as it is", gift.first, words[SYSTEM_GRANT_FIRST]);
    wants("as it is", gift.client, words[SYSTEM_GRANT_CLIENT]);
    wants("alone", ERR_NO_ENTRY, ask_lender(SYSTEM_GRANT_NEXT, words));
    cap_drop(slot);
    wants("it is back", ERR_OK, back(number));
    wants("once", ERR_NO_ENTRY, back(number));
    numbers_are_shared(&gift);
    wants("what is none of its", ERR_BAD_CALL, ask_lender(SYSTEM_PROGRAM, words));
}
