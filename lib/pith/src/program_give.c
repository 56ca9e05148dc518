/* SPDX-License-Identifier: MIT */
/* What a new program gets: capabilities in its table, and the page that says which. */
#include "making.h"

#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/string.h"

/* Copies our slot to one of the program's table. */
static err_t give(struct making *making, cap_addr_t to, cap_addr_t from, uint32_t rights)
{
    making_step(making);
    return cap_table_copy(making->table, to, self()->table, from, rights);
}

/* The same if there is something to copy. */
static err_t give_if(struct making *making, cap_addr_t to, cap_addr_t from, uint32_t rights)
{
    return from != 0 ? give(making, to, from, rights) : ERR_OK;
}

/* A page that is mapped through the program's own copy, so that it goes with the program's table. */
static err_t page_give(struct making *making, cap_addr_t to, cap_addr_t from, user_addr_t at)
{
    cap_addr_t own = slot_of(making, SLOT_OWN);
    uint32_t done;
    err_t err;

    if (from == 0) {
        return ERR_OK;
    }
    making_step(making);
    err = cap_table_copy(self()->table, own, self()->table, from, RIGHT_READ);
    if (err) {
        return err;
    }
    making_step(making);
    err = space_map(slot_of(making, SLOT_SPACE), at, own, 0, 1, PROT_READ, &done);
    if (err == ERR_OK) {
        making_step(making);
        err = cap_table_move(making->table, to, self()->table, own);
    }
    if (err) {
        (void)!cap_table_delete(self()->table, own);
    }
    return err;
}

/* The next free slot of the program's table. */
static err_t slot_next(struct making *making, cap_addr_t *to)
{
    if (making->next_slot >= making->table_slots) {
        return ERR_NO_SLOT;
    }
    *to = making->next_slot++;
    return ERR_OK;
}

static err_t give_next(struct making *making, cap_addr_t source, uint32_t rights, uint64_t badge,
                       cap_addr_t *to)
{
    err_t err = slot_next(making, to);

    if (err) {
        return err;
    }
    if (badge != 0) {
        making_step(making);
        return cap_table_mint(making->table, *to, self()->table, source, rights, badge);
    }
    return give(making, *to, source, rights);
}

static err_t grant_give(struct making *making, const struct program_grant *grant)
{
    struct program_info *info = making->info;
    cap_addr_t to;
    err_t err;

    if (info->cap_count == PROGRAM_CAPS_MAX) {
        return ERR_NO_SLOT;
    }
    err = give_next(making, grant->source, grant->rights, grant->badge, &to);
    if (err) {
        return err;
    }
    memcpy(info->caps[info->cap_count].name, grant->name, PROGRAM_NAME_BYTES);
    info->caps[info->cap_count++].slot = to;
    return ERR_OK;
}

static err_t session_give(struct making *making, const struct program_session_spec *spec)
{
    struct program_info *info = making->info;
    struct program_session *session = &info->sessions[info->session_count];
    cap_addr_t frame, bell;
    err_t err;

    if (info->session_count == PROGRAM_SESSIONS_MAX) {
        return ERR_NO_SLOT;
    }
    if (spec->frame == 0) {
        info->session_count++;
        return ERR_OK;
    }
    err = give_next(making, spec->frame, RIGHT_READ | RIGHT_WRITE, 0, &frame);
    if (err == ERR_OK) {
        err = give_next(making, spec->bell, RIGHT_SIGNAL, spec->bell_badge, &bell);
    }
    if (err) {
        return err;
    }
    *session = spec->session;
    session->frame = frame;
    session->bell = bell;
    info->session_count++;
    return ERR_OK;
}

static err_t irq_give(struct making *making, uint32_t number)
{
    const struct program_irq *irq = &making->spec->irqs[number];
    cap_addr_t to = 0;

    if (irq->slot == 0) {
        return ERR_OK;
    }
    err_t err = give_next(making, irq->slot, RIGHTS_ALL, 0, &to);

    making->info->irqs[number] = *irq;
    making->info->irqs[number].slot = to;
    return err;
}

static err_t fixed_give(struct making *making)
{
    const struct program_spec *spec = making->spec;
    err_t err = give(making, PROGRAM_SLOT_TABLE, making->table, RIGHTS_ALL);

    if (err == ERR_OK) {
        err = give(making, PROGRAM_SLOT_VSPACE, slot_of(making, SLOT_SPACE), RIGHTS_ALL);
    }
    if (err == ERR_OK) {
        err = give(making, PROGRAM_SLOT_THREAD, slot_of(making, SLOT_THREAD), RIGHT_LEND);
    }
    if (err == ERR_OK && spec->machine_rights != 0) {
        err = give(making, PROGRAM_SLOT_MACHINE, spec->machine, spec->machine_rights);
    }
    if (err == ERR_OK) {
        err = page_give(making, PROGRAM_SLOT_CLOCK, spec->clock, BOOT_CLOCK_ADDR);
    }
    if (err == ERR_OK) {
        err = page_give(making, PROGRAM_SLOT_EPOCHS, spec->epochs, PROGRAM_EPOCHS_ADDR);
    }
    if (err == ERR_OK) {
        err = give_if(making, PROGRAM_SLOT_ENDPOINT, spec->endpoint, RIGHT_RECEIVE);
    }
    if (err == ERR_OK) {
        err = give_if(making, PROGRAM_SLOT_EVENTS, spec->events, RIGHT_WAIT | RIGHT_SIGNAL);
    }
    return err;
}

