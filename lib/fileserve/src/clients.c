/* SPDX-License-Identifier: MIT */
#include "fileserve/clients.h"

#include "pith/kernel_calls.h"
#include "pith/program_info.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/string.h"
#include "pith/syscall.h"
#include "ring/ring.h"

enum { SERIAL_BITS = 10, EPOCH_BITS = 16, PLACE_BITS = 6 };
_Static_assert(1 << PLACE_BITS == HANDLES_MAX, "the low bits of a handle");

static struct client *clients;
static uint32_t client_count;
static uint64_t news; /* bit n: client n needs a turn */
_Static_assert(PROGRAM_SESSIONS_MAX <= 64, "a bit for each client");
static handle_forget_t *forget_handle;

static uint32_t epoch_now(const struct client *client)
{
    const struct ring_epoch *epochs = (const struct ring_epoch *)PROGRAM_EPOCHS_ADDR;

    /* Relaxed: it orders nothing here; the call that led here came after it. */
    return atomic_load_explicit(&epochs[client->session.info->epoch].epoch, memory_order_relaxed);
}

static void roots_begin(struct client *client)
{
    memset(client->roots, 0, sizeof(client->roots));
    client->roots[0].is_given = (client->session.info->flags & SESSION_VIEWED) == 0;
}

static err_t client_begin(struct client *client, uint32_t number, unsigned char *bodies,
                          size_t body_bytes)
{
    err_t err = session_open(&client->session, number);

    for (uint32_t i = 0; i < HANDLES_MAX; i++) {
        client->handles[i].body = bodies + i * body_bytes;
    }
    if (err == ERR_OK) {
        client->epoch = epoch_now(client);
        roots_begin(client);
    }
    return err;
}

err_t clients_init(size_t body_bytes, handle_forget_t *forget)
{
    const struct program_info *program = self()->program;
    size_t bodies_bytes = ((body_bytes + 15) & ~(size_t)15) * HANDLES_MAX;
    cap_addr_t frame;
    user_addr_t at;
    uint32_t count = 0;

    forget_handle = forget;
    for (uint32_t i = 0; i < program->session_count; i++) {
        count += program->sessions[i].role == PROGRAM_SESSION_SERVER;
    }
    uint64_t bytes = count * (sizeof(struct client) + bodies_bytes) + PAGE_BYTES;
    err_t err = region_create(bytes & ~(PAGE_BYTES - 1), PROT_READ | PROT_WRITE, &at, &frame);

    clients = (struct client *)at;
    for (uint32_t i = 0; err == ERR_OK && i < program->session_count; i++) {
        if (program->sessions[i].role == PROGRAM_SESSION_SERVER) {
            unsigned char *bodies = (unsigned char *)&clients[count] + client_count * bodies_bytes;

            err = client_begin(&clients[client_count], i, bodies, bodies_bytes / HANDLES_MAX);
            client_count++;
        }
    }
    return err;
}

static void handle_end(struct client *client, struct handle *handle)
{
    if (forget_handle != NULL) {
        forget_handle(handle);
    }
    requests_cancel(client, handle);
    handle->id = 0;
    client->open--;
}

/* It was started anew. Apart, so that client_of() saves no registers for it. */
static __attribute__((noinline)) void client_renew(struct client *client, uint32_t epoch)
{
    requests_forget(client);
    for (uint32_t i = 0; i < HANDLES_MAX; i++) {
        if (client->handles[i].id != 0) {
            handle_end(client, &client->handles[i]);
        }
    }
    roots_begin(client);
    client->epoch = epoch;
}

static void client_look(struct client *client)
{
    uint32_t epoch = epoch_now(client);

    if (epoch != client->epoch) {
        client_renew(client, epoch);
    }
}

struct client *client_of(uint64_t badge)
{
    for (uint32_t i = 0; i < client_count; i++) {
        struct client *client = &clients[i];

        if (client->session.info->badge == badge) {
            client_look(client);
            return client;
        }
    }
    return NULL;
}

void clients_look(void)
{
    for (uint32_t i = 0; i < client_count; i++) {
        client_look(&clients[i]);
    }
}

struct client *client_at(uint32_t number)
{
    return number < client_count ? &clients[number] : NULL;
}

