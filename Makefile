# SPDX-License-Identifier: MIT
# The whole build. `make help` lists the goals; docs/building.md explains modules and options.

BUILD ?= build
ARCH ?= x86_64
SYSTEM ?= default
GEN := $(BUILD)/gen
is_silent := $(findstring s,$(filter-out --%,$(firstword $(MAKEFLAGS))))
MAKEFLAGS += --no-builtin-rules --no-builtin-variables
# As many jobs as processors, unless the command line says otherwise.
ifeq ($(filter -j% --jobserver%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif
.DELETE_ON_ERROR:
.SECONDARY:

goals := $(or $(MAKECMDGOALS),all)
# Goals that install what they need before anything else is read.
setup_goals := $(filter run test bench bench-linux check debug graph iso,$(goals)) $(if $(filter test-fresh,$(goals)),fresh) \
               $(if $(filter test-page,$(goals)),page)
ifneq ($(strip $(setup_goals)),)
ifeq ($(MAKE_RESTARTS),)
setup_done := $(shell tools/setup.sh $(setup_goals) >&2 && echo yes)
$(if $(setup_done),,$(error the set-up failed))
endif
endif

.PHONY: all
all: kernel programs libs systems

include mk/modules.mk
include mk/flags.mk
include mk/rules.mk

.PHONY: kernel programs libs systems host-tests help run debug iso trace test test-fresh test-page check bench bench-linux coverage \
        coverage-check mutants graph size clean FORCE
kernel: $(if $(kernel_target_modules),$(KERNEL) $(KERNEL_MANY))
programs: $(programs)
libs: $(foreach m,$(lib_modules),$(call archives_of,$(m),user))
systems: $(archives)
host-tests: $(host_tests) $(host_programs)

help:
	@echo 'make            the kernel, the programs and the boot archives'
	@echo 'make run        boot SYSTEM=default in QEMU, on this terminal'
	@echo 'make debug      the same, waiting for gdb'
	@echo 'make iso        a CD image of SYSTEM=default that boots on BIOS and UEFI'
	@echo 'make trace      what the kernel does in it, as build/trace.json'
	@echo 'make test       all tests; ONLY=word for those whose names hold the word; V=1 for all output'
	@echo 'make test-page  the status page in Chromium, which is installed for it'
	@echo 'make check      formatter, compilers, checkers'
	@echo 'make bench      exact instruction counts, in build/bench.tsv'
	@echo 'make bench-linux the same on Linux, and both side by side'
	@echo 'make coverage   branch coverage of the kernel by the host tests'
	@echo 'make mutants    seeded bugs: which the host tests find; ONLY="words"'
	@echo 'make test-fresh make test, in a bare Debian made for it'
	@echo 'make graph      who can reach whom in SYSTEM=default, as a drawing'
	@echo 'make size       code size of the kernel by module'
	@echo 'make clean      remove build/'

# A disk with docs/ on it, and programs in /bin, for SYSTEM=files, process and default.
DEMO_DISK := $(BUILD)/disk/demo.img
DEMO_PROGRAMS := $(addprefix $(BUILD)/stripped/,hello_c crasher sum process_nothing)
$(DEMO_DISK): $(shell find docs -type f) $(DEMO_PROGRAMS) Makefile
	@rm -rf $(@D)/tree && mkdir -p $(@D) && cp -r docs $(@D)/tree && mkdir $(@D)/tree/bin
	@cp $(DEMO_PROGRAMS) $(@D)/tree/bin
	$(call say,MKFS,$@)rm -f $@ && PATH="$$PATH:/usr/sbin:/sbin" mkfs.ext4 -q -b 4096 -L docs -d $(@D)/tree $@ 64M
# One with a script, for SYSTEM=musl.
LUA_DISK := $(BUILD)/disk/lua.img
$(LUA_DISK): $(wildcard apps/lua/demo/*) Makefile
	@mkdir -p $(@D)
	$(call say,MKFS,$@)rm -f $@ && PATH="$$PATH:/usr/sbin:/sbin" mkfs.ext4 -q -b 4096 -L lua -d apps/lua/demo $@ 16M
disk_of_system = $(if $(filter files process default,$(SYSTEM)),$(DEMO_DISK)) $(if $(filter musl,$(SYSTEM)),$(LUA_DISK))

# CORES=4: so many instead of what the system says; one is another kernel than several.
run_command = $(PYTHON) -B tools/run.py $(SYSTEM) --build $(BUILD) --interactive $(addprefix --smp ,$(1))
run: kernel $(BUILD)/systems/$(SYSTEM).cpio $(disk_of_system)
	@$(call run_command,$(CORES)) $(RUN_ARGS)

# A typed example; TRACE_ARGS='--type help --seconds 1' records something else.
TRACE_ARGS ?= --type ping-pong --type 'crash null' --seconds 2
trace: $(KERNEL) $(BUILD)/systems/$(SYSTEM).cpio
	@$(PYTHON) -B tools/trace.py $(SYSTEM) --build $(BUILD) --out $(BUILD)/trace.json $(TRACE_ARGS)

debug: kernel $(BUILD)/systems/$(SYSTEM).cpio $(disk_of_system)
	@$(call run_command,$(CORES)) --gdb $(RUN_ARGS)

iso: $(BUILD)/iso/$(SYSTEM).iso $(disk_of_system)
	@echo "$<: boots on BIOS and UEFI. In the emulator: make run SYSTEM=$(SYSTEM) RUN_ARGS='--firmware uefi', or bios"

model_tests := $(wildcard tests/model/run-*.sh)
tool_tests := $(sort $(wildcard tests/tools/test_*.py))
# Each boots a system and converses with it.
scenario_tests := $(sort $(wildcard tests/scenario/*.py))
scenario_systems := $(patsubst systems/%.toml,%,$(wildcard systems/*.toml))

# A plugin that a scenario needs: below.
SHARING := $(BUILD)/bench/sharing.so

test: $(host_tests) $(host_programs) $(KERNEL) $(KERNEL_MANY) $(programs) $(if $(scenario_tests),$(SHARING)) \
      $(patsubst %,$(BUILD)/systems/%.cpio,$(boot_tests) $(if $(scenario_tests),$(scenario_systems))) \
      $(patsubst %,$(BUILD)/iso/%.iso,$(iso_tests) $(if $(scenario_tests),default two))
	@$(PYTHON) -B tools/test.py --build $(BUILD) $(if $(V),--verbose) $(if $(ONLY),--only '$(ONLY)') \
	    $(addprefix --host ,$(host_tests) $(model_tests)) $(call runs_of,host) \
	    $(foreach t,$(scenario_tests),--host '$(t) --build $(BUILD)') \
	    $(foreach t,$(tool_tests),--run '$(PYTHON) -B $(t)') $(addprefix --boot ,$(boot_tests))

# Screenshots go to build/page/.
test-page: $(KERNEL) $(BUILD)/systems/default.cpio
	@$(PYTHON) -B tests/page/status.py --build $(BUILD)

test-fresh:
	@tools/test_fresh.sh

check:
	@$(PYTHON) -B tools/check.py --build $(BUILD)

PLUGIN := $(BUILD)/bench/icount.so
$(PLUGIN): bench/plugin/icount.c bench/plugin/decode.c bench/plugin/report.c \
           $(wildcard bench/plugin/*.h) Makefile mk/flags.mk
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) -std=c17 -D_GNU_SOURCE -O2 -g -fPIC -shared -fvisibility=hidden $(warnings) \
	    -o $@ $(filter %.c,$^)

# Which cache lines several cores meet in: tests/scenario/apart.py.
$(SHARING): bench/plugin/sharing.c bench/plugin/decode.c $(wildcard bench/plugin/*.h) Makefile mk/flags.mk
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) -std=c17 -D_GNU_SOURCE -O2 -g -fPIC -shared -fvisibility=hidden $(warnings) \
	    -o $@ $(filter %.c,$^) -lpthread

# How long several cores have the locks, and for how many others they wait.
LOCKS := $(BUILD)/bench/locks.so
$(LOCKS): bench/plugin/locks.c bench/plugin/decode.c $(wildcard bench/plugin/*.h) Makefile mk/flags.mk
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) -std=c17 -D_GNU_SOURCE -O2 -g -fPIC -shared -fvisibility=hidden $(warnings) \
	    -o $@ $(filter %.c,$^) -lpthread

plugin: $(PLUGIN) $(SHARING) $(LOCKS)

# The disk that is read from.
BENCH_DISK := $(BUILD)/disk/bench.img
$(BENCH_DISK): tools/bench_disk.py
	@mkdir -p $(@D)
	$(call say,MKFS,$@)$(PYTHON) -B tools/bench_disk.py $@

bench_systems := bench bench_files bench_net bench_process $(boot_tests)
bench: kernel $(PLUGIN) $(LOCKS) $(patsubst %,$(BUILD)/systems/%.cpio,$(bench_systems)) $(BENCH_DISK) $(DEMO_DISK)
	@$(PYTHON) -B tools/bench.py --build $(BUILD) --plugin $(PLUGIN) \
	    --run "$(call run_command,1)" $(if $(ONLY),--only $(ONLY))

# The same on Debian's Linux: a static program, the first of its system.
LINUX_INIT := $(BUILD)/linux/init
LINUX_TINY := $(BUILD)/linux/tiny
$(LINUX_INIT): $(wildcard bench/linux/*.c bench/linux/*.h) bench/marks/include/marks/marks.h
	@mkdir -p $(@D)
	$(call say,CC,$@)musl-gcc -std=c17 -O2 -static -Wall -Wextra -Werror -Ibench/marks/include -o $@ $(filter %.c,$^)
$(LINUX_TINY): bench/linux/tiny.S
	@mkdir -p $(@D)
	$(call say,AS,$@)$(CC) -static -nostdlib -o $@ $<

bench-linux: $(KERNEL) $(PLUGIN) $(patsubst %,$(BUILD)/systems/%.cpio,bench_files default) $(BENCH_DISK) $(DEMO_DISK) $(LINUX_INIT) $(LINUX_TINY)
	@$(PYTHON) -B tools/bench_linux.py --build $(BUILD) --plugin $(PLUGIN) --init $(LINUX_INIT) --tiny $(LINUX_TINY)

coverage: $(cov_tests) $(cov_programs)
	@$(PYTHON) -B tools/coverage.py --build $(BUILD) $(if $(MISSING),--missing) $(if $(MINIMUM),--minimum $(MINIMUM)) $(addprefix --host ,$(cov_tests)) $(call runs_of,cov)

# What .ci/run asks for.
coverage-check: MINIMUM := 95
coverage-check: coverage

mutants:
	@$(PYTHON) -B tests/mutants/run.py --build $(BUILD) $(ONLY)

graph:
	@mkdir -p $(BUILD)/systems
	@$(PYTHON) -B tools/system.py systems/$(SYSTEM).toml --graph | dot -Tsvg -o $(BUILD)/systems/$(SYSTEM).svg
	@echo 'who can reach whom: $(BUILD)/systems/$(SYSTEM).svg'

size: $(KERNEL)
	@size $(KERNEL)
	@for m in $(kernel_target_modules); do \
	    size -t $$(find $(BUILD)/kernel/$$m -maxdepth 1 -name '*.o') 2>/dev/null | tail -n 1 | \
	    awk -v m=$$m '{ printf "%8d %s\n", $$1, m }'; done

# For tools/check.py: what the build knows, one fact per line.
.PHONY: facts plugin
facts:
	@: $(foreach m,$(modules),$(info module $(m) $($(m).kind))\
	    $(info dirs $(m) $($(m).dirs))$(info uses $(m) $($(m).uses))$(info test_uses $(m) $($(m).test_uses))\
	    $(info sources $(m) $($(m).sources) $($(m).target_sources) $($(m).one_sources) $($(m).many_sources))$(info tests $(m) $($(m).tests))\
	    $(foreach w,kernel many user host,$(info flags.$(w) $(m) $(call test_flags,$(m),$(w)))))

# All but the source packages, which need a network: rm -rf build takes them too.
clean:
	rm -rf $(filter-out $(BUILD)/sources,$(wildcard $(BUILD)/*))

# Made first, then make starts over with them: afterwards all that is generated is a plain file.
ifneq ($(filter-out help clean test-fresh facts check plugin graph mutants,$(goals)),)
include $(if $(idl_files),$(GEN)/stamp.mk)
include $(patsubst %,$(BUILD)/systems/%.mk,$(systems))
-include $(deps:.o=.d)
endif
