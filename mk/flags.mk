# SPDX-License-Identifier: MIT
# Compilers and flags. There are five ways to compile: kernel (for one core), many (the kernel for several) and user for the target; host (with
# sanitizers) and cov (with coverage) for the build machine. A change here rebuilds what it touches.

CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
AR := $(if $(filter default,$(origin AR)),ar,$(AR))
STRIP := strip
PYTHON := /usr/bin/python3
is_clang := $(findstring clang,$(CC))

warnings := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Werror
# The same bytes from every folder: no path, no date, no command line in what we make.
same_bytes := -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(BUILD)/=build/ \
              -ffile-prefix-map=$(SOURCES)/=sources/ -gno-record-gcc-switches
flags.all := -std=c17 -g $(warnings) $(same_bytes) $(if $(is_clang),-Qunused-arguments)

flags.target := $(flags.all) -O2 -ffreestanding -fno-pic -fno-stack-protector -fcf-protection=none \
                -fno-asynchronous-unwind-tables
# No jump tables: then the kernel has no indirect branch that a program could train (tools/branches.py).
flags.kernel := $(flags.target) -mno-red-zone -mgeneral-regs-only -mcmodel=kernel -fno-jump-tables $(if $(is_clang),,-flto -flto-partition=one -fno-fat-lto-objects)
flags.many := $(flags.kernel)
flags.user := $(flags.target)
flags.user_no_fpu := -mgeneral-regs-only
flags.host := $(flags.all) -D_GNU_SOURCE -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
              -fno-sanitize-recover=all
flags.cov := $(flags.all) -D_GNU_SOURCE -O0 --coverage -fprofile-update=atomic
# Kernel and library code is written against no C library, wherever it runs.
flags.hosted_core := -ffreestanding -fno-builtin

link.target := -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
               -Wl,-z,noexecstack
link.kernel := $(flags.kernel) $(link.target)
link.many := $(link.kernel)
link.user := $(link.target)
link.host := -fsanitize=address,undefined
link.cov := --coverage

# Folders whose headers belong to one implementation of arch.
arch_include.kernel := $(wildcard kernel/arch/$(ARCH)/include kernel/arch/$(ARCH)/one/include)
arch_include.many := $(wildcard kernel/arch/$(ARCH)/include kernel/arch/$(ARCH)/many/include)
arch_include.host := $(wildcard kernel/arch/host/include)
arch_include.cov := $(arch_include.host)
arch_include.user :=

# One file per way holds its compiler and flags; it changes only when they do.
cc_version := $(shell $(CC) --version 2>/dev/null | head -n 1)
define rule_flags
flag_text.$(1) := $(CC) $(cc_version) $(flags.$(1)) $(flags.user_no_fpu) $(flags.hosted_core) $(link.$(1))
$(BUILD)/$(1)/flags: FORCE
	@mkdir -p $$(@D)
	@echo '$$(flag_text.$(1))' | cmp -s - $$@ || echo '$$(flag_text.$(1))' > $$@
endef
$(foreach v,kernel many user host cov,$(eval $(call rule_flags,$(v))))

# A program with a C library is compiled against it and nothing else.
compiler_headers := $(if $(is_clang),$(shell $(CC) -print-resource-dir)/include,$(shell $(CC) -print-file-name=include))
libc_flags = -fhosted -nostdinc -isystem $(BUILD)/user/lib/musl/package/include \
    $(patsubst %,-isystem %,$(lib/musl.package_dirs)) -isystem $(compiler_headers) -D_XOPEN_SOURCE=700
