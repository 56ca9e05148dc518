/* SPDX-License-Identifier: MIT */
/*
 * Pages that servers grant. The ear notes, mints and looks whether anything is derived from what it minted; all that in
 * constant time. Each step can be done again: whatever is missing of a loan when a warden died, it can be taken back.
 */
#include "lending.h"

#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "service/session.h"
#include "warden.h"

enum { HAS_CHILDREN = 4 }; /* of the flags of cap_table.identify */

#define REVOKING_NS 100000000ul /* a client may have made as many copies as its table holds */

/* The ear's word to the hand. Each warden looks once by itself: the one before may not have come to it. */
static atomic_bool has_to_revoke = true;

static uint32_t slot_of_loan(const struct loan *loan)
{
    return WARDEN_SLOT_LENT + (uint32_t)(loan - warden()->lending->loans);
}

static uint32_t life_of(uint32_t program)
{
    return atomic_load_explicit(&warden()->lending->lives[program], memory_order_relaxed);
}

static uint32_t state_of(const struct loan *loan)
{
    /* Acquire: pairs with the release in state_set(): what belongs to the state was written before. */
    return atomic_load_explicit(&loan->state, memory_order_acquire);
}

static void state_set(struct loan *loan, enum loan_state state)
{
    step();
    atomic_store_explicit(&loan->state, state, memory_order_release);
}

/* Numbers are shared evenly, so that small grants of one do not use up those of others. */
static uint32_t numbers_of_each(void)
{
    static uint32_t lenders; /* the same in all lives of the system */

    if (lenders == 0) {
        for (uint32_t i = 0; i < warden()->count; i++) {
            lenders += description_of(i)->grants_bytes != 0;
        }
    }
    return WARDEN_LENT_MAX / (lenders != 0 ? lenders : 1);
}

/* NULL: all are out, or the server or the client would have more than it may. */
static struct loan *loan_find_free(uint32_t server, uint32_t client, uint64_t count)
{
    static uint32_t used = WARDEN_LENT_MAX; /* those from there on are not out */
    uint64_t pages = description_of(server)->grants_bytes / PAGE_BYTES;
    uint64_t of_all = count, of_client = count;
    uint32_t numbers = numbers_of_each(), all_numbers = 1, client_numbers = 1;
    struct loan *loans = warden()->lending->loans;
    uint32_t found = WARDEN_LENT_MAX, last = 0;

    for (uint32_t i = 0; i < used; i++) {
        if (state_of(&loans[i]) == LOAN_NONE) {
            found = found == WARDEN_LENT_MAX ? i : found;
            continue;
        }
        last = i + 1;
        if (loans[i].server == server) {
            bool is_clients = loans[i].client == client;

            of_all += loans[i].count;
            of_client += is_clients ? loans[i].count : 0;
            all_numbers++;
            client_numbers += is_clients;
        }
    }
    found = found == WARDEN_LENT_MAX ? used : found;
    used = last;
    if (of_all > pages || of_client > (pages + 1) / 2 || all_numbers > numbers ||
        client_numbers > (numbers + 1) / 2 || found == WARDEN_LENT_MAX) {
        return NULL;
    }
    used = found < last ? last : found + 1;
    return &loans[found];
}

/* The pages, for the server to pass on. */
static err_t loan_mint(const struct loan *loan, const struct session_place *place, uint64_t slot)
{
    uint32_t first = SESSION_DATA / (uint32_t)PAGE_BYTES + loan->first;
    uint32_t table = slot_of(loan->server, PART_MAKING + PROGRAM_PARENT_TABLE);

    step();
    err_t err = cap_table_mint_pages(self()->table, slot_of_loan(loan), self()->table, place->frame,
                                     RIGHT_READ, first, loan->count);

    if (err) {
        return err;
    }
    step();
    err = cap_table_copy(table, (uint32_t)slot, self()->table, slot_of_loan(loan), RIGHT_READ);
    if (err) {
        step();
        (void)!cap_table_delete(self()->table, slot_of_loan(loan)); /* nothing is derived from it */
    }
    return err;
}

