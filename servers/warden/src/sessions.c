/* SPDX-License-Identifier: MIT */
/*
 * Sessions follow from the description alone: for each interface whose server has sessions, in order, each program that
 * uses it, in order. So their numbers, slots and bits are the same in every warden's life.
 */
#include "warden.h"

#include "children.h"
#include "lending.h"
#include "pith/kernel_calls.h"
#include "pith/string.h"
#include "say.h"
#include "service/session.h"

#include "abi/names.h"

struct pair {
    uint32_t interface;
    uint32_t server;
    uint32_t client;
    bool is_missing; /* there is no memory for it */
};

static struct pair pairs[WARDEN_SLOT_LENT - WARDEN_SLOT_SESSIONS];
static uint32_t pair_count;

static void pairs_find(void)
{
    const struct description *description = &warden()->description;

    for (uint32_t i = 0; i < description->header.interface_count; i++) {
        uint32_t server = description->interfaces[i].server;

        if (server == DESCRIPTION_WARDEN || description->programs[server].session_bytes == 0) {
            continue;
        }
        for (uint32_t client = 0; client < warden()->count; client++) {
            const struct description_program *program = &description->programs[client];

            if (((program->uses & ~program->calls) >> i & 1) != 0 &&
                pair_count < sizeof(pairs) / sizeof(pairs[0])) {
                pairs[pair_count++] = (struct pair){ i, server, client, false };
            }
        }
    }
}

/* The session of that number; false: there are fewer. */
static bool session_at(uint32_t wanted, struct pair *pair)
{
    if (wanted >= pair_count) {
        return false;
    }
    *pair = pairs[wanted];
    return true;
}

static bool is_end(const struct pair *pair, uint32_t program)
{
    return pair->server == program || pair->client == program;
}

/* Which of a program's sessions this is: its bit in the program's notification. */
static uint32_t position_of(uint32_t number, uint32_t program)
{
    struct pair pair;
    uint32_t position = 0;

    for (uint32_t i = 0; i < number && session_at(i, &pair); i++) {
        position += is_end(&pair, program);
    }
    return position;
}

/* The name space only calls: of the memory it needs no more than a session must have. */
static uint64_t bytes_of(const struct pair *pair)
{
    if ((description_of(pair->client)->flags & DESCRIPTION_NAMES) != 0) {
        return SESSION_DATA + PAGE_BYTES;
    }
    return description_of(pair->server)->session_bytes;
}

/* A program is built with all of its sessions or not at all; a process may do without one (docs/process.md). */
static void session_miss(struct pair *pair, err_t err)
{
    pair->is_missing = true;
    warden()->is_unfit[pair->client] = true;
    say(LOG_ERROR, "%s %s: the %lu KiB that it shares with %s are not there (%s)",
        description_of(pair->client)->name,
        is_mine(pair->client) ? "cannot be built" : "has less to offer", bytes_of(pair) / 1024,
        description_of(pair->server)->name, error_name(err));
}

void sessions_keep(void)
{
    struct pair pair;

    pairs_find();
    for (uint32_t i = 0; session_at(i, &pair); i++) {
        err_t err = object_keep(WARDEN_SLOT_SESSIONS + i, OBJECT_FRAME,
                                bytes_of(&pair) / PAGE_BYTES << 8 | PAGE_CLASS_4K);

        if (err) {
            session_miss(&pairs[i], err);
        }
        if (atomic_load_explicit(&warden()->epochs[i], memory_order_relaxed) == 0) {
            step();
            atomic_store_explicit(&warden()->epochs[i], 1, memory_order_release);
        }
    }
}

/* What a server must know of a client; docs/names.md. */
static uint32_t flags_of(uint32_t client)
{
    uint32_t flags = description_of(client)->flags;

    return (flags & DESCRIPTION_VIEWED ? (uint32_t)SESSION_VIEWED : 0u) |
           (flags & DESCRIPTION_NAMES ? (uint32_t)SESSION_NAMES : 0u);
}

static struct program_session_spec spec_of(uint32_t number, const struct pair *pair, bool is_server)
{
    uint32_t peer = is_server ? pair->client : pair->server;
    struct program_session_spec spec = {
        .session = { .bytes = bytes_of(pair),
                     .badge = is_server ? pair->client + 1u : 0,
                     .epoch = number,
                     .role = is_server ? PROGRAM_SESSION_SERVER : PROGRAM_SESSION_CLIENT,
                     .flags = is_server ? flags_of(pair->client) : 0 },
        .frame = pair->is_missing ? 0 : WARDEN_SLOT_SESSIONS + number,
        .bell = slot_of(peer, PART_EVENTS),
        .bell_badge = 1ull << (EVENT_SESSION_FIRST + position_of(number, peer)),
    };

    memcpy(spec.session.name, warden()->description.interfaces[pair->interface].name,
           PROGRAM_NAME_BYTES);
    return spec;
}

uint32_t sessions_of(uint32_t program, struct program_session_spec *specs)
{
    struct pair pair;
    uint32_t count = 0;

    for (uint32_t i = 0; session_at(i, &pair) && count < PROGRAM_SESSIONS_MAX; i++) {
        if (is_end(&pair, program)) {
            specs[count++] = spec_of(i, &pair, pair.server == program);
        }
    }
    return count;
}

err_t session_find_as_client(uint32_t program, uint64_t position, struct session_place *place)
{
    struct pair pair;

    for (uint32_t i = 0; session_at(i, &pair); i++) {
        if (!is_end(&pair, program) || position-- != 0) {
            continue;
        }
        if (pair.client != program || pair.is_missing) {
            return ERR_RANGE;
        }
        *place = (struct session_place){ WARDEN_SLOT_SESSIONS + i, bytes_of(&pair) };
        return ERR_OK;
    }
    return ERR_RANGE;
}

bool session_is_between(uint32_t server, uint64_t client)
{
    struct pair pair;

    for (uint32_t i = 0; session_at(i, &pair); i++) {
        if (pair.server == server && pair.client == client && !pair.is_missing) {
            return true;
        }
    }
    return false;
}

void sessions_of_child(uint32_t child, uint32_t number, struct program_session_spec *specs,
                       uint32_t *count)
{
    struct pair pair;

    for (uint32_t i = 0; session_at(i, &pair) && *count < PROGRAM_SESSIONS_MAX; i++) {
        if (pair.client == child) {
            specs[*count] = spec_of(i, &pair, false);
            specs[(*count)++].session.role = PROGRAM_SESSION_CHILD + number;
        }
    }
}

void sessions_renew(uint32_t program)
{
    struct pair pair;

    lending_note_end(program);
    for (uint32_t i = 0; session_at(i, &pair); i++) {
        if (is_end(&pair, program)) {
            step();
            /* Release: pairs with the acquire in ring's epoch_now(): the device is quiet by now. */
            atomic_fetch_add_explicit(&warden()->epochs[i], 1, memory_order_release);
            uint32_t peer = pair.server == program ? pair.client : pair.server;

            step();
            (void)!notification_signal(slot_of(peer, PART_BELL));
        }
    }
}
