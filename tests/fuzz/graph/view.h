/* SPDX-License-Identifier: MIT */
/*
 * A look at all that the kernel keeps: every capability and object that the tree of derivation reaches.
 * The parts of the checker (check_*.c) share it. Nothing here changes the kernel's state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch_host/machine.h"
#include "cap/cap.h"
#include "core/core.h"
#include "object/device_objects.h"
#include "object/io_space.h"
#include "object/ipc_objects.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "object/vspace.h"

enum { VIEW_CAPS_MAX = 16384, VIEW_OBJECTS_MAX = 8192, VIEW_MAP_MAX = 65536, VIEW_TYPES = 17 };

struct view_object {
    uint8_t type;
    void *object; /* NULL: memory */
    struct cap *original;
    phys_t base;
    uint64_t size_bytes;
};

struct view_entry {
    const void *key;
    uint32_t stamp;
    uint32_t value;
    const void *owner;
};

struct view {
    bool failed;
    char wrong[600];
    uint32_t cap_count;
    uint32_t object_count;
    uint32_t edge_count;
    uint32_t doomed_count; /* tables that are being emptied */
    uint32_t depth_max;
    uint32_t per_type[VIEW_TYPES];
    struct cap *caps[VIEW_CAPS_MAX];
    struct view_object objects[VIEW_OBJECTS_MAX];
    uint32_t stamp;
    uint32_t marks; /* in the map */
    uint32_t
        map_size; /* a power of two, some times as many: the smaller, the more of it is in the cache */
    struct view_entry map[VIEW_MAP_MAX];
};

/** Empties the view for another look. */
void view_begin(struct view *view);

/** Records the first thing that is wrong; always false, to be returned. */
bool view_fail(struct view *view, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** A short name for an object or capability, valid until four more were asked for. */
const char *view_name(const struct view *view, const void *object);

/*
 * Marks on addresses: one map from a pointer to (value, owner). A capability has three: at its address
 * that it is in the tree, one byte on that it is attached, two bytes on its place in objects; an object
 * one, a byte behind its address, where no capability and no queue node is.
 */
bool view_put(struct view *view, const void *key, uint32_t value, const void *owner);
const struct view_entry *view_get(const struct view *view, const void *key);

/** True if an object of that type lives at the address. */
bool view_has(const struct view *view, const void *object, enum object_type type);

static inline struct view_object *view_next(struct view *view, struct view_object *after,
                                            enum object_type type)
{
    struct view_object *object = after == NULL ? view->objects : after + 1;

    for (; object < view->objects + view->object_count; object++) {
        if (object->type == (uint8_t)type) {
            return object;
        }
    }
    return NULL;
}

#define VIEW_EACH(view, kind, found)                                                               \
    for (struct view_object *found = view_next((view), NULL, (kind)); found != NULL;               \
         found = view_next((view), found, (kind)))

/* The parts, in the order in which they run; each may rely on those before. */
bool check_caps(struct view *view);
bool check_memory(struct view *view);
bool check_queues(struct view *view);
bool check_inboxes(struct view *view);
bool check_threads(struct view *view);
bool check_lending(struct view *view);
bool check_groups(struct view *view);
bool check_timed(struct view *view);
bool check_spaces(struct view *view);
bool check_dma(struct view *view);
