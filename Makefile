# Stint.  `make help` lists the targets.
# One flat Makefile: every configuration has its own tree under build/, every
# layer its own archive, and each unit test links only the layers it may use.

VERSION := 0.1.0
SOVERSION := 0
CONFIG ?= release
O := build/$(CONFIG)
CC_release := gcc
CC_clang := clang
CC_asan := clang
CC_tsan := clang
CC_fuzz := clang
CC := $(CC_$(CONFIG))

# Debian's python, for which scripts/deps installs pytest.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
PREFIX ?= /usr/local
BINDIR := $(PREFIX)/bin
LIBDIR := $(PREFIX)/lib
INCDIR := $(PREFIX)/include
MANDIR := $(PREFIX)/share/man
COMPDIR := $(PREFIX)/share/bash-completion/completions
ZSHDIR := $(PREFIX)/share/zsh/site-functions
FISHDIR := $(PREFIX)/share/fish/vendor_completions.d
UNITDIR := $(PREFIX)/lib/systemd/system
UNITS := $(wildcard scripts/systemd/*.service)

SECONDS ?= 60
SEEDS ?= 2000

WARN := -std=c11 -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion \
  -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
  -Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings \
  -Wformat=2 -Wundef -Wvla -Wswitch-enum -Wnull-dereference \
  -Wimplicit-fallthrough -Wdouble-promotion -Wfloat-equal -Wdate-time
WARN_gcc := -Wduplicated-cond -Wduplicated-branches -Wlogical-op \
  -Wcast-align=strict -Wformat-signedness -Wtrampolines -Walloca \
  -Wbad-function-cast -Wredundant-decls -Wnested-externs
WARN_clang := -Weverything -Wno-padded -Wno-declaration-after-statement \
  -Wno-disabled-macro-expansion -Wno-covered-switch-default \
  -Wno-reserved-identifier -Wno-reserved-macro-identifier -Wno-unused-macros
HARDEN := -fPIC -fstack-protector-strong -fstack-clash-protection \
  -fcf-protection -fno-common -fvisibility=hidden
CFLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2
CFLAGS_clang := -O2 -g
CFLAGS_asan := -O1 -g -fno-omit-frame-pointer \
  -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_tsan := -O1 -g -fsanitize=thread
CFLAGS_fuzz := $(CFLAGS_asan) -fsanitize=fuzzer-no-link
CFLAGS := $(WARN) $(WARN_$(CC)) $(HARDEN) $(CFLAGS_$(CONFIG)) -D_GNU_SOURCE \
  -I. -isystem build/include -include common/banned.h $(EXTRA_CFLAGS)
LDFLAGS := $(filter -fsanitize% -fprofile%,$(CFLAGS)) -Wl,-z,relro,-z,now

# Each layer is an archive; the list is from the bottom to the top.
LAYERS := common proto core agent rpc sys process store server embed client worker pool
PURE := common proto core agent rpc
DIR_common := common
DIR_proto := proto
DIR_core := master/core master/core/shared
DIR_agent := worker/agent
DIR_rpc := client/rpc
DIR_sys := common/sys
DIR_process := process
DIR_store := master/store
DIR_server := master/server
DIR_embed := embed
DIR_client := client client/job client/sync client/share client/pipe
DIR_worker := worker
DIR_pool := client/pool

# Headers that are installed.
PUBLIC := $(notdir $(wildcard client/stint*.h))

# Those of the release are at hand below build/ too.
released = $(if $(filter release,$(CONFIG)),$(addprefix build/,$(1)))

all: lib prog examples                 ## the program build/stint, the libraries, the examples
lib: $(O)/libstint.so $(O)/libstint.a build/libstint.pc $(call released,libstint.a libstint.so libstint.so.$(SOVERSION))
prog: $(O)/stint $(call released,stint)

MSGPACK := $(shell pkg-config --exists msgpack 2>/dev/null && echo msgpack || echo msgpack-c)
PKGS := libzmq libsodium $(MSGPACK) libmicrohttpd
PKGS_cli := libczmq jansson smartcols
LIBS_EXT := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lpthread -ldl
LIBS_CLI := $(shell pkg-config --libs $(PKGS_cli) 2>/dev/null)

src = $(wildcard $(DIR_$(1):=/*.c))
obj = $(patsubst %.c,$(O)/%.o,$(call src,$(1)))
CLI_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard cli/*.c))

$(O)/%.o: %.c | build/include/stint.h
	@mkdir -p $(@D)
	@echo "  CC $<"; $(CC) $(CFLAGS) -MMD -MP -c $< -o $@
define ARCHIVE
$(O)/lib$(1).a: $(call obj,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	@$(AR) rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call ARCHIVE,$(l))))
archives = $(foreach l,$(1),$(O)/lib$(l).a)

# The installed header is a system header to them, which -MMD leaves out.
$(CLI_OBJ) $(patsubst %.c,$(O)/%.o,$(wildcard examples/*.c examples/*/*.c bench/*.c \
  tests/integration/*.c tests/unit/cli/*.c)): build/include/stint.h
build/include/stint.h: $(PUBLIC:%=client/%) common/stint_error.h
	@mkdir -p build/include
	@cp $^ build/include/

# The master and the client are closed to each other: what one names inside is
# nothing to the other.  client_dial() is the one door between them; ended_* and
# master_worker_died() are what pools, which stand above, have besides the public
# library.
$(O)/master.o: $(call obj,core) $(call obj,store) $(call obj,server) $(call obj,embed)
	@ld -r $^ -o $@
	@objcopy --localize-hidden $@
	@objcopy --globalize-symbol=master_worker_died $@
$(O)/client.o: $(call obj,rpc) $(call obj,client)
	@ld -r $^ -o $@
	@objcopy --localize-hidden $@
	@objcopy -w --globalize-symbol=client_dial --globalize-symbol='ended_*' $@
LIB_OBJ := $(O)/master.o $(O)/client.o $(foreach l,common proto sys process agent worker pool,$(call obj,$(l)))
# One object with only the public names left, so that nothing of ours collides
# with anything of the program that links the archive.
$(O)/libstint.o: $(LIB_OBJ)
	@ld -r $^ -o $@
	@objcopy --localize-hidden $@
$(O)/libstint.a: $(O)/libstint.o
	@echo "  AR $@"; rm -f $@; $(AR) rcs $@ $<
$(O)/libstint.so: $(LIB_OBJ)
	@echo "  LD $@"; $(CC) $(LDFLAGS) -shared -Wl,-soname,libstint.so.$(SOVERSION) $^ $(LIBS_EXT) -o $@
$(O)/stint: $(CLI_OBJ) $(O)/libstint.a $(O)/libsys.a $(O)/libcommon.a
	@echo "  LD $@"; $(CC) $(LDFLAGS) -rdynamic $^ $(LIBS_CLI) $(LIBS_EXT) -o $@
# Renamed into place: who runs it or has it loaded keeps the old one whole.
build/stint build/libstint.so build/libstint.a: build/%: build/release/%
	@cp $< $@.new && mv -f $@.new $@
build/libstint.so.$(SOVERSION): build/libstint.so
	@ln -sfn libstint.so $@
# Fills in a template; paths below PREFIX may move with it.
below = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
FILL = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@SOVERSION@|$(SOVERSION)|' \
  -e 's|@LIBDIR@|$(call below,$(LIBDIR))|' -e 's|@INCDIR@|$(call below,$(INCDIR))|' \
  -e 's|@INCDIR_FROM_LIBDIR@|$(shell realpath -sm --relative-to=$(LIBDIR) $(INCDIR))|'
build/libstint.pc: scripts/pkgconfig/libstint.pc.in Makefile
	@mkdir -p $(@D)
	@$(FILL) $< > $@

# ---- examples, plug-ins, tools: what uses the library as anybody would -------

# A source that defines stint_handlers is a plug-in: libNAME.so.
USERS := $(wildcard examples/*.c examples/multiprocessing/*.c tests/integration/*.c bench/*.c)
PLUGIN_SRC := $(shell grep -ls 'stint_handlers\[\]' $(USERS) /dev/null)
# Programs of the benchmarks that are not users of the library.
BENCH_OWN := bench/redis_bench.c bench/beanstalk_bench.c bench/slow_sync.c
# The only one that needs libpng, which building does not ask for.
PNG_OWN := $(shell pkg-config --exists libpng 2>/dev/null || echo examples/mandelbrot.c)
$(O)/examples/mandelbrot: LIBS_MORE := -lpng
PROGRAM_SRC := $(filter-out $(PLUGIN_SRC) $(BENCH_OWN) $(PNG_OWN),$(USERS))
plugin = $(O)/$(dir $(1))lib$(patsubst lib%,%,$(basename $(notdir $(1)))).so
PLUGINS := $(foreach p,$(PLUGIN_SRC),$(call plugin,$(p)))
PROGRAMS := $(patsubst %.c,$(O)/%,$(PROGRAM_SRC))
in = $(filter $(O)/$(1)/%,$(PLUGINS) $(PROGRAMS))
define PLUGIN
$(call plugin,$(1)): $(patsubst %.c,$(O)/%.o,$(1))
	@echo "  LD $$@"; $$(CC) $$(LDFLAGS) -shared $$^ -o $$@
endef
$(foreach p,$(PLUGIN_SRC),$(eval $(call PLUGIN,$(p))))
# So that copies of a process with threads work in builds with a sanitizer.
FORKS_asan := $(O)/tests/forks.o
FORKS_tsan := $(O)/tests/forks.o
$(PROGRAMS): $(O)/%: $(O)/%.o $(FORKS_$(CONFIG)) $(O)/libstint.a
	@echo "  LD $@"; $(CC) $(LDFLAGS) -rdynamic $^ $(LIBS_MORE) $(LIBS_EXT) \
	  $(if $(filter $(O)/tests/integration/test_%,$@),-lcmocka) -o $@
examples: $(call in,examples)          ## the programs of examples/
	@[ $(CONFIG) != release ] || [ -z "$^" ] || { mkdir -p build/examples/multiprocessing && \
	  for f in $^; do to=build/$${f#$(O)/}; cmp -s $$f $$to || \
	  { cp $$f $$to.new && mv -f $$to.new $$to; } || exit 1; done; }

# ---- tests -------------------------------------------------------------------

# What only tests is not worth the time of an optimizer.
FAST_release := -O1
FAST_asan := -O0
FAST_tsan := -O0
$(O)/tests/unit/%.o $(O)/tests/integration/%.o: CFLAGS += $(FAST_$(CONFIG))

# tests/unit/LAYER/test_*.c links LAYER and what is below it, nothing else.
NEEDS_common := common
NEEDS_proto := proto common
NEEDS_core := core proto common
NEEDS_agent := agent common
NEEDS_rpc := rpc proto common
NEEDS_sys := sys proto common
NEEDS_store := store sys proto common
NEEDS_process := process sys common
NEEDS_server := server store process sys core proto common
NEEDS_client := client rpc process sys proto common
NEEDS_worker := worker agent process sys proto common
NEEDS_pool := pool worker agent process sys proto common
ALSO_store := $(patsubst %.c,$(O)/%.o,$(wildcard tests/disk/*.c))
ALSO_server := $(O)/client.o
ALSO_client := $(O)/master.o
ALSO_worker := $(O)/client.o $(O)/master.o
ALSO_pool := $(O)/client.o $(O)/master.o
EXT_proto := -lsodium $(shell pkg-config --libs msgpack 2>/dev/null || pkg-config --libs msgpack-c)
EXT_core := -lsodium
EXT_rpc := -lsodium
EXT_sys := $(LIBS_EXT)
EXT_process := -lpthread
EXT_store := $(LIBS_EXT)
EXT_server := $(LIBS_EXT)
EXT_client := $(LIBS_EXT)
EXT_worker := $(LIBS_EXT)
EXT_pool := $(LIBS_EXT)
define UNIT
$(O)/tests/unit/$(1)/test_%: $(O)/tests/unit/$(1)/test_%.o $(FORKS_$(CONFIG)) $(ALSO_$(1)) $(call archives,$(NEEDS_$(1)))
	@echo "  LD $$@"; $$(CC) $$(LDFLAGS) $$< $(FORKS_$(CONFIG)) $(ALSO_$(1)) -Wl,--start-group \
	  $(call archives,$(NEEDS_$(1))) -Wl,--end-group -lcmocka $(EXT_$(1)) -o $$@
endef
$(foreach l,$(LAYERS),$(eval $(call UNIT,$(l))))
# Command-line parts without their main().
$(O)/tests/unit/cli/test_%: $(O)/tests/unit/cli/test_%.o $(FORKS_$(CONFIG)) $(CLI_OBJ) $(O)/libstint.a $(O)/libsys.a $(O)/libcommon.a
	@echo "  LD $@"; $(CC) $(LDFLAGS) -rdynamic $(filter-out $(O)/cli/main.o,$^) \
	  -lcmocka $(LIBS_CLI) $(LIBS_EXT) -o $@
UNIT_TESTS := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/*/test_*.c))
INTEGRATION_TESTS := $(filter $(O)/tests/integration/test_%,$(PROGRAMS))
JOB_PYTESTS := $(wildcard tests/integration/test_jobs_*.py)
PYTESTS := $(filter-out $(JOB_PYTESTS),$(wildcard tests/integration/test_*.py tests/proofs/test_*.py))
TERMINAL_PYTESTS := $(wildcard tests/terminal/test_*.py)
BATS := $(wildcard tests/cli/*.bats)

unit-build: $(UNIT_TESTS)
unit: unit-build                       ## build and run the unit tests
	@tests/run programs $(UNIT_TESTS)
integration-build: $(call in,tests/integration) lib prog examples
integration-c: integration-build
	@$(if $(filter tsan,$(CONFIG)),TSAN_OPTIONS="suppressions=$(CURDIR)/tests/tsan.supp $$TSAN_OPTIONS") \
	  STINT_BUILD=$(O) tests/run programs $(INTEGRATION_TESTS)
integration: integration-c             ## real processes over TCP (cmocka and pytest)
	@[ -z "$(PYTESTS)" ] || STINT_BUILD=$(O) $(PYTHON) -m pytest -q -p no:cacheprovider $(PYTESTS) $(JOB_PYTESTS)
restart-2000: integration-build        ## 2,000 workers come back after a restart of the master
	@STINT_BUILD=$(O) $(PYTHON) tests/integration/many_workers.py
cli-tests: prog examples $(O)/tests/integration/keeper ## the command line (bats)
	@STINT_BUILD=$(O) bats $(BATS)
parallel: prog                         ## `stint run` against GNU parallel, case by case
	@STINT_BUILD=$(O) tests/parallel/run $(ARGS)
terminal: prog examples                ## what a person sees, on a pseudo-terminal
	@STINT_BUILD=$(O) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m pytest -q -p no:cacheprovider $(TERMINAL_PYTESTS)
install-tests: all man                 ## installed and used: pkg-config, CMake, C, C++, units
	@tests/install/run
	@tests/install/boot
asan:                                  ## unit and integration under ASan and UBSan
	@$(MAKE) --no-print-directory CONFIG=asan unit integration-c
tsan:                                  ## threaded integration under TSan
	@$(MAKE) --no-print-directory CONFIG=tsan integration-c
clang:                                 ## build everything with clang -Weverything
	@$(MAKE) --no-print-directory CONFIG=clang all unit-build integration-build proofs-build \
	  $(if $(wildcard tests/sim/*.c),build/clang/tests/sim/sim)
# To build for ASan is to compile with clang -Weverything.  What is left out by
# it, as `make CONFIG=clang warnings`:
warnings: build/include/stint.h
	@$(CC) $(CFLAGS) -fsyntax-only \
	  $(wildcard tests/sim/*.c tests/disk/*.c tests/store/*.c tests/proofs/*.c)

SIM := $(O)/tests/sim/sim
$(SIM): $(patsubst %.c,$(O)/%.o,$(wildcard tests/sim/*.c tests/disk/*.c)) $(call archives,core agent rpc store sys proto common)
	@mkdir -p $(@D)
	@echo "  LD $@"; $(CC) $(LDFLAGS) $(filter %.o,$^) -Wl,--start-group \
	  $(filter %.a,$^) -Wl,--end-group $(LIBS_EXT) -o $@
sim: $(SIM)                            ## the simulation, SEEDS=2000 of them
	@$(SIM) $(SEEDS)
model:                                 ## Spin models of leases and puts, and their mutants
	@$(PYTHON) tests/model/run $(ARGS) || [ $$? -eq 77 ]

# The proofs on the store itself: SEED=1; COUNT=3 power cuts at each call.
STORE_PROOFS := $(patsubst %,$(O)/tests/store/%,crash_matrix torn io_faults)
STORE_SHARED := $(patsubst %.c,$(O)/%.o,$(wildcard tests/disk/*.c) \
  tests/store/script.c tests/store/player.c tests/store/report.c)
store_args = --seed $(or $(SEED),1) $(if $(COUNT),--count $(COUNT))
$(STORE_PROOFS): %: %.o $(STORE_SHARED) $(call archives,$(NEEDS_store))
	@echo "  LD $@"; $(CC) $(LDFLAGS) $(filter %.o,$^) -Wl,--start-group \
	  $(filter %.a,$^) -Wl,--end-group $(LIBS_EXT) -o $@
crash-matrix: $(O)/tests/store/crash_matrix ## the store, stopped at every call and again in recovery
	@$< $(store_args)
torn: $(O)/tests/store/torn            ## the store, cut and with a bit flipped at every byte
	@$< $(store_args)
io-faults: $(O)/tests/store/io_faults  ## the store, on a disk whose every call fails
	@$< $(store_args)
fiu: proofs-build                      ## the master, its system calls failing by libfiu, DEATHS=20
	@STINT_BUILD=$(O) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/store/fiu.py $(ARGS) || [ $$? -eq 77 ]
store-proofs: $(STORE_PROOFS)          ## the short forms of these three
	@for p in $^; do $$p --short $(store_args) || exit 1; done

# The proofs with real processes, each with its own numbers, from a seed; all
# take SEED=N and ARGS=--short: make kill9 KILLS=50 SEED=7
PROOFS := kill9 zombie detect clock chaos disk-full power-cut sync-order upgrade
proof = @STINT_BUILD=$(O) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) \
  tests/proofs/$(subst -,_,$@).py $(ARGS) || [ $$? -eq 77 ]
$(O)/tests/proofs/history: $(patsubst %,$(O)/tests/proofs/%.o,history produce consume) $(O)/libstint.a
	@echo "  LD $@"; $(CC) $(LDFLAGS) $^ $(LIBS_EXT) -o $@
$(O)/tests/proofs/libtrace_sync.so: $(O)/tests/proofs/trace_sync.o
	@echo "  LD $@"; $(CC) $(LDFLAGS) -shared $^ -o $@
proofs-build: prog $(O)/tests/proofs/history $(O)/tests/proofs/libtrace_sync.so \
  $(O)/tests/integration/proxy
kill9: proofs-build                    ## KILLS=300 of the master under load
	$(proof)
zombie: proofs-build                   ## TASKS=1000 late completions of frozen workers
	$(proof)
detect: proofs-build                   ## dead, stopped, hung, cut-off workers, TIMES=10
	$(proof)
clock: proofs-build                    ## the wall clock jumps by a year, ROUNDS=10
	$(proof)
chaos: proofs-build                    ## everything at once for SECONDS=600
	$(proof)
disk-full: proofs-build                ## a full disk, and room again (mounts)
	$(proof)
power-cut: proofs-build                ## CUTS=100 of the power, as the disk sees them (root)
	$(proof)
sync-order: proofs-build               ## PUTS=100000, none acknowledged before its sync
	$(proof)
upgrade: proofs-build                  ## stores of every format open
	$(proof)
proofs: $(PROOFS)                      ## all of these
hosts: proofs-build                    ## jobs on five hosts, through all that networks do (root)
	@STINT_BUILD=$(O) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/hosts/hosts.py $(ARGS) || [ $$? -eq 77 ]

FUZZERS := $(patsubst %.c,$(O)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SHARED := $(patsubst %.c,$(O)/%.o,$(filter-out tests/fuzz/fuzz_%,$(wildcard tests/fuzz/*.c)))
$(O)/tests/fuzz/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(FUZZ_SHARED) $(call archives,core agent rpc proto common)
	@echo "  LD $@"; $(CC) $(LDFLAGS) -fsanitize=fuzzer $(filter %.o,$^) \
	  -Wl,--start-group $(filter %.a,$^) -Wl,--end-group -lsodium -o $@
fuzz-build: $(FUZZERS)
fuzz:                                  ## the fuzzers, SECONDS=60 in all
	@$(MAKE) --no-print-directory CONFIG=fuzz fuzz-build
	@tests/run fuzz $(SECONDS) $(FUZZERS:$(O)/%=build/fuzz/%)

bench: prog lib                        ## measure against Redis, beanstalkd and BaseManager
	@scripts/deps bench
	@$(MAKE) --no-print-directory bench-build
	@bench/run $(BENCH)
bench-build: $(call in,bench) $(O)/bench/redis_bench $(O)/bench/beanstalk_bench \
  $(O)/bench/libslow_sync.so
$(O)/bench/redis_bench: $(O)/bench/redis_bench.o
	@echo "  LD $@"; $(CC) $(LDFLAGS) $^ -lhiredis -o $@
$(O)/bench/beanstalk_bench: $(O)/bench/beanstalk_bench.o
	@echo "  LD $@"; $(CC) $(LDFLAGS) $^ -o $@
$(O)/bench/libslow_sync.so: $(O)/bench/slow_sync.o
	@echo "  LD $@"; $(CC) $(LDFLAGS) -shared $^ -o $@

# The same master on other engines, and each engine alone (bench/stores).
ENGINES := log lmdb_rows lmdb_journal
ENGINE_log = $(call obj,store)
ENGINE_LMDB = $(O)/bench/stores/lmdb_env.o $(O)/master/store/disk.o \
  $(O)/master/store/index.o
ENGINE_lmdb_rows = $(O)/bench/stores/lmdb_rows.o $(ENGINE_LMDB)
ENGINE_lmdb_journal = $(O)/bench/stores/lmdb_journal.o $(ENGINE_LMDB)
define ENGINE
$(O)/bench/stores/master_$(1).o: $(call obj,core) $(call obj,server) $(ENGINE_$(1))
	@ld -r $$^ -o $$@
	@objcopy --localize-hidden $$@
$(O)/bench/stint_$(1): $(CLI_OBJ) $(O)/bench/stores/master_$(1).o \
  $(filter-out $(O)/master.o,$(LIB_OBJ))
	@echo "  LD $$@"; $$(CC) $$(LDFLAGS) -rdynamic $$^ -llmdb $(LIBS_CLI) $(LIBS_EXT) -o $$@
$(O)/bench/drive_$(1): $(O)/bench/stores/drive.o $(ENGINE_$(1)) $(call archives,sys common)
	@echo "  LD $$@"; $$(CC) $$(LDFLAGS) $$^ -llmdb -lsodium -o $$@
endef
$(foreach e,$(ENGINES),$(eval $(call ENGINE,$(e))))
bench-stores: prog bench-build $(foreach e,$(ENGINES),$(O)/bench/drive_$(e)) \
  $(O)/bench/stint_lmdb_rows $(O)/bench/stint_lmdb_journal ## measure the engines of the store
	@bench/stores/run $(BENCH)

# ---- lints -------------------------------------------------------------------

ALL_C := $(shell find common proto process master embed worker client cli examples bench tests \
  -name '*.[ch]' 2>/dev/null | sort)
# The public header is laid out by hand.
# The public headers are a manual, laid out by hand.
FORMATTED := $(filter-out client/stint.h client/stint_%.h,$(ALL_C))
SHELL_SCRIPTS := $(shell grep -lsE '^\#!/(usr/)?bin/(env )?(ba)?sh' run .ci/run \
  scripts/* tests/run tests/lint/* tests/install/* tests/docker/* bench/* examples/* \
  examples/testing/shell/* docker/* 2>/dev/null)
LINTS := format-check layers cycles purity symbols sizes words headers cppcheck \
  shellcheck protocol-doc man-check semantics
lint: $(addprefix lint-,$(LINTS))      ## everything a machine can see in the text
lint-format-check:                     # the formatting is clang-format's
	@scripts/need clang-format clang-format
	@clang-format --dry-run -Werror $(FORMATTED)
lint-layers:                           # no include crosses a layer upwards
	@awk -f tests/lint/check_layers tests/lint/layers.txt $(ALL_C)
lint-cycles: $(call archives,$(LAYERS) cli) # no two modules call each other
	@tests/lint/check_cycles $^
# The table of commands points at all of them: a registry, no caller.
$(O)/libcli.a: $(filter-out $(O)/cli/command.o,$(CLI_OBJ))
	@rm -f $@; $(AR) rcs $@ $^
lint-purity: $(call archives,$(PURE))  # no socket, file, clock or chance
	@tests/lint/check_purity $^
lint-symbols: $(call archives,$(LAYERS)) # foo.c exports only foo_*
	@tests/lint/check_symbols $^
# No source over 600 lines, no test over 1000; what is read by all is not wide.
lint-sizes:
	@awk 'length > 88 {print FILENAME ":" FNR " has " length " columns"; bad=1} \
	  END{exit bad}' $(wildcard client/stint*.h)
	@wc -l $(FORMATTED) | awk '$$2 != "total" && $$1 > ($$2 ~ /^tests/ ? 1000 : 600) \
	  {print $$2 " has " $$1 " lines, too many"; bad=1} END{exit bad}'
lint-words:                            # nothing unfinished
	@tests/lint/check_words
lint-headers: build/include/stint.h    # the public headers are C11 and C++ on their own
	@scripts/need g++ g++
	@for h in $(PUBLIC); do \
	  echo "#include <$$h>" | $(CC) -std=c11 -Wall -Wextra -Wpedantic -Werror -Ibuild/include -fsyntax-only -x c - || exit 1; \
	  echo "#include <$$h>" | g++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -Ibuild/include -fsyntax-only -x c++ - || exit 1; done
lint-cppcheck:
	@scripts/need cppcheck cppcheck
	@cppcheck --std=c11 --enable=warning,performance,portability --inline-suppr \
	  --suppressions-list=tests/lint/cppcheck.txt --error-exitcode=2 --quiet \
	  -j2 -D__GNUC__ -I. common proto process master embed worker client cli
lint-shellcheck:
	@scripts/need shellcheck shellcheck
	@shellcheck $(SHELL_SCRIPTS)
lint-protocol-doc:                     # docs/PROTOCOL.md says what messages.def says
	@tests/lint/check_protocol_doc
lint-man-check: prog                   # the pages know every command and option
	@tests/lint/check_man build/stint docs/man/*.scd
lint-semantics:                        # the tests that rows of multiprocessing name are there
	@tests/lint/check_semantics
format:                                ## rewrite all C with clang-format
	@scripts/need clang-format clang-format
	@clang-format -i $(FORMATTED)

# ---- for people --------------------------------------------------------------

demo:                                  ## install what is missing, build, run the main job
	@scripts/deps build
	@$(MAKE) --no-print-directory -j2 all
	@scripts/demo
# All that the tests of the release need.
check-build: all examples man unit-build integration-build proofs-build $(SIM) \
  $(STORE_PROOFS) $(call archives,$(LAYERS) cli)
check:                                 ## install what tests need, run all of them
	@scripts/deps check
	@tests/run check
ci: check                              ## as CI runs it: check, and the tree stays clean
	@left=$$(git status --porcelain); [ -z "$$left" ] || { echo "not clean after the tests:"; echo "$$left"; exit 1; }
docker:                                ## the demos of docker/ on a real engine (root, or an engine)
	@tests/docker/run
deps:                                  ## install what building and testing need
	@scripts/deps check

MAN_SRC := $(wildcard docs/man/*.scd)
MAN := $(patsubst docs/man/%.scd,build/man/%,$(MAN_SRC))
man: $(MAN)                            ## build/man/*.1
build/man/%: docs/man/%.scd
	@scripts/need scdoc scdoc
	@mkdir -p $(@D)
	@scdoc < $< > $@
# Everything is laid out below build/stage, as it shall lie below DESTDIR, and
# put there with a note of what was put.
STAGE := build/stage
NOTE := $(PREFIX)/share/stint/installed
SHARED_LIBS := $(filter /lib% /usr/%,$(LIBDIR))
ldconfig = @[ -n "$(DESTDIR)" ] || [ -z "$(SHARED_LIBS)" ] || [ "$$(id -u)" -ne 0 ] || ldconfig || true
to = install -d $(STAGE)$(2) && install -m $(1) $(3) $(STAGE)$(2)/
# A path with a blank falls apart, one without a root leads anywhere.  Gives the
# names of those variables.
no_path = $(if $(filter-out 1,$(words $($(1)))),$(1),$(if $(filter /%,$($(1))),,$(1)))
INTO := PREFIX BINDIR LIBDIR INCDIR MANDIR COMPDIR ZSHDIR FISHDIR UNITDIR
WRONG = $(strip $(foreach v,$(INTO),$(call no_path,$(v))))
check-paths:
	$(if $(WRONG),$(error $(firstword $(WRONG)) is "$($(firstword $(WRONG)))": \
	  give one path that begins with / and has no blank; nothing was installed or removed))@:
stage: check-paths all man
	@rm -rf $(STAGE)
	@$(call to,755,$(BINDIR),build/stint)
	@$(call to,644,$(INCDIR),build/include/*.h)
	@$(call to,644,$(LIBDIR),build/libstint.a)
	@$(call to,644,$(PREFIX)/share/stint,scripts/prometheus/stint.rules.yml)
	@install -m 755 build/libstint.so $(STAGE)$(LIBDIR)/libstint.so.$(VERSION)
	@ln -s libstint.so.$(VERSION) $(STAGE)$(LIBDIR)/libstint.so.$(SOVERSION)
	@ln -s libstint.so.$(SOVERSION) $(STAGE)$(LIBDIR)/libstint.so
	@install -d $(addprefix $(STAGE),$(LIBDIR)/pkgconfig $(LIBDIR)/cmake/stint $(COMPDIR) $(ZSHDIR) $(FISHDIR) $(UNITDIR))
	@$(FILL) scripts/pkgconfig/libstint.pc.in > $(STAGE)$(LIBDIR)/pkgconfig/libstint.pc
	@for c in stint-config stint-config-version; do \
	  $(FILL) scripts/cmake/$$c.cmake.in > $(STAGE)$(LIBDIR)/cmake/stint/$$c.cmake; done
	@build/stint completion bash > $(STAGE)$(COMPDIR)/stint
	@build/stint completion zsh > $(STAGE)$(ZSHDIR)/_stint
	@build/stint completion fish > $(STAGE)$(FISHDIR)/stint.fish
	@for u in $(UNITS); do sed 's|/usr/local/bin|$(BINDIR)|' $$u > $(STAGE)$(UNITDIR)/$${u##*/}; done
	@for m in $(MAN); do d=$(STAGE)$(MANDIR)/man$${m##*.}; install -d $$d; install -m 644 $$m $$d/; done
install: stage                         ## DESTDIR= PREFIX=/usr/local
	@scripts/install $(STAGE) "$(DESTDIR)" $(NOTE)
	$(ldconfig)
uninstall: check-paths                 ## what install put there; DESTDIR= PREFIX= as then
	@scripts/install --undo "$(DESTDIR)" $(NOTE)
	$(ldconfig)

clean:                                 ## remove build/
	@rm -rf build
print-%:                               # the value of a variable, for scripts
	@echo $($*)
help:                                  ## this list
	@awk -F'## ' '/^[a-z0-9-]+:.*## /{split($$1,a,":"); printf "  %-14s %s\n", a[1], $$2}' Makefile
.PHONY: check-build warnings docker all lib prog examples unit unit-build integration integration-c restart-2000 \
  integration-build cli-tests parallel terminal asan tsan clang sim model crash-matrix torn io-faults fiu store-proofs fuzz fuzz-build bench \
  bench-build bench-stores lint $(addprefix lint-,$(LINTS)) format demo check ci deps man \
  stage check-paths install install-tests uninstall clean help proofs hosts proofs-build $(PROOFS)
.DEFAULT_GOAL := all
.SECONDARY:
-include $(shell find build -name '*.d' -type f 2>/dev/null)
