/* SPDX-License-Identifier: MIT */
/* What is known of processes. Their numbers go on where an earlier life of the manager left off. */
#include "process.h"

#include "pith/debug.h"
#include "pith/self.h"
#include "pith/space.h"

static struct record records[RECORDS_MAX];
static uint64_t forgotten_pid; /* where numbers come from if nothing is kept */
static uint64_t *last_pid = &forgotten_pid;

void records_init(void)
{
    user_addr_t at;

    if (self_cap("kept") == 0 || region_reserve(PAGE_BYTES, &at) ||
        region_map(at, self_cap("kept"), 0, 1, PROT_READ | PROT_WRITE)) {
        debug_printf("process: nothing is kept for it: numbers begin at 1 again\n");
        return;
    }
    last_pid = (uint64_t *)at;
}

/* The one that ended first gives way. */
struct record *record_new(void)
{
    struct record *found = NULL;

    for (uint32_t i = 0; i < RECORDS_MAX; i++) {
        struct record *record = &records[i];

        if (record->pid == 0) {
            found = record;
            break;
        }
        if (record->state > PROCESS_STATE_RUNNING && (found == NULL || record->pid < found->pid)) {
            found = record;
        }
    }
    if (found != NULL) {
        *found = (struct record){ .pid = ++*last_pid, .state = PROCESS_STATE_STARTING };
    }
    return found;
}

struct record *record_find(uint64_t pid)
{
    for (uint32_t i = 0; i < RECORDS_MAX; i++) {
        if (records[i].pid == pid && pid != 0) {
            return &records[i];
        }
    }
    return NULL;
}

struct record *record_next(uint64_t after)
{
    struct record *found = NULL;

    for (uint32_t i = 0; i < RECORDS_MAX; i++) {
        if (records[i].pid > after && (found == NULL || records[i].pid < found->pid)) {
            found = &records[i];
        }
    }
    return found;
}
