/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: at any moment the record or its copy is whole. A record is changed in place, then sealed; the copy is
 * written after that, so it is what the record was before.
 */
#include "warden.h"

#include "pith/start.h"
#include "pith/string.h"

struct record *record_of(uint32_t program)
{
    return &warden()->records[program];
}

/* FNV-1a over the words: it is to find what was half written, not what was made up. */
static uint32_t sum_of(const struct record *record)
{
    const uint32_t *words = (const uint32_t *)(const void *)record;
    uint32_t sum = 0x811c9dc5u;

    for (uint32_t i = 1; i < sizeof(*record) / sizeof(*words); i++) {
        sum = (sum ^ words[i]) * 0x01000193u;
    }
    return sum;
}

/* Whoever reads it next does so in another life: the order is the program's own. */
static void write_before(void)
{
    atomic_signal_fence(memory_order_seq_cst);
    step();
    atomic_signal_fence(memory_order_seq_cst);
}

void record_seal(struct record *record)
{
    write_before();
    record->sum = sum_of(record);
    write_before();
    warden()->copies[record - warden()->records] = *record;
    atomic_signal_fence(memory_order_seq_cst);
}

bool record_recover(struct record *record)
{
    struct record *copy = &warden()->copies[record - warden()->records];

    if (record->sum == sum_of(record)) {
        *copy = *record; /* a warden that died between the two left an older one */
        return true;
    }
    if (copy->sum != sum_of(copy)) {
        return false;
    }
    *record = *copy;
    return true;
}

bool record_has_ended(const struct record *record)
{
    return record->fault == FAULT_NOT_PRESENT &&
           record->fault_address - PROGRAM_EXIT_ADDR < PROGRAM_EXIT_STATUSES;
}

void record_intend(struct record *record, enum intent intent)
{
    record->intent = intent;
    record_seal(record);
}
