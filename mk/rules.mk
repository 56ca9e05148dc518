# SPDX-License-Identifier: MIT
# From modules to objects, archives, the kernel, programs and boot archives.

# Show the kind of step and its product, or with V=1 the command.
say = $(if $(V),,@$(if $(is_silent),,printf '  %-5s %s\n' $(1) $(2);))

deps :=

# $(call rule_compile,module,source,way,object folder,more flags)
define rule_compile
$(4)/$(2).o: $(1)/$(2) $(wildcard $(1)/module.mk) $(BUILD)/$(3)/flags $(addprefix | ,$(call stamps_of,$(1)) $(if $($(1).libc),$(BUILD)/user/lib/musl/package.a))
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)$$(CC) $$(flags.$(3)) $(5) -MD -MP -c -o $$@ $$<
deps += $(4)/$(2).d
endef

# $(call objects,module,way): where the objects of a module's sources are.
sources_for = $($(1).sources) $(if $(filter kernel many user,$(2)),$($(1).target_sources)) \
              $(if $(filter kernel,$(2)),$($(1).one_sources)) $(if $(filter many host cov,$(2)),$($(1).many_sources))
objects = $(patsubst %,$(BUILD)/$(2)/$(1)/%.o,$(call sources_for,$(1),$(2)))

own_headers = -iquote $(1) $(if $(wildcard $(1)/src),-iquote $(1)/src)
module_flags = $(call own_headers,$(1)) $(if $($(1).offsets),-I$(BUILD)/$(2)/$(1)) $(patsubst %,-I%,$(arch_include.$(2))) \
               $(call include_flags,$(1)) $($(1).cflags)

# $(call rules_for_sources,module,way,more flags)
rules_for_sources = $(foreach s,$(call sources_for,$(1),$(2)),$(eval $(call \
    rule_compile,$(1),$(s),$(2),$(BUILD)/$(2)/$(1),$(call module_flags,$(1),$(2)) $(3))))

# $(call rule_archive,file,objects,module.mk files)
define rule_archive
$(1): $(2) $(3)
	@mkdir -p $$(@D)
	$$(call say,AR,$$@)rm -f $$@ && $$(AR) qcsD $$@ $(2)
endef

# --- Generated from abi/idl -------------------------------------------------------------------

