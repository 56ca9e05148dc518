/* SPDX-License-Identifier: MIT */
/* A process is made, runs a tiny program, ends, and is waited for. */
#define _GNU_SOURCE
#include "bench.h"

#include <sys/wait.h>
#include <unistd.h>

#include "marks/marks.h"

enum { TURNS = 500 };

void bench_program(void)
{
    for (int i = 0; i < TURNS; i++) {
        int status = -1;
        int pid;

        MARK_BEGIN(ROW_PROGRAM);
        pid = fork();
        if (pid == 0) {
            execl("/tiny", "/tiny", (char *)0);
            _exit(1);
        }
        waitpid(pid, &status, 0);
        MARK_END(ROW_PROGRAM);
        must(pid > 0 && status == 0, "a program");
    }
}
