#!/usr/bin/env bats
# What `make install` puts somewhere is enough to compile and link against.

load helper

REPO=${BATS_TEST_DIRNAME}/../..

# Once for all of them; make alone knows what is up to date.
setup_file() {
    make -s -C "${BATS_TEST_DIRNAME}/../.." install \
        PREFIX="$BATS_FILE_TMPDIR/usr" >"$BATS_FILE_TMPDIR/log" 2>&1 3>&- ||
        { cat "$BATS_FILE_TMPDIR/log"; return 1; }
}

pc() {
    PKG_CONFIG_PATH=$BATS_FILE_TMPDIR/usr/lib/pkgconfig pkg-config "$@" libstint
}

consumer() {
    cat >"$1" <<'CODE'
#include <stdio.h>
#include <stint.h>
int main(void)
{
    struct stint *s = NULL;
    struct stint_options o = { };
    o.master = "no address";
    o.authkey = "an authkey that is long enough";
    printf("%s %d\n", stint_version(), stint_connect(&o, &s) == STINT_EINVAL);
    return 0;
}
CODE
}

# linked COMPILER SOURCE FLAG...: it runs, and says what it was linked with.
linked() {
    # shellcheck disable=SC2046 # flags are words
    "$1" -o user "$2" $(pc --cflags) "${@:3}"
    [ "$(LD_LIBRARY_PATH=$BATS_FILE_TMPDIR/usr/lib ./user)" = "$(stint version | cut -d' ' -f2) 1" ]
}

@test "C and C++ programs link the shared library as pkg-config says" {
    consumer user.c
    consumer user.cc
    read -ra libs <<<"$(pc --libs)"
    for pair in "gcc user.c" "g++ user.cc"; do
        # shellcheck disable=SC2086 # two words
        linked $pair "${libs[@]}"
        readelf -d user | grep -q 'libstint\.so\.'
    done
}

@test "C and C++ programs link the archive as pkg-config --static says" {
    consumer user.c
    consumer user.cc
    read -ra libs <<<"$(pc --static --libs | sed 's/-lstint/-l:libstint.a/')"
    for pair in "gcc user.c" "g++ user.cc"; do
        # shellcheck disable=SC2086 # two words
        linked $pair "${libs[@]}"
        readelf -d user | lacks 'libstint\.so'
    done
}

@test "pkg-config --static --libs links as it stands" {
    consumer user.c
    read -ra libs <<<"$(pc --static --libs)"
    linked gcc user.c "${libs[@]}"
}

@test "completions of three shells and the manual are installed" {
    cd "$BATS_FILE_TMPDIR/usr/share"
    [ -s bash-completion/completions/stint ]
    [ -s zsh/site-functions/_stint ]
    [ -s fish/vendor_completions.d/stint.fish ]
    [ -s man/man1/stint.1 ]
}

@test "the systemd unit starts what was installed, and is sound" {
    unit=$BATS_FILE_TMPDIR/usr/lib/systemd/system/stint-master.service
    grep -q "^ExecStart=$BATS_FILE_TMPDIR/usr/bin/stint master" "$unit"
    command -v systemd-analyze >/dev/null || skip "no systemd-analyze here"
    systemd-analyze verify --man=no "$unit"
}

@test "uninstall takes all of it away" {
    make -s -C "$REPO" install DESTDIR="$T/root" PREFIX=/usr >log 2>&1 3>&-
    [ -x root/usr/bin/stint ]
    make -s -C "$REPO" uninstall DESTDIR="$T/root" PREFIX=/usr >log 2>&1 3>&-
    [ -z "$(find root -type f -o -type l)" ]
}
