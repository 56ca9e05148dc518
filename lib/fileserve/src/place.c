/* SPDX-License-Identifier: MIT */
#include "fileserve/place.h"

#include "pith/string.h"

/* Takes a name off a text; false: there is none left. */
static bool name_take(const char *text, uint32_t length, uint32_t *at, struct place_name *name)
{
    for (;;) {
        while (*at < length && text[*at] == '/') {
            ++*at;
        }
        name->start = text + *at;
        while (*at < length && text[*at] != '/') {
            ++*at;
        }
        name->length = (uint32_t)(text + *at - name->start);
        if (name->length != 1 || name->start[0] != '.') {
            return name->length != 0;
        }
    }
}

static bool name_is_possible(const struct place_name *name)
{
    if (name->length > PLACE_NAME_MAX ||
        (name->length == 2 && name->start[0] == '.' && name->start[1] == '.')) {
        return false;
    }
    for (uint32_t i = 0; i < name->length; i++) {
        if (name->start[i] == 0) {
            return false;
        }
    }
    return true;
}

static bool text_is_possible(const char *text, uint32_t length)
{
    struct place_name name;
    uint32_t at = 0;

    while (name_take(text, length, &at, &name)) {
        if (!name_is_possible(&name)) {
            return false;
        }
    }
    return true;
}

err_t root_set(struct root *root, const char text[PLACE_BASE_MAX + 1], bool is_read_only)
{
    struct root made = { .is_given = true, .is_read_only = is_read_only };

    while (made.length <= PLACE_BASE_MAX && text[made.length] != 0) {
        made.base[made.length] = text[made.length];
        made.length++;
    }
    if (made.length > PLACE_BASE_MAX || !text_is_possible(made.base, made.length)) {
        return ERR_RANGE;
    }
    *root = made;
    return ERR_OK;
}

err_t place_set(struct place *place, const struct root *root, const char *path, uint32_t length)
{
    if (!root->is_given) {
        return ERR_NO_RIGHT;
    }
    place->base_length = root->length + 1u;
    place->length = place->base_length + length;
    place->at = 0;
    place->is_read_only = root->is_read_only;
    memcpy(place->text, root->base, root->length);
    place->text[root->length] = '/';
    memcpy(place->text + place->base_length, path, length);
    return text_is_possible(place->text + place->base_length, length) ? ERR_OK : ERR_RANGE;
}

bool place_next(struct place *place, struct place_name *name)
{
    return name_take(place->text, place->length, &place->at, name);
}

bool place_is_last(const struct place *place)
{
    struct place_name name;
    uint32_t at = place->at;

    return !name_take(place->text, place->length, &at, &name);
}

err_t place_walked(const struct place *place, uint32_t *walked)
{
    if (place->at < place->base_length) {
        return ERR_NO_ENTRY;
    }
    *walked =
        place_is_last(place) ? place->length - place->base_length : place->at - place->base_length;
    return ERR_OK;
}
