/* A worker's folder: its own, locked, and what dead ones left is removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker/workspace.h"

static char tmp[] = "/tmp/stint-test-XXXXXX";

static bool
is_there(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0;
}

static const char *
path_of(struct workspace *w)
{
    struct reason why = { "" };
    const char *path = workspace_path(w, &why);

    if (path == NULL) print_error("%s\n", why.text);
    assert_non_null(path);
    return path;
}

/* A worker that is killed: its folder, with something in it. */
static void
leave_one(char left[FOLDER_PATH])
{
    char inside[FOLDER_PATH + 16];
    int pipes[2];

    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct workspace w;
        struct reason why;
        workspace_init(&w);
        const char *path = workspace_path(&w, &why);
        if (path == NULL || write(pipes[1], path, strlen(path) + 1) < 0) {
            _exit(1);
        }
        _exit(0);
    }
    assert_true(read(pipes[0], left, FOLDER_PATH) > 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    (void)snprintf(inside, sizeof inside, "%s/1-task", left);
    assert_int_equal(mkdir(inside, 0), 0);
}

static void
it_is_made_when_it_is_needed_closed_to_others_and_removed(void **state)
{
    struct workspace w;
    struct stat info;
    char path[FOLDER_PATH];

    (void)state;
    workspace_init(&w);
    assert_int_equal(w.folder.fd, -1);
    (void)snprintf(path, sizeof path, "%s", path_of(&w));
    assert_int_equal(strncmp(path, tmp, strlen(tmp)), 0);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_string_equal(path_of(&w), path);
    workspace_fini(&w);
    assert_false(is_there(path));
}

static void
what_a_dead_worker_left_is_removed_and_what_a_living_one_has_is_not(
    void **state)
{
    struct workspace first, second;
    char left[FOLDER_PATH], path[FOLDER_PATH];

    (void)state;
    workspace_init(&first);
    workspace_init(&second);
    (void)snprintf(path, sizeof path, "%s", path_of(&first));
    leave_one(left);
    assert_true(is_there(left));
    (void)path_of(&second);
    assert_false(is_there(left));
    assert_true(is_there(path));
    workspace_fini(&second);
    assert_true(is_there(path));
    workspace_fini(&first);
}

static void
what_only_has_such_a_name_stays(void **state)
{
    struct workspace w;
    char name[FOLDER_PATH], target[FOLDER_PATH];

    (void)state;
    /* A link in the place of a folder leads nowhere. */
    leave_one(name);
    (void)snprintf(target, sizeof target, "%s/target", tmp);
    assert_int_equal(rename(name, target), 0);
    assert_int_equal(symlink(target, name), 0);
    workspace_init(&w);
    (void)path_of(&w);
    workspace_fini(&w);
    assert_true(is_there(target));
    assert_int_equal(unlink(name), 0);
    assert_int_equal(rename(target, name), 0);
}

static void
without_a_place_it_says_which(void **state)
{
    struct workspace w;
    struct reason why = { "" };

    (void)state;
    assert_int_equal(setenv("TMPDIR", "/nowhere", 1), 0);
    workspace_init(&w);
    assert_null(workspace_path(&w, &why));
    assert_non_null(strstr(why.text, "/nowhere"));
    workspace_fini(&w);
    assert_int_equal(setenv("TMPDIR", tmp, 1), 0);
}

static int
set_up(void **state)
{
    (void)state;
    if (mkdtemp(tmp) == NULL) return -1;
    return setenv("TMPDIR", tmp, 1);
}

static int
tear_down(void **state)
{
    struct workspace w;

    (void)state;
    workspace_init(&w);
    (void)path_of(&w);
    workspace_fini(&w);
    return rmdir(tmp);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            it_is_made_when_it_is_needed_closed_to_others_and_removed),
        cmocka_unit_test(
            what_a_dead_worker_left_is_removed_and_what_a_living_one_has_is_not),
        cmocka_unit_test(what_only_has_such_a_name_stays),
        cmocka_unit_test(without_a_place_it_says_which),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
