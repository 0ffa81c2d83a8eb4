/**
 * banned.h - what nobody here may call; included by force.    [layer: common]
 *
 * The libc headers come first, so that their own declarations still pass.
 */
#ifndef BANNED_H
#define BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets
#pragma GCC poison atoi atol strtok rand gmtime localtime ctime asctime

#endif
