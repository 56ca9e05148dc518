/* SPDX-License-Identifier: MIT */
/* What tools/system.py makes of systems/NAME.toml, as the root program reads it. */
#pragma once

#include <stdint.h>

#define DESCRIPTION_MAGIC 0x5359534854495000ull /* "\0PITHSYS" */
#define DESCRIPTION_VERSION 1u
#define DESCRIPTION_ROOT 0xffffffffu
#define DESCRIPTION_PROGRAMS 48u
#define DESCRIPTION_INTERFACES 64u

enum description_flag {
    DESCRIPTION_START = 1, /* at boot; else when somebody asks */
    DESCRIPTION_FPU = 2,
    DESCRIPTION_DEBUG_WRITE = 4,
    DESCRIPTION_DEBUG_READ = 8,
};

#define HEADER(type, name) type name;
#define PROGRAM(type, name)
#define PROGRAM_TEXT(name, bytes)
#define INTERFACE(type, name)
#define INTERFACE_TEXT(name, bytes)
struct description_header {
#include "root/description.def"
};
#undef HEADER
#undef PROGRAM
#undef PROGRAM_TEXT
#define HEADER(type, name)
#define PROGRAM(type, name) type name;
#define PROGRAM_TEXT(name, bytes) char name[bytes];
struct description_program {
#include "root/description.def"
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
#include "root/description.def"
};
#undef HEADER
#undef PROGRAM
#undef PROGRAM_TEXT
#undef INTERFACE
#undef INTERFACE_TEXT

_Static_assert(sizeof(struct description_header) % 8 == 0, "without gaps");
_Static_assert(sizeof(struct description_program) % 8 == 0, "without gaps");
_Static_assert(sizeof(struct description_interface) % 8 == 0, "without gaps");
