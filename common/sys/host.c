#include "common/sys/host.h"

#include <dirent.h>
#include <sched.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base.h"

void
host_name(char out[256])
{
    if (gethostname(out, 256) != 0 || out[0] == '\0') {
        (void)snprintf(out, 256, "localhost");
    }
    out[255] = '\0';
}

unsigned
host_cores(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : (unsigned)count;
}

/* The limit of the cgroup we are in, as a container sees it; "max": none. */
static size_t
cgroup_limit(void)
{
    unsigned long long bytes = 0;
    FILE *f = fopen("/sys/fs/cgroup/memory.max", "re");

    if (f == NULL) return SIZE_MAX;
    int got = fscanf(f, "%llu", &bytes);
    (void)fclose(f);
    return got == 1 && bytes < SIZE_MAX ? (size_t)bytes : SIZE_MAX;
}

size_t
host_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

    if (pages <= 0 || page <= 0) return 0;
    size_t built_in = (size_t)pages * (size_t)page, limit = cgroup_limit();
    return limit < built_in ? limit : built_in;
}

size_t
host_raise_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    return (size_t)(setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur
                                                          : before);
}

size_t
host_allow_files(size_t wanted)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    rlim_t before = limit.rlim_cur;
    if (before >= wanted) return (size_t)before;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    return (size_t)(setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur
                                                          : before);
}

bool
host_can_open(unsigned count)
{
    int fds[64];
    unsigned opened = 0;

    while (opened < count && opened < ARRAY_LEN(fds)) {
        fds[opened] = eventfd(0, EFD_CLOEXEC);
        if (fds[opened] < 0) break;
        opened++;
    }
    for (unsigned i = 0; i < opened; i++)
        (void)close(fds[i]);
    return opened >= count;
}

size_t
host_open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t count = 0;

    if (dir == NULL) return 0;
    while (readdir(dir) != NULL)
        count++;
    (void)closedir(dir);
    return count > 3 ? count - 3 : 0; /* ".", "..", and this folder. */
}

void
host_boot(uint8_t out[16])
{
    char text[64] = "";
    size_t length = 0;
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

    if (f != NULL) {
        if (fgets(text, sizeof text, f) == NULL) text[0] = '\0';
        (void)fclose(f);
    }
    if (sodium_hex2bin(out, 16, text, strlen(text), "-\n", &length, NULL) != 0
        || length != 16) {
        memset(out, 0, 16);
    }
}
