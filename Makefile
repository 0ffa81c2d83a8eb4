# Stint.  `make help` lists the targets.
# One flat Makefile: every configuration has its own tree under build/, every
# layer its own archive, and each unit test links only the layers it may use.

VERSION := 0.1.0
CONFIG ?= release
O := build/$(CONFIG)
CC_release := gcc
CC_clang := clang
CC_asan := clang
CC_tsan := clang
CC_fuzz := clang
CC := $(CC_$(CONFIG))

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
LAYERS := common proto core agent rpc sys server client worker
DIR_common := common
DIR_proto := proto
DIR_core := master/core
DIR_agent := worker/agent
DIR_rpc := client/rpc
DIR_sys := common/sys
DIR_server := master/server
DIR_client := client
DIR_worker := worker

all: lib prog                          ## the program build/stint and the libraries
lib: $(O)/include/stint.h $(O)/libstint.so $(O)/libstint.a
prog: $(O)/stint

PKGS := libzmq libsodium $(shell pkg-config --exists msgpack && echo msgpack || echo msgpack-c)
PKGS_cli := libczmq jansson smartcols
LIBS_EXT := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lpthread -ldl
LIBS_CLI := $(shell pkg-config --libs $(PKGS_cli) 2>/dev/null)

src = $(wildcard $(DIR_$(1))/*.c)
obj = $(patsubst %.c,$(O)/%.o,$(call src,$(1)))
ALL_OBJ := $(foreach l,$(LAYERS),$(call obj,$(l)))
CLI_OBJ := $(patsubst %.c,$(O)/%.o,$(wildcard cli/*.c))

$(O)/%.o: %.c | build/include/stint.h
	@mkdir -p $(@D)
	@echo "  CC $<"; $(CC) $(CFLAGS) -MMD -MP -c $< -o $@
define ARCHIVE
$(O)/lib$(1).a: $(call obj,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$(AR) rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call ARCHIVE,$(l))))
archives = $(foreach l,$(1),$(O)/lib$(l).a)

build/include/stint.h: client/stint.h common/stint_error.h
	@mkdir -p build/include
	@cp common/stint_error.h client/stint.h build/include/
$(O)/include/stint.h: build/include/stint.h
	@mkdir -p $(@D)
	@[ $(O) = build ] || cp build/include/*.h $(@D)/

# One object with only the public names left, so that nothing of ours collides
# with anything of the program that links the archive.
$(O)/libstint.o: $(ALL_OBJ)
	ld -r $^ -o $@
	objcopy --localize-hidden $@
$(O)/libstint.a: $(O)/libstint.o
	@rm -f $@
	$(AR) rcs $@ $<
	@[ $(CONFIG) != release ] || cp $@ build/
$(O)/libstint.so: $(ALL_OBJ)
	$(CC) $(LDFLAGS) -shared -Wl,-soname,libstint.so.0 $^ $(LIBS_EXT) -o $@
	@[ $(CONFIG) != release ] || { cp $@ build/ && ln -sf libstint.so build/libstint.so.0; }
$(O)/stint: $(CLI_OBJ) $(O)/libstint.a
	$(CC) $(LDFLAGS) -rdynamic $^ $(LIBS_CLI) $(LIBS_EXT) -o $@
	@[ $(CONFIG) != release ] || cp $@ build/

# Unit tests: tests/unit/LAYER/test_*.c links LAYER and what is below it.
NEEDS_common := common
NEEDS_proto := proto common
NEEDS_core := core proto common
NEEDS_agent := agent common
NEEDS_rpc := rpc proto common
NEEDS_sys := sys proto common
EXT_proto := -lsodium
EXT_core := -lsodium
EXT_rpc := -lsodium
EXT_sys := $(LIBS_EXT)
UNIT_LAYERS := common proto core agent rpc sys
define UNIT
$(O)/tests/unit/$(1)/test_%: $(O)/tests/unit/$(1)/test_%.o $(call archives,$(NEEDS_$(1)))
	$$(CC) $$(LDFLAGS) $$^ -lcmocka $(EXT_$(1)) -o $$@
endef
$(foreach l,$(UNIT_LAYERS),$(eval $(call UNIT,$(l))))
UNIT_TESTS := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/*/test_*.c))
unit: $(UNIT_TESTS)                    ## build and run the unit tests
	@set -e; for t in $(UNIT_TESTS); do $$t; done

clean:                                 ## remove build/
	@rm -rf build
help:                                  ## this list
	@awk -F'## ' '/^[a-z-]+:.*## /{split($$1,a,":"); printf "  %-14s %s\n", a[1], $$2}' Makefile
.PHONY: all lib prog unit clean help
.SECONDARY:
-include $(shell find build -name '*.d' 2>/dev/null)
