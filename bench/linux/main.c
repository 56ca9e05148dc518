/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "marks/marks.h"

enum { EXIT_PORT = 0xf4, STATUS_SUCCESS = 0x10 };

/* isa-debug-exit: tools/qemu.py. */
static _Noreturn void machine_end(int status)
{
    ioperm(EXIT_PORT, 1, 1);
    outb((unsigned char)status, EXIT_PORT);
    for (;;) {
        pause();
    }
}

void must(int is_true, const char *what)
{
    if (!is_true) {
        printf("FAIL %s: %s\n", what, strerror(errno));
        machine_end(1);
    }
}

int child(void (*run)(void *), void *argument)
{
    int pid = fork();

    must(pid >= 0, "fork");
    if (pid == 0) {
        run(argument);
        _exit(0);
    }
    return pid;
}

/* The initial file system has them in the order in which they need each other. */
static void modules_load(void)
{
    char path[64];

    for (int i = 0;; i++) {
        int file;

        snprintf(path, sizeof(path), "/modules/%d.ko", i);
        file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) {
            return;
        }
        must(syscall(SYS_finit_module, file, "", 0) == 0 || errno == EEXIST, path);
        close(file);
    }
}

/* The lowest priority that Linux has; it burns the waits for devices. */
static void spin(void *unused)
{
    struct sched_param param = { 0 };

    (void)unused;
    must(syscall(SYS_sched_setscheduler, 0, SCHED_IDLE, &param) == 0, "SCHED_IDLE");
    for (;;) {
        MARK_SPIN();
    }
}

static long meminfo(const char *text, const char *key)
{
    const char *at = strstr(text, key);

    return at != NULL ? strtol(at + strlen(key), NULL, 10) : 0;
}

/* MemTotal less MemAvailable; what the kernel kept for itself at boot is RAM that MemTotal does not have. */
static void memory_tell(void)
{
    static char text[4096];
    int file = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);

    must(file >= 0 && read(file, text, sizeof(text) - 1) > 0, "meminfo");
    close(file);
    printf("value memory_total_kib %ld\n", meminfo(text, "MemTotal:"));
    printf("value memory_available_kib %ld\n", meminfo(text, "MemAvailable:"));
}

static int has_word(const char *word)
{
    static char text[4096];
    int file = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);

    must(file >= 0 && read(file, text, sizeof(text) - 1) > 0, "cmdline");
    close(file);
    return strstr(text, word) != NULL;
}

int main(void)
{
    int spinner;

    setvbuf(stdout, NULL, _IONBF, 0);
    must(mount("none", "/proc", "proc", 0, NULL) == 0, "proc");
    must(mount("none", "/dev", "devtmpfs", 0, NULL) == 0 || errno == EBUSY, "dev");
    printf("init runs\n");
    memory_tell();
    if (has_word("bench=boot")) {
        machine_end(STATUS_SUCCESS);
    }
    modules_load();
    must(mount("/dev/vda", "/disk", "ext4", MS_RDONLY, NULL) == 0, "disk");
    if (has_word("bench=serve")) {
        serve();
    }
    spinner = child(spin, NULL);
    bench_files();
    bench_net();
    kill(spinner, SIGKILL);
    waitpid(spinner, NULL, 0);
    bench_program();
    printf("the benchmarks are done\n");
    machine_end(STATUS_SUCCESS);
}
