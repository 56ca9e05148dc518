/* SPDX-License-Identifier: MIT */
/* The folder of a run, removed at its end. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ext4_test/tree.h"

enum { PATH_BYTES = 512, COMMAND_BYTES = 4096 };

static char folder[PATH_BYTES];

static void folder_remove(void)
{
    char command[PATH_BYTES + 16];

    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    if (system(command) != 0) { /* NOLINT(cert-env33-c) */
        fprintf(stderr, "could not remove %s\n", folder);
    }
}

static void folder_make(void)
{
    const char *where = getenv("TMPDIR");

    if (folder[0] != 0) {
        return;
    }
    if (where == NULL) {
        where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* much is written */
    }
    snprintf(folder, sizeof(folder), "%s/ext4-test-XXXXXX", where);
    if (mkdtemp(folder) == NULL || atexit(folder_remove) != 0) {
        perror(folder);
        exit(2);
    }
}

const char *folder_path(const char *name)
{
    static char path[2 * PATH_BYTES];

    folder_make();
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

bool folder_run(const char *format, ...)
{
    char command[COMMAND_BYTES];
    char whole[COMMAND_BYTES + 2 * PATH_BYTES];
    va_list list;

    folder_make();
    va_start(list, format);
    vsnprintf(command, sizeof(command), format, list);
    va_end(list);
    snprintf(whole, sizeof(whole),
             "cd '%s' && export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C && { %s; } >said 2>&1 || "
             "{ cat said; false; }",
             folder, command);
    if (system(whole) != 0) {
        printf("failed: %s\n", command);
        return false;
    }
    return true;
}