bool clients_hear(uint64_t bits)
{
    for (uint32_t i = 0; i < client_count; i++) {
        bool has_news = (bits >> clients[i].session.number & 1) != 0;

        news |= (uint64_t)(has_news || clients[i].requests.ready != 0) << i;
    }
    return news != 0;
}

bool clients_turn(request_read_t *read)
{
    static uint32_t turn;

    for (uint32_t i = 0; news != 0 && i < client_count; i++) {
        uint32_t number = (turn + i) % client_count;
        struct client *client = &clients[number];

        if ((news >> number & 1) != 0) {
            client_look(client);
            news &= ~((uint64_t)!requests_turn(client, read) << number);
            turn = number + 1;
            break;
        }
    }
    return news != 0;
}

uint32_t client_handles(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < client_count; i++) {
        count += clients[i].open;
    }
    return count;
}

uint64_t client_refused(void)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < client_count; i++) {
        count += clients[i].refused;
    }
    return count;
}

struct handle *handle_new(struct client *client, uint32_t *id)
{
    for (uint32_t i = 0; i < HANDLES_MAX; i++) {
        if (client->handles[i].id == 0) {
            uint32_t serial = client->serial++ & ((1u << SERIAL_BITS) - 1);
            uint32_t epoch = client->epoch & ((1u << EPOCH_BITS) - 1);

            *id = epoch << (SERIAL_BITS + PLACE_BITS) | serial << PLACE_BITS | i;
            *id = *id != 0 ? *id : HANDLES_MAX; /* 0 is none; place 0, the next serial */
            return &client->handles[i];
        }
    }
    return NULL;
}

err_t handle_close(struct client *client, uint32_t id)
{
    struct handle *handle = handle_find(client, id);

    if (handle == NULL) {
        return ERR_NO_ENTRY;
    }
    handle_end(client, handle);
    return ERR_OK;
}

err_t client_place(struct client *client, uint32_t root, uint32_t path, uint32_t length,
                   struct place *place)
{
    const char *text = client_data(client, path, length);

    return text == NULL ? ERR_RANGE : place_set(place, &client->roots[root], text, length);
}

err_t file_on_close(struct client *client, const struct file_close_args *args)
{
    return handle_close(client, args->handle);
}

err_t file_on_give_root(struct client *caller, const struct file_give_root_args *args)
{
    const uint64_t words[] = { args->base0, args->base1, args->base2, args->base3, args->base4 };
    char text[PLACE_BASE_MAX + 1];
    _Static_assert(sizeof(text) == sizeof(words), "a root's text");

    if ((caller->session.info->flags & SESSION_NAMES) == 0) {
        caller->refused++;
        return ERR_NO_RIGHT;
    }
    struct client *client = client_of(args->badge);

    if (client == NULL) {
        return ERR_NO_ENTRY;
    }
    memcpy(text, words, sizeof(text));
    return root_set(&client->roots[args->root], text, (args->flags & FILE_ROOT_READ_ONLY) != 0);
}

static void client_serve(struct service *service)
{
    struct client *client = client_of(service->badge);
    uint32_t label = MSG_LABEL(service->info);

    if (client == NULL) {
        service->info = MSG_INFO(ERR_GONE, 0, 0);
        return;
    }
    file_dispatch(client, &service->info, service->words);
    if (label == FILE_OPEN && MSG_LABEL(service->info) == ERR_OK) {
        uint32_t handle = (uint32_t)service->words[0];

        service->has_call = false;
        if (ipc_reply(0, service->info, service->words)) {
            (void)!handle_close(client, handle);
        }
    }
}

_Noreturn void clients_serve(request_read_t *read)
{
    static struct service service;

    /* At first: what was asked for before it listened. */
    for (bool is_asked = clients_hear(UINT64_MAX);; is_asked = is_asked && clients_turn(read)) {
        switch (service_wait(&service, is_asked ? 0 : DEADLINE_NEVER)) {
        case SERVICE_CALL:
            client_serve(&service);
            break;
        case SERVICE_SIGNALS:
            clients_look();
            is_asked = clients_hear(service.bits);
            break;
        case SERVICE_TIME:
            break;
        }
    }
}
