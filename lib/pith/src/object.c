/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: an object's slot knows its chunk; a chunk is given back exactly when its last object goes.
 * A chunk that is full gets no new objects until it is empty: the kernel's mark falls only then.
 */
#include "pith/object.h"

#include <stddef.h>

#include "pith/kernel_calls.h"
#include "pith/self.h"

enum { CHUNK_BYTES = 65536, CHUNK_BYTES_MIN = 4096, SMALL_BYTES = 16384, OWNER_SELF = 0 };
enum { CAP_BYTES = 128, VSPACE_ROOM = 16384 }; /* a table has a head as large as a slot */

/* Room for an object; 0: small, and only the kernel knows. */
static uint64_t room_of(enum object_type type, uint64_t size)
{
    static const uint32_t class_shift[] = { 12, 21, 30 };

    switch (type) {
    case OBJECT_UNTYPED:
        return size;
    case OBJECT_FRAME:
        return (size & 0xff) < 3 ? (size >> 8) << class_shift[size & 0xff] : 0;
    case OBJECT_PAGE_TABLE:
        return size * PAGE_BYTES;
    case OBJECT_CAP_TABLE:
        return size < 32 ? CAP_BYTES + ((uint64_t)CAP_BYTES << size) : 0;
    case OBJECT_VSPACE:
    case OBJECT_IO_SPACE:
        return VSPACE_ROOM;
    default:
        return 0;
    }
}

static err_t chunk_create(uint64_t bytes, uint32_t *number)
{
    struct self *me = self();

    for (uint32_t i = 0; i < CHUNKS_MAX; i++) {
        if (me->chunks[i].untyped == 0) {
            err_t err = memory_take(&me->memory, bytes, OWNER_SELF, &me->chunks[i].untyped);

            if (err) {
                me->chunks[i].untyped = 0;
                return err;
            }
            me->chunks[i].objects = 0;
            *number = i;
            return ERR_OK;
        }
    }
    return ERR_NO_MEMORY;
}

static void chunk_drop_if_empty(uint32_t number)
{
    struct chunk *chunk = &self()->chunks[number];

    if (chunk->untyped != 0 && chunk->objects == 0) {
        memory_give(&self()->memory, chunk->untyped);
        chunk->untyped = 0;
    }
}

static err_t create_in(uint32_t number, enum object_type type, uint64_t size, cap_addr_t slot)
{
    struct self *me = self();
    err_t err = untyped_retype(me->chunks[number].untyped, type, size, 1, me->table, slot);

    if (err == ERR_OK) {
        me->chunks[number].objects++;
        me->chunk_of[slot] = (uint8_t)(number + 1);
    }
    return err;
}

static err_t create_small(enum object_type type, uint64_t size, cap_addr_t slot)
{
    struct self *me = self();
    uint32_t number = 0;
    err_t err;

    for (uint32_t i = 0; i < CHUNKS_MAX; i++) {
        if (me->chunks[i].untyped != 0) {
            err = create_in(i, type, size, slot);
            if (err != ERR_NO_MEMORY) {
                return err;
            }
        }
    }
    for (uint64_t bytes = CHUNK_BYTES; bytes >= CHUNK_BYTES_MIN; bytes /= 2) {
        err = chunk_create(bytes, &number);
        if (err == ERR_OK) {
            err = create_in(number, type, size, slot);
            chunk_drop_if_empty(number); /* after an error */
            return err;
        }
    }
    return ERR_NO_MEMORY;
}

static err_t create_large(enum object_type type, uint64_t size, cap_addr_t slot, uint64_t room)
{
    uint32_t number = 0;
    err_t err = chunk_create(room, &number);

    if (err) {
        return err;
    }
    err = create_in(number, type, size, slot);
    chunk_drop_if_empty(number); /* after an error */
    return err;
}

err_t object_create(enum object_type type, uint64_t size, cap_addr_t *slot)
{
    struct self *me = self();
    uint64_t room = room_of(type, size);
    cap_addr_t taken;
    err_t err;

    self_lock();
    err = slots_take(&me->slots, 1, &taken);
    if (err == ERR_OK) {
        err = room <= SMALL_BYTES ? create_small(type, size, taken)
                                  : create_large(type, size, taken, room);
        if (err) {
            slots_give(&me->slots, taken, 1);
        } else {
            *slot = taken;
        }
    }
    self_unlock();
    return err;
}

void object_destroy(cap_addr_t slot)
{
    struct self *me = self();
    uint32_t number;

    if (slot == 0 || slot >= SLOTS_MAX || me->chunk_of[slot] == 0) {
        return;
    }
    (void)!cap_table_delete(me->table, slot);
    self_lock();
    number = me->chunk_of[slot] - 1u;
    me->chunk_of[slot] = 0;
    me->chunks[number].objects--;
    chunk_drop_if_empty(number);
    slots_give(&me->slots, slot, 1);
    self_unlock();
}

static err_t slot_take(cap_addr_t *slot)
{
    self_lock();
    err_t err = slots_take(&self()->slots, 1, slot);

    self_unlock();
    return err;
}

static void slot_give(cap_addr_t slot)
{
    self_lock();
    slots_give(&self()->slots, slot, 1);
    self_unlock();
}

err_t cap_copy(cap_addr_t source, uint32_t rights, cap_addr_t *slot)
{
    struct self *me = self();
    cap_addr_t taken;
    err_t err = slot_take(&taken);

    if (err) {
        return err;
    }
    err = cap_table_copy(me->table, taken, me->table, source, rights);
    if (err) {
        slot_give(taken);
        return err;
    }
    *slot = taken;
    return ERR_OK;
}

err_t cap_mint(cap_addr_t source, uint32_t rights, uint64_t badge, cap_addr_t *slot)
{
    struct self *me = self();
    cap_addr_t taken;
    err_t err = slot_take(&taken);

    if (err) {
        return err;
    }
    err = cap_table_mint(me->table, taken, me->table, source, rights, badge);
    if (err) {
        slot_give(taken);
        return err;
    }
    *slot = taken;
    return ERR_OK;
}

err_t cap_place(cap_addr_t *slot)
{
    return slot_take(slot);
}

void cap_drop(cap_addr_t slot)
{
    (void)!cap_table_delete(self()->table, slot);
    slot_give(slot);
}

err_t event_create(struct event *event, uint32_t rank)
{
    struct event made;
    err_t err = object_create(OBJECT_NOTIFICATION, rank, &made.notification);

    if (err) {
        return err;
    }
    err = cap_mint(made.notification, RIGHT_SIGNAL | RIGHT_WAIT, 1, &made.cap);
    if (err) {
        object_destroy(made.notification);
        return err;
    }
    *event = made;
    return ERR_OK;
}

void event_destroy(struct event *event)
{
    cap_drop(event->cap);
    object_destroy(event->notification);
    *event = (struct event){ 0 };
}

void event_signal(const struct event *event)
{
    (void)!notification_signal(event->cap); /* it is ours: cannot fail */
}

err_t event_wait(const struct event *event, cap_addr_t lend_to, ns_t deadline_ns, bool *has_lent)
{
    uint64_t bits;
    bool lent = lend_to != 0;
    err_t err = notification_wait(event->cap, 1, deadline_ns, lend_to, &bits);

    if (lent && err != ERR_OK && err != ERR_TIMED_OUT && err != ERR_CANCELLED) {
        lent = false; /* WOULD_DEADLOCK, or the thread is gone */
        err = notification_wait(event->cap, 1, deadline_ns, 0, &bits);
    }
    if (has_lent != NULL) {
        *has_lent = lent;
    }
    return err;
}
