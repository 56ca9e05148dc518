/* SPDX-License-Identifier: MIT */
/* `caps PROGRAM`: what is in its table, as the warden says. */
#include "console.h"

#include "io.h"
#include "pith/clock.h"
#include "pith/format.h"
#include "pith/string.h"
#include "system/ask.h"

#include "abi/kernel_calls.h"
#include "abi/names.h"

enum { TEXT_BYTES = 64, RIGHTS_ALL = 0x3ff };

#define PATIENCE_NS (2 * NS_PER_S)

/* As SYSTEM_CAPS says it. */
struct entry {
    uint32_t slot, type, kind, owner, rights, restarts;
    uint64_t badge, size;
    system_name_t name;
};

static err_t entry_ask(uint64_t program, uint64_t slot, struct entry *entry)
{
    uint64_t words[8] = { program, slot };
    err_t err = system_ask(SYSTEM_CAPS, words, clock_now() + PATIENCE_NS);

    *entry = (struct entry){
        .slot = words[SYSTEM_CAPS_SLOT] & UINT16_MAX,
        .type = words[SYSTEM_CAPS_SLOT] >> 16 & UINT16_MAX,
        .kind = words[SYSTEM_CAPS_SLOT] >> 32 & UINT16_MAX,
        .owner = (uint32_t)(words[SYSTEM_CAPS_SLOT] >> 48),
        .rights = (uint32_t)words[SYSTEM_CAPS_RIGHTS],
        .restarts = (uint32_t)(words[SYSTEM_CAPS_DETAIL] >> 32),
        .badge = words[SYSTEM_CAPS_BADGE],
        .size = words[SYSTEM_CAPS_SIZE],
    };
    system_name(words, entry->name);
    return err;
}

static void rights_text(uint32_t rights, char text[TEXT_BYTES])
{
    static const char *const names[] = { "read",   "write", "exec",  "call",   "receive",
                                         "signal", "wait",  "grant", "manage", "lend" };
    size_t length = 0;

    text[0] = 0;
    if (rights == RIGHTS_ALL) {
        (void)format(text, TEXT_BYTES, "all");
        return;
    }
    for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((rights >> i & 1) != 0 && length < TEXT_BYTES) {
            length += format(text + length, TEXT_BYTES - length, "%s%s", length != 0 ? " " : "",
                             names[i]);
        }
    }
}

static void size_text(const struct entry *entry, char text[TEXT_BYTES])
{
    text[0] = 0;
    if (entry->type == OBJECT_CAP_TABLE) {
        (void)format(text, TEXT_BYTES, "%lu slots", entry->size);
    } else if (entry->size != 0 && entry->size % (1024 * 1024) == 0) {
        (void)format(text, TEXT_BYTES, "%lu MiB", entry->size / (1024 * 1024));
    } else if (entry->size != 0) {
        (void)format(text, TEXT_BYTES, "%lu KiB", entry->size / 1024);
    }
}

static void owner_text(uint32_t owner, system_name_t name)
{
    uint64_t words[8] = { owner - 1ul };

    (void)format(name, sizeof(system_name_t), "%s",
                 owner == SYSTEM_CAP_WARDEN ? "warden" : "a child");
    if (owner != SYSTEM_CAP_WARDEN &&
        system_ask(SYSTEM_PROGRAM, words, clock_now() + PATIENCE_NS) == ERR_OK) {
        system_name(words, name);
    }
}

/* "file, of files"; "session file, with files"; what is the program's own needs no owner. */
static void what_text(uint64_t program, const struct entry *entry, char text[TEXT_BYTES])
{
    static const char *const before[] = { "", "", "session ", "bell of session " };
    bool is_shared = entry->kind >= SYSTEM_CAP_SESSION && entry->kind <= SYSTEM_CAP_BELL;
    system_name_t owner;
    size_t length = format(text, TEXT_BYTES, "%s%s", is_shared ? before[entry->kind] : "",
                           entry->kind == SYSTEM_CAP_OWN ? "its own" : entry->name);

    if (entry->owner != 0 && entry->owner != program + 1 && length < TEXT_BYTES) {
        owner_text(entry->owner, owner);
        (void)format(text + length, TEXT_BYTES - length, ", %s %s", is_shared ? "with" : "of",
                     owner);
    }
}

static void entry_show(uint64_t program, const struct entry *entry)
{
    char rights[TEXT_BYTES], size[TEXT_BYTES], what[TEXT_BYTES], badge[TEXT_BYTES] = "";

    rights_text(entry->rights, rights);
    size_text(entry, size);
    what_text(program, entry, what);
    if (entry->badge != 0) {
        (void)format(badge, sizeof(badge), "0x%lx", entry->badge);
    }
    console_printf("%5u  %-13s %-22s %-12s %9s  %s\n", entry->slot, object_type_name(entry->type),
                   rights, badge, size, what);
}

static void entries_show(const char *name, uint64_t program)
{
    struct entry entry = { 0 };
    uint64_t slot = 0, shown = 0;
    uint32_t restarts = 0;
    err_t err;

    while ((err = entry_ask(program, slot, &entry)) == ERR_OK) {
        if (slot != 0 && entry.restarts != restarts) {
            console_printf("%s was started anew meanwhile: ask again\n", name);
            return;
        }
        if (slot == 0) {
            console_printf("%5s  %-13s %-22s %-12s %9s  %s\n", "slot", "type", "rights", "badge",
                           "size", "what");
        }
        restarts = entry.restarts;
        slot = entry.slot + (entry.type != OBJECT_NONE ? 1 : 0);
        if (entry.type != OBJECT_NONE) {
            entry_show(program, &entry);
            shown++;
        }
    }
    if (err == ERR_RANGE) {
        console_printf("%lu capabilities\n", shown);
    } else if (err == ERR_GONE) {
        console_printf("%s %s\n", name, slot == 0 ? "does not run" : "ended meanwhile");
    } else if (err == ERR_NO_RIGHT) {
        console_printf("%s is a program of init: the warden does not see its table\n", name);
    } else {
        console_printf("the warden does not answer: %s\n", error_text(err));
    }
}

void command_caps(const char *argument)
{
    uint64_t program;
    err_t err;

    if (argument[0] == 0 || strcmp(argument, "warden") == 0) {
        console_printf(argument[0] == 0 ? "of which program? programs lists them\n"
                                        : "the warden's table is init's, who shows it to nobody\n");
        return;
    }
    err = system_find(argument, clock_now() + PATIENCE_NS, &program);
    if (err == ERR_OK) {
        entries_show(argument, program);
    } else if (err == ERR_NO_ENTRY) {
        console_printf("there is no program `%s`; programs lists them\n", argument);
    } else {
        console_printf("the warden does not answer: %s\n", error_text(err));
    }
}
