/* SPDX-License-Identifier: MIT */
/* What the parts of the checker share: see view.h. */
#include "view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const type_names[VIEW_TYPES] = {
    "none",    "untyped",  "frame", "page_table",   "vspace", "cap_table", "thread",
    "context", "endpoint", "reply", "notification", "timer",  "irq",       "io_port",
    "machine", "io_space", "?",
};

bool view_fail(struct view *view, const char *format, ...)
{
    va_list arguments;

    if (!view->failed) {
        view->failed = true;
        va_start(arguments, format);
        vsnprintf(view->wrong, sizeof(view->wrong), format, arguments);
        va_end(arguments);
    }
    return false;
}

static const struct view_object *find(const struct view *view, const void *object)
{
    for (uint32_t i = 0; i < view->object_count; i++) {
        if (view->objects[i].object == object || view->objects[i].original == object) {
            return &view->objects[i];
        }
    }
    return NULL;
}

const char *view_name(const struct view *view, const void *object)
{
    static char names[4][48];
    static unsigned turn;
    char *name = names[turn++ % 4];
    const struct view_object *found = object == NULL ? NULL : find(view, object);

    if (object == NULL) {
        snprintf(name, sizeof(names[0]), "nothing");
    } else if (found != NULL) {
        snprintf(name, sizeof(names[0]), "%s %u", type_names[found->type],
                 (unsigned)(found - view->objects));
    } else {
        snprintf(name, sizeof(names[0]), "something at %p", object);
    }
    return name;
}

void view_begin(struct view *view)
{
    uint32_t size = 4096;

    /* One step adds some hundred marks at most. */
    while (size < VIEW_MAP_MAX && size < 4 * view->marks + 4096) {
        size *= 2;
    }
    view->map_size = size;
    view->marks = 0;
    view->failed = false;
    view->cap_count = 0;
    view->object_count = 0;
    view->edge_count = 0;
    view->depth_max = 0;
    view->stamp++;
    memset(view->per_type, 0, sizeof(view->per_type));
}

/* Where the mark is, or the free place for it. */
static uint32_t place_of(const struct view *view, const void *key)
{
    uint64_t mixed = (uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15u;
    uint32_t at = (uint32_t)(mixed >> 40) & (view->map_size - 1);

    while (view->map[at].stamp == view->stamp && view->map[at].key != key) {
        at = (at + 1) & (view->map_size - 1);
    }
    return at;
}

bool view_put(struct view *view, const void *key, uint32_t value, const void *owner)
{
    uint32_t at = place_of(view, key);

    if (view->map[at].stamp == view->stamp || view->marks > view->map_size / 4 * 3) {
        return false;
    }
    view->map[at] = (struct view_entry){ key, view->stamp, value, owner };
    view->marks++;
    return true;
}

const struct view_entry *view_get(const struct view *view, const void *key)
{
    uint32_t at = place_of(view, key);

    return view->map[at].stamp == view->stamp ? &view->map[at] : NULL;
}

bool view_has(const struct view *view, const void *object, enum object_type type)
{
    const struct view_entry *entry = view_get(view, (const uint8_t *)object + 1);

    return entry != NULL && entry->value == (uint32_t)type;
}