static err_t give(uint32_t server, uint64_t words[8])
{
    uint64_t first = words[SYSTEM_GRANT_FIRST], count = words[SYSTEM_GRANT_COUNT];
    uint64_t client = words[SYSTEM_GRANT_CLIENT] - 1;
    struct session_place place;
    err_t err = session_find_as_client(server, words[SYSTEM_GRANT_SESSION], &place);

    if (err) {
        return err;
    }
    uint64_t pages = (place.bytes - SESSION_DATA) / PAGE_BYTES;

    if (count == 0 || count > pages || first > pages - count ||
        words[SYSTEM_GRANT_SLOT] > UINT32_MAX || !session_is_between(server, client)) {
        return ERR_RANGE;
    }
    struct loan *loan = loan_find_free(server, (uint32_t)client, count);

    if (loan == NULL) {
        return ERR_NO_MEMORY;
    }
    loan->first = (uint32_t)first;
    loan->count = (uint32_t)count;
    loan->server = (uint16_t)server;
    loan->client = (uint16_t)client;
    loan->life = life_of((uint32_t)client);
    state_set(loan, LOAN_OUT);
    err = loan_mint(loan, &place, words[SYSTEM_GRANT_SLOT]);
    if (err) {
        state_set(loan, LOAN_NONE);
        return err;
    }
    words[SYSTEM_GRANT_NUMBER] = (uint64_t)(loan - warden()->lending->loans) + 1;
    return ERR_OK;
}

static bool is_derived_from(uint32_t slot)
{
    uint32_t type, rights, depth, flags = 0;
    uint64_t badge, size, detail;

    return cap_table_identify(self()->table, slot, &type, &rights, &badge, &depth, &flags, &size,
                              &detail) == ERR_OK &&
           type != OBJECT_NONE && (flags & HAS_CHILDREN) != 0;
}

static err_t take_back(uint32_t server, const uint64_t words[8])
{
    uint64_t number = words[SYSTEM_GRANT_NUMBER] - 1;

    if (number >= WARDEN_LENT_MAX) {
        return ERR_NO_ENTRY;
    }
    struct loan *loan = &warden()->lending->loans[number];
    uint32_t state = state_of(loan);

    if (state == LOAN_NONE || loan->server != server) {
        return ERR_NO_ENTRY;
    }
    if (state == LOAN_REVOKE) {
        return ERR_BUSY;
    }
    if (is_derived_from(slot_of_loan(loan))) {
        if (loan->life != life_of(loan->client)) {
            state_set(loan, LOAN_REVOKE);
            /* Release: pairs with the acquire in lending_handle(): it finds the state. */
            atomic_store_explicit(&has_to_revoke, true, memory_order_release);
            hand_wake();
        }
        return ERR_BUSY;
    }
    step();
    (void)!cap_table_delete(self()->table, slot_of_loan(loan)); /* it may be gone already */
    state_set(loan, LOAN_NONE);
    return ERR_OK;
}

/* The server's first from that number on. */
static err_t next(uint32_t server, uint64_t words[8])
{
    for (uint64_t i = words[SYSTEM_GRANT_NUMBER]; i < WARDEN_LENT_MAX; i++) {
        const struct loan *loan = &warden()->lending->loans[i];

        if (state_of(loan) != LOAN_NONE && loan->server == server) {
            words[SYSTEM_GRANT_NUMBER] = i + 1;
            words[SYSTEM_GRANT_FIRST] = loan->first;
            words[SYSTEM_GRANT_COUNT] = loan->count;
            words[SYSTEM_GRANT_CLIENT] = loan->client + 1u;
            return ERR_OK;
        }
    }
    return ERR_NO_ENTRY;
}

err_t lending_answer(uint32_t op, uint32_t server, uint64_t words[8])
{
    switch (op) {
    case SYSTEM_GRANT_GIVE:
        return give(server, words);
    case SYSTEM_GRANT_BACK:
        return take_back(server, words);
    case SYSTEM_GRANT_NEXT:
        return next(server, words);
    default:
        return ERR_BAD_CALL;
    }
}

void lending_note_end(uint32_t program)
{
    step();
    atomic_fetch_add_explicit(&warden()->lending->lives[program], 1, memory_order_relaxed);
}

void lending_handle(void)
{
    if (!atomic_load_explicit(&has_to_revoke, memory_order_relaxed) ||
        !atomic_exchange_explicit(&has_to_revoke, false, memory_order_acquire)) {
        return;
    }
    for (uint32_t i = 0; i < WARDEN_LENT_MAX; i++) {
        struct loan *loan = &warden()->lending->loans[i];

        if (state_of(loan) == LOAN_REVOKE) {
            alive(REVOKING_NS);
            step();
            (void)!cap_table_revoke(self()->table, slot_of_loan(loan));
            state_set(loan, LOAN_OUT);
        }
    }
}