/* It may bind it, and configure nothing, since that takes a machine capability. Of a new one the program has the original. */
static err_t context_give(struct making *making, uint32_t number)
{
    cap_addr_t to;
    err_t err;

    if (making->spec->contexts != NULL) {
        return give_next(making, making->spec->contexts[number], RIGHT_MANAGE, 0, &to);
    }
    err = slot_next(making, &to);

    if (err == ERR_OK) {
        err = making_context(making, SLOT_OWN);
    }
    if (err == ERR_OK) {
        making_step(making);
        err = cap_table_move(making->table, to, self()->table, slot_of(making, SLOT_OWN));
    }
    return err;
}

static err_t contexts_give(struct making *making)
{
    err_t err = ERR_OK;

    making->info->first_context = making->next_slot;
    for (uint32_t i = 0; err == ERR_OK && i < making->spec->context_count; i++) {
        err = context_give(making, i);
        making->info->context_count += err == ERR_OK;
    }
    return err;
}

static err_t child_contexts_give(struct making *making)
{
    const struct program_spec *spec = making->spec;
    cap_addr_t to;
    err_t err = ERR_OK;

    making->info->first_child_context = making->next_slot;
    making->info->child_threads = spec->child_threads;
    for (uint32_t i = 0; err == ERR_OK && i < spec->child_count * (1u + spec->child_threads); i++) {
        err = give_next(making, spec->child_contexts[i].source, spec->child_contexts[i].rights, 0,
                        &to);
    }
    return err;
}

static err_t caps_give(struct making *making)
{
    const struct program_spec *spec = making->spec;
    err_t err = fixed_give(making);

    for (uint32_t i = 0; err == ERR_OK && i < spec->grant_count; i++) {
        err = grant_give(making, &spec->grants[i]);
    }
    for (uint32_t i = 0; err == ERR_OK && i < spec->session_count; i++) {
        err = session_give(making, &spec->sessions[i]);
    }
    for (uint32_t i = 0; err == ERR_OK && i < spec->irq_count; i++) {
        err = irq_give(making, i);
    }
    if (err == ERR_OK) {
        err = contexts_give(making);
    }
    return err ? err : child_contexts_give(making);
}

/* What is left of the untyped memory is the program's own. */
static err_t rest_give(struct making *making)
{
    struct program *program = making->program;
    uint64_t base, size, used;
    uint32_t device;
    err_t err = untyped_info(program->untyped, &base, &size, &used, &device);

    if (err) {
        return err;
    }
    program->own_bytes = (size - used) & ~(PAGE_BYTES - 1);
    if (program->own_bytes == 0) {
        return ERR_OK;
    }
    err = making_object(making, SLOT_OWN, OBJECT_UNTYPED, program->own_bytes);
    if (err) {
        return err;
    }
    making->info->memory_bytes = program->own_bytes;
    making_step(making);
    return cap_table_move(making->table, PROGRAM_SLOT_UNTYPED, self()->table,
                          slot_of(making, SLOT_OWN));
}

static void text_copy(char *to, size_t size, const char *from)
{
    size_t length = from != NULL ? strlen(from) : 0;

    if (length >= size) {
        length = size - 1;
    }
    memcpy(to, from, length);
    to[length] = 0;
}

err_t making_give(struct making *making)
{
    struct program_info *info = making->info;
    err_t err;

    info->magic = PROGRAM_INFO_MAGIC;
    info->abi_hash = ABI_HASH;
    info->image_end = making->image.end;
    info->table_slots = making->table_slots;
    info->device = making->spec->device;
    info->ports_first = making->spec->ports_first;
    info->child_count = making->spec->child_count;
    info->child_rank = making->spec->child_rank;
    info->word_bytes = making->spec->word_bytes;
    info->argument_count = making->spec->argument_count;
    info->environment_count = making->spec->environment_count;
    text_copy(info->name, sizeof(info->name), making->spec->name);
    text_copy(info->args, sizeof(info->args), making->spec->args);
    err = caps_give(making);
    if (err == ERR_OK) {
        err = rest_give(making);
    }
    info->first_free_slot =
        making->spec->first_free != 0 ? making->spec->first_free : making->next_slot;
    return err;
}
