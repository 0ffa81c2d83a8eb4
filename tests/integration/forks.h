/**
 * forks.h - for tests whose processes are copies of them.     [layer: tests]
 *
 * TSan would end a copy of a process with threads that starts threads of its
 * own, as ours do.
 */
#ifndef FORKS_H
#define FORKS_H

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
const char *__tsan_default_options(void);
const char *
__tsan_default_options(void)
{
    return "die_after_fork=0";
}
#endif
#endif

#endif
