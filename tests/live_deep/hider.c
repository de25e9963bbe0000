/* A preloaded library that hides, for a test: names with a mark in them, and one process number.
 *
 * HIDE_MARK and HIDE_PID say what. With HIDE_RAW set the raw system call goes through it too, as a
 * program that calls getdents64 by the C library's syscall() would have it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

static int hidden(const char *name)
{
    const char *mark = getenv("HIDE_MARK"), *pid = getenv("HIDE_PID");
    return (mark && strstr(name, mark)) || (pid && strcmp(name, pid) == 0);
}

#define HOOK(type, name)                                                                           \
    type *name(DIR *dir)                                                                           \
    {                                                                                              \
        static type *(*next)(DIR *);                                                               \
        type *found;                                                                               \
        if (!next)                                                                                 \
            next = dlsym(RTLD_NEXT, #name);                                                        \
        do                                                                                         \
            found = next(dir);                                                                     \
        while (found && hidden(found->d_name));                                                    \
        return found;                                                                              \
    }
HOOK(struct dirent, readdir)
HOOK(struct dirent64, readdir64)

long syscall(long number, ...)
{
    static long (*next)(long, ...);
    long a[6], size, at, kept;
    va_list rest;
    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(rest, long);
    va_end(rest);
    if (!next)
        next = dlsym(RTLD_NEXT, "syscall");
    size = next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (number != SYS_getdents64 || size <= 0 || !getenv("HIDE_RAW"))
        return size;
    char *buffer = (char *)a[1];
    for (at = kept = 0; at < size;) {
        struct dirent64 *one = (struct dirent64 *)(buffer + at);
        long length = one->d_reclen;
        if (!hidden(one->d_name)) {
            memmove(buffer + kept, one, length);
            kept += length;
        }
        at += length;
    }
    return kept;
}
