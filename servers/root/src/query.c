/* SPDX-License-Identifier: MIT */
/* The interface "system": root/protocol.h. What a caller sends is bounded before it is used. */
#include "root.h"

#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/start.h"
#include "pith/string.h"

/* Owners that are no program come first. */
enum { OWNERS_FIXED = 4 };

static void name_put(uint64_t words[8], const char *name)
{
    char text[SYSTEM_NAME_BYTES] = { 0 };

    for (uint32_t i = 0; i + 1 < sizeof(text) && name[i] != 0; i++) {
        text[i] = name[i];
    }
    memcpy(words, text, sizeof(text));
}

static err_t program_find(uint64_t number, struct root_program **program)
{
    if (number >= root()->program_count) {
        return ERR_RANGE;
    }
    *program = &root()->programs[number];
    return ERR_OK;
}

static err_t query_program(uint64_t words[8])
{
    struct root_program *program;
    ns_t used_ns;
    uint64_t switches;
    err_t err = program_find(words[0], &program);

    if (err) {
        return err;
    }
    root_program_counts(program, &used_ns, &switches);
    name_put(words, program->description->name);
    words[SYSTEM_PROGRAM_STATE] = (uint64_t)program->state | (uint64_t)program->restarts << 32;
    words[SYSTEM_PROGRAM_MEMORY] = program->program.memory_bytes;
    words[SYSTEM_PROGRAM_USED] = used_ns;
    words[SYSTEM_PROGRAM_SWITCHES] = switches;
    words[SYSTEM_PROGRAM_FAULT] = program->fault | (uint64_t)program->status << 32;
    words[SYSTEM_PROGRAM_ADDRESS] = program->fault_address;
    return ERR_OK;
}

/* All owners together have all RAM. */
static err_t query_owner(uint64_t words[8])
{
    static const char *const names[OWNERS_FIXED] = { "free", "kernel", "root and boot",
                                                     "root's objects" };
    const struct boot_info *boot = self()->boot;
    const struct memory *memory = &self()->memory;
    uint64_t number = words[0];
    uint64_t bytes[OWNERS_FIXED] = {
        memory->free_bytes,
        boot->kernel_bytes,
        boot->ram_bytes - boot->kernel_bytes - memory->total_bytes,
        memory_of_owner(memory, OWNER_ROOT),
    };

    if (number < OWNERS_FIXED) {
        name_put(words, names[number]);
        words[SYSTEM_OWNER_BYTES] = bytes[number];
        return ERR_OK;
    }
    number -= OWNERS_FIXED;
    if (number >= root()->program_count) {
        return ERR_RANGE;
    }
    name_put(words, root()->programs[number].description->name);
    words[SYSTEM_OWNER_BYTES] = memory_of_owner(memory, OWNER_PROGRAM + (uint32_t)number);
    return ERR_OK;
}

static err_t query_start(const uint64_t words[8])
{
    struct root_program *program;
    err_t err = program_find(words[0], &program);

    if (err) {
        return err;
    }
    if (program->state == SYSTEM_STATE_RUNNING) {
        return ERR_BUSY;
    }
    memcpy(program->args, &words[1], SYSTEM_ARGS_WORDS * 8);
    program->args[SYSTEM_ARGS_WORDS * 8] = 0;
    return root_program_start(program);
}

static err_t query_kill(const uint64_t words[8])
{
    struct root_program *program;
    err_t err = program_find(words[0], &program);

    if (err) {
        return err;
    }
    if (program->state != SYSTEM_STATE_RUNNING) {
        return ERR_GONE;
    }
    root_program_stop(program, SYSTEM_STATE_STOPPED);
    return ERR_OK;
}

static err_t query(uint32_t op, uint64_t words[8])
{
    switch (op) {
    case SYSTEM_PROGRAM:
        return query_program(words);
    case SYSTEM_OWNER:
        return query_owner(words);
    case SYSTEM_START:
        return query_start(words);
    case SYSTEM_KILL:
        return query_kill(words);
    case SYSTEM_POWER_OFF:
        program_exit((int)(words[0] & 0xff));
    default:
        return ERR_BAD_CALL;
    }
}

void root_query(uint64_t badge, uint32_t *label, uint64_t words[8])
{
    (void)badge; /* every program that holds the interface may use all of it */
    *label = (uint32_t)query(*label, words);
}
