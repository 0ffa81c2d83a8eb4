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
