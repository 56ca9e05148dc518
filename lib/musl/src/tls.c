/* SPDX-License-Identifier: MIT */
/*
 * The first thread's thread-local storage. musl's own function would put it anywhere and then set the
 * thread pointer; here the thread pointer is where the linker script said (lib/posix/program.ld), since
 * who started the program set it, so the storage goes around it.
 */
#include <stdint.h>

#include "atomic.h"
#include "layout.h"
#include "libc.h"
#include "pthread_impl.h"

const char musl_tls_is_linked = 1;

static struct tls_module module;

_Static_assert(sizeof(struct pthread) <= 512, "the linker script leaves room for it");

void __init_tls(size_t *aux)
{
    size_t align = (uintptr_t)tls_align;

    (void)aux;
    module.image = tls_image_start;
    module.len = (size_t)(tls_image_end - tls_image_start);
    module.size = (size_t)(tls_end - tls_image_start);
    module.size += -(module.size + (uintptr_t)module.image) & (align - 1);
    module.offset = module.size;
    /* Up to here as the linker counted, now as musl needs it. */
    align = align < _Alignof(struct pthread) ? _Alignof(struct pthread) : align;
    module.align = align;
    if (module.size != 0) {
        libc.tls_head = &module;
        libc.tls_cnt = 1;
    }
    libc.tls_align = align;
    libc.tls_size =
        (2 * sizeof(void *) + module.size + sizeof(struct pthread) + 2 * align + 15) & ~(size_t)15;

    /* __copy_tls() puts the thread's structure at the end of what it gets, aligned downwards. */
    char *memory = thread_pointer + sizeof(struct pthread) - libc.tls_size;

    if (memory < tls_space || __init_tp(__copy_tls((unsigned char *)memory)) < 0) {
        a_crash();
    }
}
