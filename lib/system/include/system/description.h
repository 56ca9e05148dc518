/* SPDX-License-Identifier: MIT */
/* What tools/system.py makes of systems/NAME.toml, as init and the warden read it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"

#define DESCRIPTION_MAGIC 0x5359534854495000ull /* "\0PITHSYS" */
#define DESCRIPTION_VERSION 12u
#define DESCRIPTION_WARDEN 0xffffffffu
#define DESCRIPTION_PROGRAMS 48u
#define DESCRIPTION_INTERFACES 64u
#define DESCRIPTION_VIEWS 96u

enum description_header_flag {
    DESCRIPTION_DMA_TRUSTED = 1, /* devices may be used without DMA remapping */
};

enum description_flag {
    DESCRIPTION_START = 1, /* at boot; else when somebody asks */
    DESCRIPTION_FPU = 2,
    DESCRIPTION_DEBUG_WRITE = 4,
    DESCRIPTION_DEBUG_READ = 8,
    DESCRIPTION_OF_INIT = 16, /* a child of init, which the warden has no part in */
    DESCRIPTION_PROBE = 32,
    DESCRIPTION_ECAM = 64,       /* gets PCI configuration space */
    DESCRIPTION_ARCHIVE = 128,   /* gets the boot archive, to read */
    DESCRIPTION_VIEWED = 256,    /* names files only by roots that the name space gave it */
    DESCRIPTION_NAMES = 512,     /* is the name space */
    DESCRIPTION_MAY_WAIT = 1024, /* for the answer to a call of its own as long as it likes */
    DESCRIPTION_TRACE = 2048, /* gets the ring of the kernel's trace, and may start and stop it */
};

enum description_view_flag {
    DESCRIPTION_VIEW_READ_ONLY = 1,
};

#define HEADER(type, name) type name;
#define PROGRAM(type, name)
#define PROGRAM_TEXT(name, bytes)
#define INTERFACE(type, name)
#define INTERFACE_TEXT(name, bytes)
#define VIEW(type, name)
#define VIEW_TEXT(name, bytes)
struct description_header {
#include "system/description.def"
};
#undef HEADER
#undef PROGRAM
#undef PROGRAM_TEXT
#define HEADER(type, name)
#define PROGRAM(type, name) type name;
#define PROGRAM_TEXT(name, bytes) char name[bytes];
struct description_program {
#include "system/description.def"
};
#undef PROGRAM
#undef PROGRAM_TEXT
#undef INTERFACE
#undef INTERFACE_TEXT
#define PROGRAM(type, name)
#define PROGRAM_TEXT(name, bytes)
#define INTERFACE(type, name) type name;
#define INTERFACE_TEXT(name, bytes) char name[bytes];
struct description_interface {
#include "system/description.def"
};
#undef INTERFACE
#undef INTERFACE_TEXT
#undef VIEW
#undef VIEW_TEXT
#define INTERFACE(type, name)
#define INTERFACE_TEXT(name, bytes)
#define VIEW(type, name) type name;
#define VIEW_TEXT(name, bytes) char name[bytes];
struct description_view {
#include "system/description.def"
};
#undef HEADER
#undef PROGRAM
#undef PROGRAM_TEXT
#undef INTERFACE
#undef INTERFACE_TEXT
#undef VIEW
#undef VIEW_TEXT

_Static_assert(sizeof(struct description_header) % 8 == 0, "without gaps");
_Static_assert(sizeof(struct description_program) % 8 == 0, "without gaps");
_Static_assert(sizeof(struct description_interface) % 8 == 0, "without gaps");
_Static_assert(sizeof(struct description_view) % 8 == 0, "without gaps");

/* A copy of the boot archive's, whose bytes lie at no alignment. */
struct description {
    struct description_header header;
    struct description_program programs[DESCRIPTION_PROGRAMS];
    struct description_interface interfaces[DESCRIPTION_INTERFACES];
};

/**
 * description_read() - the file "system" of a boot archive, checked and copied. Borrows the archive.
 * @why: on an error, what is wrong, for people.
 * Errors: ERR_GONE   there is no such file. ERR_RANGE  it is damaged, or of another version.
 */
MUST_CHECK err_t description_read(const void *archive, size_t archive_bytes,
                                  struct description *description, const char **why);

/**
 * description_views() - the views of all programs, in the order of the system file, checked and copied.
 * @views: room for DESCRIPTION_VIEWS. Errors: as description_read().
 */
MUST_CHECK err_t description_views(const void *archive, size_t archive_bytes,
                                   struct description_view *views, uint32_t *count);
