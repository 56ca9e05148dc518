# SPDX-License-Identifier: MIT
# Compile the files of a source package that a module is made of, in one way, to an archive. Run by
# mk/rules.mk once the package is there: MODULE, WAY, BUILD, SOURCES, CC, AR, V. Nothing in the package
# is changed: our own headers come before its own on the include path.

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
GEN := $(BUILD)/gen
ARCH := x86_64
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: archive FORCE
archive:

include mk/modules.mk
include mk/flags.mk

say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2);)
m := $(MODULE)
folder := $(SOURCES)/$($(m).package)
out := $(BUILD)/$(WAY)/$(m)/package
stamp := $(SOURCES)/$($(m).package).stamp

here := $(patsubst $(folder)/%,%,$(wildcard $(addprefix $(folder)/,$($(m).package_sources))))
# A file in a folder of the machine's takes the place of the general one of that name.
with_arch := $(filter-out $($(m).package_omit),$(here))
arch_files := $(foreach a,$($(m).package_arch),$(foreach f,$(with_arch),$(if $(findstring /$(a)/,$(f)),$(f))))
replaced := $(foreach a,$($(m).package_arch),$(patsubst %,%.c,$(basename $(subst /$(a)/,/,$(arch_files)))))
files := $(filter-out $(replaced),$(with_arch))
objects := $(patsubst %,$(out)/%.o,$(files)) $(patsubst %,$(out)/own/%.o,$($(m).package_extra))
$(if $(files),,$(error $(m): $(folder) has no file of package_sources))

# Headers that a script makes of the package's files.
prepared := $(if $($(m).package_prepare),$(out)/include/prepared)
$(out)/include/prepared: $(m)/$($(m).package_prepare) $(stamp)
	$(call say,GEN,$@)rm -rf $(@D) && mkdir -p $(@D) && $< $(folder) $(@D) && touch $@

includes := $(patsubst %,-I%,$(wildcard $(addprefix $(m)/,$($(m).package_headers))) $($(m).dirs) \
    $(addprefix $(folder)/,$($(m).package_inner)) $(if $(prepared),$(out)/include) $($(m).package_dirs)) $(call include_flags,$($(m).uses))
way_flags := $(if $(filter user,$(WAY)),$(if $(filter yes,$($(m).fpu)),,$(flags.user_no_fpu)),$(flags.hosted_core))
flags := $(filter-out $(warnings),$(flags.$(WAY))) $(way_flags) $(if $($(m).libc),$(libc_flags)) $(includes) \
         $(subst PACKAGE,$(folder),$($(m).package_cflags))

# Functions that get another name in the file that defines them, so that one of ours stands before them.
renames_of = $(patsubst $(1):%,-D%,$(filter $(1):%,$($(m).package_renames)))

$(out)/%.c.o: $(folder)/%.c $(stamp) $(prepared) $(m)/module.mk mk/package.mk $(BUILD)/$(WAY)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(flags) $(call renames_of,$*.c) -MD -MP -c -o $@ $<
$(out)/%.s.o: $(folder)/%.s $(stamp) $(m)/module.mk mk/package.mk $(BUILD)/$(WAY)/flags
	@mkdir -p $(@D)
	$(call say,AS,$@)$(CC) $(flags) -c -o $@ $<

# Files of ours that need the package's inner headers.
$(out)/own/%.o: $(m)/% $(stamp) $(prepared) $(m)/module.mk mk/package.mk $(BUILD)/$(WAY)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(flags) -MMD -MP -c -o $@ $<

archive := $(BUILD)/$(WAY)/$(m)/package.a
archive: $(archive)
$(archive): $(objects) $(m)/module.mk
	$(call say,AR,$@)rm -f $@ && printf '%s\n' $(objects) > $(out)/objects && $(AR) qcsD $@ @$(out)/objects && touch $@

-include $(wildcard $(objects:.o=.d))
