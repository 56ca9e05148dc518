/* SPDX-License-Identifier: MIT */
/*
 * The memory that a place shares with servers. It outlives who stood there, so it is cleared for who comes next: nobody
 * finds what a process before him was told or told others.
 */
#include "sessions.h"

#include "abi/kernel_calls.h"
#include "pith/program_info.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/string.h"
#include "service/session.h"

/* By number of the manager's session; 0: it is no place's. */
static user_addr_t bases[PROGRAM_SESSIONS_MAX];

err_t sessions_init(void)
{
    const struct program_info *program = self()->program;
    err_t err = ERR_OK;

    for (uint32_t i = 0; err == ERR_OK && i < program->session_count; i++) {
        const struct program_session *session = &program->sessions[i];

        if (session->role < PROGRAM_SESSION_CHILD || session->bytes <= SESSION_DATA) {
            continue;
        }
        err = region_reserve(session->bytes, &bases[i]);
        if (err == ERR_OK) {
            err = region_map(bases[i], session->frame, 0, (uint32_t)(session->bytes / PAGE_BYTES),
                             PROT_READ | PROT_WRITE);
        }
    }
    return err;
}

/* Rings are begun anew by both sides. What a process said in the log is the server's to collect, and readable for all. */
void session_clear(uint32_t number)
{
    const struct program_session *session = &self()->program->sessions[number];

    if (bases[number] != 0 && strncmp(session->name, "log", sizeof("log")) != 0) {
        memset((void *)(bases[number] + SESSION_DATA), 0, session->bytes - SESSION_DATA);
    }
}
