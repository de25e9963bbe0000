/* The floor: for every process the least that finds fileless code, read with nothing in between.
 *
 * The link exe, all of maps (executable lines counted), every descriptor's link. Prints one line:
 * processes, executable mappings, descriptors, nanoseconds of wall clock, microseconds of CPU.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 16];
static char target[4096];
static long processes, mappings, descriptors;

static void count_lines(const char *text, ssize_t size, int *column)
{
    for (ssize_t i = 0; i < size; i++) {
        if (text[i] == '\n') {
            *column = 0;
        } else {
            /* addresses and offsets are hexadecimal: an x before column 38 is the permission */
            if (*column < 38 && text[i] == 'x')
                mappings++;
            ++*column;
        }
    }
}

static void read_maps(int process)
{
    int column = 0;
    ssize_t size;
    int fd = openat(process, "maps", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    while ((size = read(fd, buffer, sizeof buffer)) > 0)
        count_lines(buffer, size, &column);
    close(fd);
}

static void read_descriptors(int process)
{
    int fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    if (listing == NULL)
        return;
    while ((entry = readdir(listing)) != NULL)
        if (entry->d_name[0] != '.' && readlinkat(fd, entry->d_name, target, sizeof target) > 0)
            descriptors++;
    closedir(listing);
}

static void look_at(int table, const char *pid)
{
    int process = openat(table, pid, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (process < 0)
        return;
    processes++;
    if (readlinkat(process, "exe", target, sizeof target) >= 0) {
        read_maps(process);
        read_descriptors(process);
    }
    close(process);
}

int main(void)
{
    struct timespec begun, ended;
    struct rusage used;
    struct dirent *entry;
    DIR *table = opendir("/proc");
    if (table == NULL)
        return 1;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    while ((entry = readdir(table)) != NULL)
        if (isdigit((unsigned char)entry->d_name[0]))
            look_at(dirfd(table), entry->d_name);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    getrusage(RUSAGE_SELF, &used);
    printf("%ld %ld %ld %lld %lld\n", processes, mappings, descriptors,
           (ended.tv_sec - begun.tv_sec) * 1000000000LL + ended.tv_nsec - begun.tv_nsec,
           (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec +
               used.ru_stime.tv_usec);
    return 0;
}
