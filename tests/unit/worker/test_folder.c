#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/folder.h"

static char parent[] = "/tmp/stint-test-XXXXXX";
static struct folder folder;
static struct reason why;

static int
begin(void **state)
{
    (void)state;
    folder_init(&folder);
    return mkdtemp(parent) != NULL ? 0 : -1;
}

static int
end(void **state)
{
    (void)state;
    return rmdir(parent);
}

static void
run_inside(const char *script)
{
    char line[8192];

    assert_true(folder_make(&folder, parent, 17, &why));
    (void)snprintf(
        line, sizeof line, "cd '%s' && exec 2>&1 && %s", folder.path, script);
    assert_int_equal(system(line), 0); /* NOLINT(cert-env33-c) */
}

static void
expect_gone(void)
{
    char path[FOLDER_PATH];

    (void)snprintf(path, sizeof path, "%s", folder.path);
    assert_int_equal(folder_remove(&folder), 0);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(folder.fd, -1);
}

static void
it_is_made_for_us_alone(void **state)
{
    struct stat info;

    (void)state;
    assert_true(folder_make(&folder, parent, 17, &why));
    assert_memory_equal(folder.path, parent, strlen(parent));
    assert_non_null(strstr(folder.path, "17-"));
    assert_int_equal(fstat(folder.fd, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    expect_gone();
    assert_int_equal(folder_remove(&folder), 0);
}

static void
it_goes_with_all_that_is_in_it(void **state)
{
    (void)state;
    run_inside("mkdir -p a/b/c d && touch a/f a/b/.g 'd/h i' && mkfifo p "
               "&& ln -s nowhere l");
    expect_gone();
}

static void
read_only_folders_go_too(void **state)
{
    (void)state;
    run_inside("mkdir -p a/b c && touch a/b/f && chmod 500 a/b a && chmod 0 c "
               "&& chmod 500 .");
    expect_gone();
}

static void
what_links_point_at_stays(void **state)
{
    char kept[64], file[80];

    (void)state;
    (void)snprintf(kept, sizeof kept, "%s/kept", parent);
    (void)snprintf(file, sizeof file, "%s/file", kept);
    assert_int_equal(mkdir(kept, 0700), 0);
    run_inside("touch ../kept/file && ln -s ../kept link && ln -s ../kept/file "
               "other && mkdir sub && ln -s ../../kept sub/link");
    expect_gone();
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(kept), 0);
}

static void
deep_ones_go_too(void **state)
{
    (void)state;
    run_inside("i=0; while [ $i -lt 100 ]; do mkdir long-name-of-a-folder && "
               "cd long-name-of-a-folder && touch file && i=$((i+1)); done");
    expect_gone();
}

static void
without_a_place_there_is_none(void **state)
{
    (void)state;
    assert_false(folder_make(&folder, "/no/such/place", 17, &why));
    assert_non_null(strstr(why.text, "/no/such/place"));
    assert_int_equal(folder.fd, -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_made_for_us_alone),
        cmocka_unit_test(it_goes_with_all_that_is_in_it),
        cmocka_unit_test(read_only_folders_go_too),
        cmocka_unit_test(what_links_point_at_stays),
        cmocka_unit_test(deep_ones_go_too),
        cmocka_unit_test(without_a_place_there_is_none),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
