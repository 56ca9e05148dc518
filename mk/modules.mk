# SPDX-License-Identifier: MIT
# Find every module.mk and turn it into variables: $(M.kind), $(M.sources), ... with M the folder.
# What a module.mk may set is listed in docs/building.md.

module_places := $(wildcard kernel lib drivers servers apps tests bench)
module_files := $(if $(module_places),$(shell find $(module_places) -name module.mk | LC_ALL=C sort))

module_settings := kind name sources target_sources one_sources many_sources offsets uses tests test_uses test_sources includes fpu script \
                   cflags test_args package package_sources package_omit package_includes \
                   package_headers package_cflags package_ways package_prepare \
                   package_renames package_inner package_extra package_arch libc

define module_save
modules += $(1)
$(foreach s,$(module_settings),$(eval $(1).$(s) := $(strip $($(s)))))
$(if $(filter $(1),$(module)),,$(error $(1)/module.mk says module := $(module)))
$(if $(filter $(kinds),$(kind)),,$(error $(1)/module.mk: kind is "$(kind)", not one of $(kinds)))
endef

kinds := kernel lib program host_test_lib host_program

define module_load
$(foreach s,$(module_settings),$(eval $(s) :=))
$(eval includes := include)
$(eval module := $(patsubst %/module.mk,%,$(1)))
$(eval include $(1))
$(eval $(call module_save,$(patsubst %/module.mk,%,$(1))))
endef

modules :=
$(foreach f,$(module_files),$(eval $(call module_load,$(f))))

# libc = musl: the program has a C library. Headers of it are on the path in another way (mk/rules.mk).
with_libc := $(foreach m,$(modules),$(if $($(m).libc),$(m)))
$(foreach m,$(with_libc),$(if $(filter musl,$($(m).libc)),,$(error $(m)/module.mk: libc is "$($(m).libc)"; there is musl))\
    $(eval $(m).fpu := yes))

# What has headers but no module.mk of its own.
abi.dirs := abi/include $(GEN)/include
ifeq ($(filter kernel/arch,$(modules)),)
kernel/arch.dirs := kernel/arch/include
endif
tests/host.dirs := tests/host/include
$(foreach m,$(modules),$(eval $(m).dirs := $(wildcard $(addprefix $(m)/,$($(m).includes)))))

# Where tools/sources.py unpacks source packages; kept by `make clean`.
SOURCES ?= build/sources
$(foreach m,$(modules),$(eval $(m).package_dirs := $(addprefix $(SOURCES)/$($(m).package)/,$($(m).package_includes))))

# $(call closure,modules): these and all they use, directly or not.
closure = $(call closure_step,$(1),$(sort $(1) $(foreach m,$(1),$($(m).uses))))
closure_step = $(if $(filter-out $(1),$(2)),$(call closure,$(2)),$(2))

# $(call include_flags,modules): the -I flags for code that includes the headers of these.
# Those of source packages come after ours, as the system's: their warnings are not for us to mend.
include_flags = $(patsubst %,-I%,$(foreach m,$(call closure,$(1)),$($(m).dirs))) \
                $(patsubst %,-isystem %,$(foreach m,$(call closure,$(1)),$($(m).package_dirs)))

# $(call stamps_of,module): what says that the source packages behind its headers are there.
stamps_of = $(patsubst %,$(SOURCES)/%.stamp,$(sort $(foreach m,$(call closure,$(1) $($(1).test_uses)),$($(m).package))))

# $(call of_kind,kind): the modules of that kind.
of_kind = $(foreach m,$(modules),$(if $(filter $(1),$($(m).kind)),$(m)))

# $(call name_of,module): the name of the program it makes.
name_of = $(or $($(1).name),$(notdir $(1)))

kernel_modules := $(call of_kind,kernel)
kernel_target_modules := $(filter-out kernel/arch/host kernel/arch/host/%,$(kernel_modules))
kernel_host_modules := $(filter-out kernel/arch/$(ARCH) kernel/arch/$(ARCH)/% kernel/plat \
                                    kernel/plat/%,$(kernel_modules))
lib_modules := $(call of_kind,lib)
program_modules := $(call of_kind,program)
host_lib_modules := $(call of_kind,host_test_lib)
host_program_modules := $(call of_kind,host_program)
programs := $(foreach m,$(program_modules),$(BUILD)/programs/$(call name_of,$(m)))