idl_files := $(if $(wildcard tools/idl.py),$(sort $(wildcard abi/idl/*.idl)))
generated_sources := $(if $(idl_files),dispatch.c)

$(GEN)/stamp.mk: $(idl_files) $(wildcard abi/include/abi/*) $(wildcard tools/idl.py tools/idl/*.py) tools/copy_changed.py
	$(call say,IDL,$(GEN))rm -rf $(GEN).new && mkdir -p $(GEN).new $(GEN) && \
	    $(PYTHON) -B tools/idl.py --out $(GEN).new $(idl_files) && \
	    $(PYTHON) -B tools/copy_changed.py $(GEN).new $(GEN) && rm -rf $(GEN).new
	@echo '# made from abi/idl' > $@

# --- The kernel ---------------------------------------------------------------------------------

kernel_uses := $(kernel_target_modules) abi
$(foreach m,$(kernel_target_modules),$(foreach v,kernel many,$(call rules_for_sources,$(m),$(v))))
$(foreach m,$(kernel_host_modules),$(foreach v,host cov,\
    $(call rules_for_sources,$(m),$(v),$(flags.hosted_core))))

# $(call rule_offsets,module,way): numbers that assembly takes from C. The module's file `offsets` is compiled to text; what it says of them there
# becomes offsets_gen.h.
offsets_of = $(BUILD)/$(2)/$(1)/offsets_gen.h
define rule_offsets
$(call offsets_of,$(1),$(2)): $(1)/$($(1).offsets) $(1)/module.mk $(BUILD)/$(2)/flags
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)$$(CC) $$(flags.$(2)) $(call module_flags,$(1),$(2)) -fno-lto -MD -MP -MF $$@.d -MT $$@ -S -o $$@.s $$< && \
	    sed -n 's/^.*"->\([A-Z0-9_]*\) \([-0-9]*\)".*$$$$/#define \1 \2/p' $$@.s > $$@
deps += $(call offsets_of,$(1),$(2)).d
$(filter %.S.o,$(call objects,$(1),$(2))): $(call offsets_of,$(1),$(2))
endef
$(foreach m,$(kernel_target_modules),$(if $($(m).offsets),$(foreach v,kernel many,$(eval $(call rule_offsets,$(m),$(v))))))

# $(call rules_for_generated,way,modules)
rules_for_generated = $(foreach s,$(generated_sources),$(eval $(call rule_compile,$(GEN)/kernel,$(s),$(1),\
    $(BUILD)/$(1)/gen,$(patsubst %,-I%,$(arch_include.$(1))) $(call include_flags,$(2) abi))))
$(call rules_for_generated,kernel,$(kernel_target_modules))
$(call rules_for_generated,many,$(kernel_target_modules))
$(call rules_for_generated,host,$(kernel_host_modules))
$(call rules_for_generated,cov,$(kernel_host_modules))
generated_objects = $(patsubst %,$(BUILD)/$(1)/gen/%.o,$(generated_sources))

kernel_objects = $(foreach m,$(kernel_target_modules),$(call objects,$(m),$(1))) $(call generated_objects,$(1))
kernel_script := kernel/arch/$(ARCH)/kernel.ld

# For one core, without locks, and for several. Linked twice: the first, with an empty table, gives the addresses for the
# table of names that a panic prints from; the last line makes sure that they still hold.
KERNEL := $(BUILD)/kernel/pith.elf
KERNEL_MANY := $(BUILD)/kernel/pith-many.elf
kernel_link = $(CC) $(link.$(1)) -Wl,-T,$(kernel_script) -Wl,-Map,$(2).map
as_symbols = $(CC) $(flags.kernel) -c -o $(1).o $(1).S

# $(call rule_kernel,way,product)
define rule_kernel
$(2): $(call kernel_objects,$(1)) $(kernel_script) $(BUILD)/$(1)/flags tools/symbols.py tools/fpu.py tools/branches.py $(addsuffix /module.mk,$(kernel_target_modules))
	@mkdir -p $$(@D) $(BUILD)/$(1)
	$$(call say,LD,$$@)$$(PYTHON) -B tools/symbols.py - $(BUILD)/$(1)/symbols0.S && $(call as_symbols,$(BUILD)/$(1)/symbols0)
	@$(call kernel_link,$(1),$(2)) -o $$@.first $(call kernel_objects,$(1)) $(BUILD)/$(1)/symbols0.o
	@$$(PYTHON) -B tools/symbols.py $$@.first $(BUILD)/$(1)/symbols.S && $(call as_symbols,$(BUILD)/$(1)/symbols)
	@$(call kernel_link,$(1),$(2)) -o $$@ $(call kernel_objects,$(1)) $(BUILD)/$(1)/symbols.o
	@$$(PYTHON) -B tools/symbols.py $$@ $(BUILD)/$(1)/symbols2.S && cmp $(BUILD)/$(1)/symbols.S $(BUILD)/$(1)/symbols2.S
	@$$(PYTHON) -B tools/fpu.py check $$@
	@$$(PYTHON) -B tools/branches.py $$@
endef
$(eval $(call rule_kernel,kernel,$(KERNEL)))
$(eval $(call rule_kernel,many,$(KERNEL_MANY)))

$(foreach v,host cov,$(eval $(call rule_archive,$(BUILD)/$(v)/libkernel.a,\
    $(foreach m,$(kernel_host_modules),$(call objects,$(m),$(v))) $(call generated_objects,$(v)),\
    $(addsuffix /module.mk,$(kernel_host_modules)))))

# --- Libraries and programs -----------------------------------------------------------------------

user_flags = $(if $($(1).libc),$(libc_flags))$(if $(filter yes,$($(1).fpu)),,$(flags.user_no_fpu))
archive_of = $(BUILD)/$(2)/$(1)/lib.a
$(foreach m,$(lib_modules),\
    $(call rules_for_sources,$(m),user,$(call user_flags,$(m)))\
    $(foreach v,host cov,$(call rules_for_sources,$(m),$(v),$(flags.hosted_core)))\
    $(foreach v,user host cov,$(eval $(call rule_archive,$(call archive_of,$(m),$(v)),$(call objects,$(m),$(v)),$(m)/module.mk))))

# --- Source packages of Debian: modules with a `package` (docs/building.md) ---------------------

$(SOURCES)/%.checked: tools/sources.toml tools/sources.py
	@$(PYTHON) -B tools/sources.py --out $(SOURCES) $* && touch $@
# Changes only when the package does.
$(SOURCES)/%.stamp: $(SOURCES)/%.checked ;

# Which files there are is known only when the package is: so a make of its own compiles them.
package_ways_of = $(if $($(1).package),$(or $($(1).package_ways),user host cov))
package_archive = $(if $(filter $(2),$(call package_ways_of,$(1))),$(BUILD)/$(2)/$(1)/package.a)
package_inputs = $(1)/module.mk mk/package.mk $(addprefix $(1)/,$($(1).package_extra) $($(1).package_prepare)) \
                 $(shell find $(1) -name '*.h')
define rule_package
$(call package_archive,$(1),$(2)): $(SOURCES)/$($(1).package).stamp $(call package_inputs,$(1)) $(BUILD)/$(2)/flags \
        $(if $($(1).libc),$(BUILD)/user/lib/musl/package.a)
	@+$$(MAKE) --no-print-directory -f mk/package.mk MODULE=$(1) WAY=$(2) BUILD='$(BUILD)' SOURCES='$(SOURCES)' \
	    CC='$(CC)' AR='$(AR)' V='$(V)'
endef
$(foreach m,$(lib_modules) $(program_modules),$(foreach v,$(call package_ways_of,$(m)),$(eval $(call rule_package,$(m),$(v)))))

archives_of = $(call archive_of,$(1),$(2)) $(if $($(1).package),$(call package_archive,$(1),$(2)))

# $(call libs_of,modules,way): the archives of the libraries these use.
libs_of = $(foreach m,$(filter $(lib_modules),$(call closure,$(1))),$(call archives_of,$(m),$(2)))
group = $(if $(strip $(1)),-Wl$(comma)--start-group $(1) -Wl$(comma)--end-group)
comma := ,

program_script := lib/pith/program.ld
script_of = $(if $($(1).libc),lib/posix/program.ld,$(call own_script_of,$(1)))
own_script_of = $(if $($(1).script),$(1)/$($(1).script),$(program_script))

program_libs = $(if $($(1).package),$(call package_archive,$(1),user)) \
               $(call libs_of,$(1) $(if $($(1).libc),lib/musl lib/posix),user)
define rule_program
$(BUILD)/programs/$(call name_of,$(1)): $(call objects,$(1),user) $(call program_libs,$(1)) \
        $(call script_of,$(1)) $(1)/module.mk $(BUILD)/user/flags $(if $($(1).fpu),,tools/fpu.py)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)$$(CC) $$(link.user) -Wl,-T,$(call script_of,$(1)) -o $$@ \
	    $(call objects,$(1),user) $(call group,$(call program_libs,$(1)))
	$(if $($(1).fpu),,@$$(PYTHON) -B tools/fpu.py check $$@)
endef
$(foreach m,$(program_modules),$(call rules_for_sources,$(m),user,$(call user_flags,$(m)))\
    $(eval $(call rule_program,$(m))))

# What goes into boot archives and onto disks: memory holds an archive for ever, and no debugger looks there.
$(BUILD)/stripped/%: $(BUILD)/programs/%
	@mkdir -p $(@D)
	$(call say,STRIP,$@)$(STRIP) -o $@ $<

# --- Systems: boot archives -------------------------------------------------------------------------

# systems/NAME.toml, and for tests tests/boot/NAME.toml, make $(BUILD)/systems/NAME.cpio. One may be based on another.
system_files := $(sort $(wildcard systems/*.toml tests/boot/*.toml))
boot_tests := $(patsubst tests/boot/%.toml,%,$(filter tests/boot/%,$(system_files)))
systems := $(notdir $(system_files:.toml=))

base_of = $(patsubst %,$(dir $(1))%.toml,$(shell sed -n 's/^base = "\(.*\)"/\1/p' $(1)))

define rule_system
$(BUILD)/systems/$(2).mk: $(1) $(call base_of,$(1)) tools/archive.py mk/rules.mk
	@mkdir -p $$(@D)
	@$$(PYTHON) -B tools/archive.py depend $(1) '$(BUILD)/systems/$(2).cpio' '$(BUILD)/stripped' > $$@.new && mv $$@.new $$@
$(BUILD)/systems/$(2).cpio: $(1) tools/archive.py tools/fpu.py $(if $(wildcard tools/system.py),$(BUILD)/systems/$(2).bin)
	@$$(PYTHON) -B tools/fpu.py system $(1) '$(BUILD)/stripped'
	$$(call say,CPIO,$$@)$$(PYTHON) -B tools/archive.py make $(1) $$@ '$(BUILD)/stripped' \
	    $(if $(wildcard tools/system.py),$(BUILD)/systems/$(2).bin)
$(BUILD)/systems/$(2).bin: $(1) $(call base_of,$(1)) $(wildcard tools/system.py tools/system/*.py lib/system/include/system/description.*)
	$$(call say,SYS,$$@)$$(PYTHON) -B tools/system.py $(1) --programs $(BUILD)/stripped --out $$@
endef
$(foreach f,$(system_files),$(eval $(call rule_system,$(f),$(basename $(notdir $(f))))))
archives := $(patsubst %,$(BUILD)/systems/%.cpio,$(systems))

# CD images for BIOS and UEFI, and the boot tests that want one.
$(BUILD)/iso/%.iso: $(BUILD)/systems/%.cpio $(KERNEL) $(KERNEL_MANY) tools/iso.py tools/qemu.py
	@mkdir -p $(@D)
	$(call say,ISO,$@)$(PYTHON) -B tools/iso.py $* --build $(BUILD) --out $@
iso_tests := $(notdir $(basename $(shell grep -l '^firmware' tests/boot/*.toml)))

# --- Host tests -------------------------------------------------------------------------------------

$(foreach m,$(host_lib_modules),$(foreach v,host cov,$(call rules_for_sources,$(m),$(v))\
    $(eval $(call rule_archive,$(call archive_of,$(m),$(v)),$(call objects,$(m),$(v)),$(m)/module.mk))))

harness_source := test_main.c
$(foreach v,host cov,$(eval $(call rule_compile,tests/host,$(harness_source),$(v),$(BUILD)/$(v)/tests/host,\
    -Itests/host/include)))

# $(call host_inputs,modules,way): what an executable that uses these modules is linked with.
host_libs = $(foreach m,$(filter $(host_lib_modules) $(lib_modules),$(call closure,$(1))),\
    $(call archives_of,$(m),$(2)))
host_inputs = $(call host_libs,$(1),$(2)) \
    $(if $(filter kernel/%,$(call closure,$(1))),$(BUILD)/$(2)/libkernel.a)

# $(call rule_host_link,executable,objects,modules,way,module.mk)
define rule_host_link
$(1): $(2) $(call host_inputs,$(3),$(4)) $(5) $(BUILD)/$(4)/flags
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)$$(CC) $$(link.$(4)) -o $$@ $(2) $(call group,$(call host_inputs,$(3),$(4)))
endef

# Tests of a machine's own files see its headers, not those of the simulated one.
test_arch = $(arch_include.$(if $(filter $(kernel_host_modules),$(1)),$(2),$(if $(filter kernel/%,$(1)),many,$(2))))
test_flags = $(call own_headers,$(1)) $(patsubst %,-I%,$(call test_arch,$(1),$(2))) \
    $(call include_flags,$(1) $($(1).test_uses) tests/host) $(if $(filter user,$(2)),$(if $($(1).libc),$(libc_flags)))
# Sources for the target that a module's tests are linked with, those of them that a test needs.
tested = $(if $($(1).test_sources),$(BUILD)/$(2)/$(1)/tested.a)
$(foreach v,host cov,$(foreach m,$(modules),$(if $($(m).test_sources),\
    $(foreach s,$($(m).test_sources),$(eval $(call rule_compile,$(m),$(s),$(v),$(BUILD)/$(v)/$(m),\
        $(call test_flags,$(m),$(v)) $(flags.hosted_core))))\
    $(eval $(call rule_archive,$(call tested,$(m),$(v)),$(patsubst %,$(BUILD)/$(v)/$(m)/%.o,$($(m).test_sources)),$(m)/module.mk)))))
test_exe = $(patsubst %.c,$(BUILD)/$(3)/tests/$(1)/%,$(2))
rules_for_test = \
    $(eval $(call rule_compile,$(1),$(2),$(3),$(BUILD)/$(3)/$(1),$(call test_flags,$(1),$(3))))\
    $(eval $(call rule_host_link,$(call test_exe,$(1),$(2),$(3)),$(BUILD)/$(3)/$(1)/$(2).o \
        $(BUILD)/$(3)/tests/host/$(harness_source).o $(call tested,$(1),$(3)),$(1) $($(1).test_uses),$(3),$(1)/module.mk))
$(foreach v,host cov,$(foreach m,$(modules),$(foreach t,$($(m).tests),$(call rules_for_test,$(m),$(t),$(v)))))

bin_of = $(BUILD)/$(2)/bin/$(call name_of,$(1))
rules_for_bin = $(call rules_for_sources,$(1),$(2))\
    $(eval $(call rule_host_link,$(call bin_of,$(1),$(2)),$(call objects,$(1),$(2)),$(1),$(2),$(1)/module.mk))
$(foreach v,host cov,$(foreach m,$(host_program_modules),$(call rules_for_bin,$(m),$(v))))

host_tests := $(foreach m,$(modules),$(foreach t,$($(m).tests),$(call test_exe,$(m),$(t),host)))
# Coverage is the kernel's: tests and programs that hold none of it have no part.
has_kernel = $(filter kernel/%,$(call closure,$(1) $($(1).test_uses)))
cov_tests := $(foreach m,$(modules),$(if $(call has_kernel,$(m)),\
    $(foreach t,$($(m).tests),$(call test_exe,$(m),$(t),cov))))
host_programs := $(foreach m,$(host_program_modules),$(call bin_of,$(m),host))
cov_program_modules := $(foreach m,$(host_program_modules),$(if $(call has_kernel,$(m)),$(m)))
cov_programs := $(foreach m,$(cov_program_modules),$(call bin_of,$(m),cov))

# Host programs with test_args are tests too: one line per run, executable and arguments.
programs_run.host := $(host_program_modules)
programs_run.cov := $(cov_program_modules)
define runs_of
$(foreach m,$(programs_run.$(1)),$(if $($(m).test_args),--run '$(call bin_of,$(m),$(1)) $($(m).test_args)'))
endef
