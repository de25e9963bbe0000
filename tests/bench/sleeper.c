/* A process that sleeps: sleeper PAIRS DESCRIPTORS [rwx|memfd-code|memfd-held|patched|rewritten]
 *
 * Maps PAIRS pairs of pages of different permissions (so that the kernel cannot merge them) and
 * opens DESCRIPTORS descriptors; the last argument plants something to be found. Says one byte on
 * standard output when it is ready, and dies with its parent.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PAGE 4096

static void plant(const char *what)
{
    int fd;
    if (strcmp(what, "rwx") == 0) {
        char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        page[0] = (char)0xc3;
    } else if (strcmp(what, "patched") == 0 || strcmp(what, "rewritten") == 0) {
        /* code that never runs here: a breakpoint on it, or the byte that was there */
        char *code = (char *)(uintptr_t)l64a;
        char *page = (char *)((uintptr_t)code & ~(uintptr_t)(PAGE - 1));
        if (mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
            exit(1);
        *(volatile char *)code = what[0] == 'p' ? (char)0xcc : *(volatile char *)code;
        mprotect(page, PAGE, PROT_READ | PROT_EXEC);
    } else if (strncmp(what, "memfd", 5) == 0) {
        fd = memfd_create("planted", 0);
        if (ftruncate(fd, PAGE) != 0)
            exit(1);
        if (strcmp(what, "memfd-code") == 0) {
            mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
            close(fd);
        }
    }
}

int main(int count, char **words)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (count < 3)
        return 1;
    for (int i = atoi(words[1]); i > 0; i--) {
        mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    for (int i = atoi(words[2]); i > 0; i--)
        open(i % 2 ? "/dev/null" : "/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (count > 3)
        plant(words[3]);
    if (write(STDOUT_FILENO, "r", 1) != 1)
        return 1;
    for (;;)
        pause();
}
