/* SPDX-License-Identifier: MIT */
/* In a file of its own: <sys/mman.h> and the kernel's ABI both have names for page protection. */
#include "shared_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

void *shared_memory_make(size_t size_bytes)
{
    void *memory =
        mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("shared_memory_make");
        exit(2);
    }
    return memory;
}
