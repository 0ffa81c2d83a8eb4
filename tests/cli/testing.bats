#!/usr/bin/env bats
# examples/testing: projects that use Stint in their own tests, as somebody has
# them who installed it.

load helper

REPO=${BATS_TEST_DIRNAME}/../..

setup_file() {
    make -s -C "${BATS_TEST_DIRNAME}/../.." install \
        PREFIX="$BATS_FILE_TMPDIR/usr" >"$BATS_FILE_TMPDIR/log" 2>&1 3>&- ||
        { cat "$BATS_FILE_TMPDIR/log"; return 1; }
}

# project NAME: a copy of it, so that nothing is built in the tree.
project() {
    cp -r "$REPO/examples/testing/$1" "$T/project" && cd "$T/project" || return 1
}

@test "the C project's own tests pass" {
    project c
    run env -u MAKEFLAGS CMOCKA_MESSAGE_OUTPUT=TAP \
        PKG_CONFIG_PATH="$BATS_FILE_TMPDIR/usr/lib/pkgconfig" make -s check
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep -c '^ok' <<<"$output")" -eq 7 ]
}

@test "the shell project's own tests pass" {
    project shell
    run env PATH="$BATS_FILE_TMPDIR/usr/bin:$PATH" bats --tap test.bats
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep -c '^ok' <<<"$output")" -eq 3 ]
}

# What the page shows of the projects is what is in them.
@test "docs/TESTING-WITH-STINT.md shows the projects as they are" {
    python3 - "$REPO" <<'CODE'
import re, sys
repo = sys.argv[1]
page = open(repo + "/docs/TESTING-WITH-STINT.md").read()
shown = re.findall(r"<!-- from (\S+) -->\n```\w*\n(.*?)```", page, re.S)
assert len(shown) >= 2, shown
for name, text in shown:
    source = open(repo + "/examples/testing/" + name).read()
    for part in text.split("…\n"):
        assert part.strip("\n") in source, (name, part)
CODE
}
