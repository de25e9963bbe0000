/* Processes whose code was led elsewhere: led MODE [FILE]; says "ready PID" and waits.

   Each mode finds what it changes by itself: the tables by its own dynamic section, the vDSO by
   the auxiliary vector. What it leads to does nothing but return or wait. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <linux/perf_event.h>
#include <linux/prctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const unsigned char RETURNS[] = {0x31, 0xc0, 0xc3};
/* mov eax, 34 (pause); syscall; jmp back */
static const unsigned char PAUSES[] = {0xb8, 0x22, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7};
/* push rbx; mov rbx, rdi; call rbx; jmp back: the C library's pause, called from here */
static const unsigned char CALLS[] = {0x53, 0x48, 0x89, 0xfb, 0xff, 0xd3, 0xeb, 0xfc};

/* munmap(rdi, rsi); write(1, rdx, rcx); then pause for ever */
static const unsigned char LEAVES[] = {
    0xb8, 0x0b, 0, 0, 0, 0x49, 0x89, 0xd4, 0x49, 0x89, 0xcd, 0x0f, 0x05,
    0xb8, 0x01, 0, 0, 0, 0xbf, 0x01, 0, 0, 0, 0x4c, 0x89, 0xe6, 0x4c, 0x89, 0xea, 0x0f, 0x05,
    0xb8, 0x22, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7};
/* munmap; prctl(PR_SET_MM, PR_SET_MM_MAP, r8, 104); mmap a page of the file r9; write; pause */
static const unsigned char RENAMES[] = {
    0xb8, 0x0b, 0, 0, 0, 0x49, 0x89, 0xd4, 0x49, 0x89, 0xcd, 0x4d, 0x89, 0xc6, 0x4d, 0x89, 0xcf,
    0x0f, 0x05,
    0xbf, 0x23, 0, 0, 0, 0xbe, 0x0e, 0, 0, 0, 0x4c, 0x89, 0xf2, 0x41, 0xba, 0x68, 0, 0, 0,
    0x45, 0x31, 0xc0, 0xb8, 0x9d, 0, 0, 0, 0x0f, 0x05,
    0x31, 0xff, 0xbe, 0, 0x10, 0, 0, 0xba, 0x01, 0, 0, 0, 0x41, 0xba, 0x02, 0, 0, 0,
    0x4d, 0x89, 0xf8, 0x45, 0x31, 0xc9, 0xb8, 0x09, 0, 0, 0, 0x0f, 0x05,
    0xb8, 0x01, 0, 0, 0, 0xbf, 0x01, 0, 0, 0, 0x4c, 0x89, 0xe6, 0x4c, 0x89, 0xea, 0x0f, 0x05,
    0xb8, 0x22, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7};

static void fail(const char *what) {
    printf("refused %s\n", what);
    exit(0);
}

static void *anonymous(const unsigned char *code, size_t size) {
    void *at = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(at, code, size);
    mprotect(at, 4096, PROT_READ | PROT_EXEC);
    return at;
}

static void *in_memfd(const unsigned char *code, size_t size) {
    int fd = memfd_create("cache", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 4096) || pwrite(fd, code, size, 0) != (ssize_t)size)
        fail("memfd_create");
    void *at = mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) fail("mmap of a memfd");
    close(fd);
    return at;
}

/* The word of this program's table that stands for a function. */
static void **word_of(const char *wanted) {
    ElfW(Sym) *symbols = 0;
    const char *names = 0;
    struct { ElfW(Rela) *first; size_t size; } tables[2] = {{0, 0}, {0, 0}};
    for (ElfW(Dyn) *d = _DYNAMIC; d->d_tag != DT_NULL; d++) {
        if (d->d_tag == DT_SYMTAB) symbols = (void *)d->d_un.d_ptr;
        if (d->d_tag == DT_STRTAB) names = (void *)d->d_un.d_ptr;
        if (d->d_tag == DT_JMPREL) tables[0].first = (void *)d->d_un.d_ptr;
        if (d->d_tag == DT_PLTRELSZ) tables[0].size = d->d_un.d_val;
        if (d->d_tag == DT_RELA) tables[1].first = (void *)d->d_un.d_ptr;
        if (d->d_tag == DT_RELASZ) tables[1].size = d->d_un.d_val;
    }
    ElfW(Addr) base = _r_debug.r_map->l_addr;
    for (int t = 0; t < 2; t++)
        for (size_t i = 0; i < tables[t].size / sizeof(ElfW(Rela)); i++) {
            ElfW(Rela) *r = &tables[t].first[i];
            if (strcmp(names + symbols[ELF64_R_SYM(r->r_info)].st_name, wanted) == 0)
                return (void **)(base + r->r_offset);
        }
    fail("no such word in the table");
    return 0;
}

static void lead(const char *name, void *where) {
    void **word = word_of(name);
    void *page = (void *)((unsigned long)word & ~4095ul);
    if (mprotect(page, 8192, PROT_READ | PROT_WRITE)) mprotect(page, 4096, PROT_READ | PROT_WRITE);
    *word = where;
}

static void *run(void *code) {
    ((void (*)(void *))code)((void *)pause);
    return 0;
}

static void in_thread(void *code) {
    pthread_t thread;
    if (pthread_create(&thread, 0, run, code)) fail("pthread_create");
}

/* Poke the vDSO of a child with ptrace, perhaps putting back what was there. */
static pid_t poked(int back, long breakpoint) {
    char *vdso = (char *)getauxval(AT_SYSINFO_EHDR) + 0x800;
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        for (;;) pause();
    }
    int status;
    waitpid(child, &status, 0);
    long old = ptrace(PTRACE_PEEKTEXT, child, vdso, 0);
    long new = breakpoint ? (old & ~0xffl) | 0xcc : old ^ 0x5a5a5a5a5a5a5a5al;
    if (ptrace(PTRACE_POKETEXT, child, vdso, new)) fail("PTRACE_POKETEXT");
    if (back) ptrace(PTRACE_POKETEXT, child, vdso, old);
    ptrace(breakpoint ? PTRACE_CONT : PTRACE_DETACH, child, 0, 0);
    return child;
}

static void replace_vdso(int with_other) {
    char *vdso = (char *)getauxval(AT_SYSINFO_EHDR);
    static char copy[8192];
    memcpy(copy, vdso, 4096);
    if (munmap(vdso, 4096) || munmap(vdso + 4096, 4096)) fail("munmap of the vDSO");
    if (!with_other) return;
    void *at = mmap(vdso, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    memcpy(at, copy, sizeof copy);
    mprotect(at, 8192, PROT_READ | PROT_EXEC);
}

/* The first and last address of this program's mappings, of its code alone or all of them. */
static void extent(int code, unsigned long *first, unsigned long *last) {
    char line[4096], perms[8], exe[4096] = {0};
    FILE *maps = fopen("/proc/self/maps", "r");
    readlink("/proc/self/exe", exe, sizeof exe - 1);
    *first = 0;
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        sscanf(line, "%lx-%lx %7s", &start, &end, perms);
        if (!strstr(line, exe) || (code && perms[2] != 'x')) continue;
        if (!*first) *first = start;
        *last = end;
    }
    fclose(maps);
}

/* What prctl(PR_SET_MM_MAP) sets, as it is, but for the file that the exe link shows. */
static struct prctl_mm_map *as_it_is(int fd) {
    struct prctl_mm_map *map = calloc(1, sizeof *map);
    unsigned long long n[53] = {0};
    char text[4096] = {0}, *at;
    FILE *stat = fopen("/proc/self/stat", "r");
    fread(text, 1, sizeof text - 1, stat);
    fclose(stat);
    at = strrchr(text, ')') + 4;
    for (int i = 4; i < 52; i++) n[i] = strtoull(at, &at, 10);
    map->start_code = n[26], map->end_code = n[27], map->start_stack = n[28];
    map->start_data = n[45], map->end_data = n[46], map->start_brk = n[47];
    map->arg_start = n[48], map->arg_end = n[49], map->env_start = n[50], map->env_end = n[51];
    map->brk = (unsigned long)sbrk(0);
    map->exe_fd = fd;
    return map;
}

static void leave(const unsigned char *code, size_t size, int all, int fd) {
    unsigned long first, last;
    char word[64];
    int length = snprintf(word, sizeof word, "ready %d\n", getpid());
    void *map = all ? as_it_is(fd) : 0;
    extent(!all, &first, &last);
    void (*run)(unsigned long, unsigned long, char *, long, void *, long) = anonymous(code, size);
    run(first, last - first, word, length, map, fd);
}

/* The page of the program's entry again, out of a memfd; perhaps with other code in it. */
static void cover(unsigned long address, int fd, int changed) {
    char *page = (char *)(address & ~4095ul);
    static unsigned char copy[4096];
    memcpy(copy, page, 4096);
    if (changed) memset(copy + (address & 4095), 0x90, 16);
    if (fd >= 0 && (ftruncate(fd, 4096) || pwrite(fd, copy, 4096, 0) != 4096)) fail("memfd");
    if (fd >= 0) {
        if (mmap(page, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED)
            fail("mmap over the program");
    } else {
        void *made = anonymous(copy, 4096);
        if (mremap(made, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, page) == MAP_FAILED)
            fail("mremap over a library");
    }
}

/* Bytes written over the start of a function of the C library. */
static void patch(const unsigned char *code, size_t size) {
    char *function = dlsym(RTLD_DEFAULT, "lcong48");
    char *page = (char *)((unsigned long)function & ~4095ul);
    if (mprotect(page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC)) fail("mprotect of a library");
    memcpy(function, code, size);
    mprotect(page, 8192, PROT_READ | PROT_EXEC);
}

static void jump_to(void *where) {
    unsigned char code[12] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};
    memcpy(code + 2, &where, 8);
    patch(code, sizeof code);
}

int traced(int n) { return n * 7; }

/* A probe of the kernel's on one of our own functions, which ends with us. */
static void probed(void) {
    struct perf_event_attr attr = {.size = sizeof attr, .sample_period = 1, .wakeup_events = 1};
    Dl_info where;
    char exe[4096] = {0};
    FILE *type = fopen("/sys/bus/event_source/devices/uprobe/type", "r");
    if (!type || fscanf(type, "%u", &attr.type) != 1) fail("no uprobes");
    readlink("/proc/self/exe", exe, sizeof exe - 1);
    dladdr(traced, &where);
    attr.uprobe_path = (unsigned long)exe;
    attr.probe_offset = (unsigned long)traced - (unsigned long)where.dli_fbase;
    if (syscall(SYS_perf_event_open, &attr, getpid(), -1, -1, 0) < 0) fail("perf_event_open");
    if (*(volatile unsigned char *)traced != 0xcc) fail("the probe is not in this memory");
}

int main(int argc, char **argv) {
    const char *mode = argv[1];
    pid_t who = getpid();
    if (!strcmp(mode, "table-anonymous")) lead("getppid", anonymous(RETURNS, sizeof RETURNS));
    else if (!strcmp(mode, "table-memfd")) lead("getppid", in_memfd(RETURNS, sizeof RETURNS));
    else if (!strcmp(mode, "table-other-function")) lead("getppid", dlsym(RTLD_DEFAULT, "system"));
    else if (!strcmp(mode, "table-library")) {
        void *library = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
        if (!library) fail(dlerror());
        lead("getppid", dlsym(library, "replacement"));
    }
    else if (!strcmp(mode, "jit-only")) anonymous(RETURNS, sizeof RETURNS);
    else if (!strcmp(mode, "thread-pauses")) in_thread(anonymous(PAUSES, sizeof PAUSES));
    else if (!strcmp(mode, "thread-pauses-memfd")) in_thread(in_memfd(PAUSES, sizeof PAUSES));
    else if (!strcmp(mode, "thread-beside-ended") || !strcmp(mode, "leader-ended")) {
        if (mode[0] == 't') in_thread(anonymous(PAUSES, sizeof PAUSES));
        else in_thread((void *)pause);
        printf("ready %d\n", who);
        fflush(stdout);
        syscall(SYS_exit, 0);
    }
    else if (!strcmp(mode, "thread-calls")) in_thread(anonymous(CALLS, sizeof CALLS));
    else if (!strcmp(mode, "vdso-poked")) who = poked(0, 0);
    else if (!strcmp(mode, "vdso-put-back")) who = poked(1, 0);
    else if (!strcmp(mode, "vdso-breakpoint")) who = poked(0, 1);
    else if (!strcmp(mode, "vdso-replaced")) replace_vdso(1);
    else if (!strcmp(mode, "code-unmapped")) leave(LEAVES, sizeof LEAVES, 0, -1);
    else if (!strcmp(mode, "exe-renamed"))
        leave(RENAMES, sizeof RENAMES, 1, open("/bin/sleep", O_RDONLY | O_CLOEXEC));
    else if (!strcmp(mode, "entry-covered"))
        cover(getauxval(AT_ENTRY), memfd_create("x", MFD_CLOEXEC), 0);
    else if (!strcmp(mode, "function-covered"))
        cover((unsigned long)dlsym(RTLD_DEFAULT, "lcong48"), -1, 1);
    else if (!strcmp(mode, "function-moved"))
        cover((unsigned long)dlsym(RTLD_DEFAULT, "lcong48"), -1, 0);
    else if (!strcmp(mode, "hook-anonymous")) jump_to(anonymous(RETURNS, sizeof RETURNS));
    else if (!strcmp(mode, "hook-library")) {
        void *library = dlopen(argv[2], RTLD_NOW | RTLD_LOCAL);
        if (!library) fail(dlerror());
        jump_to(dlsym(library, "replacement"));
    }
    else if (!strcmp(mode, "hook-return")) patch(RETURNS, sizeof RETURNS);
    else if (!strcmp(mode, "breakpoint")) patch((const unsigned char *)"\xcc", 1);
    else if (!strcmp(mode, "relocated")) {
        if (!dlopen(argv[2], RTLD_NOW | RTLD_LOCAL)) fail(dlerror());
    }
    else if (!strcmp(mode, "uprobe")) probed();
    else if (!strcmp(mode, "vdso-gone")) replace_vdso(0);
    else if (!strcmp(mode, "time-namespace")) {
        if (unshare(0x80)) fail("unshare(CLONE_NEWTIME)");
        int fd = open("/proc/self/timens_offsets", O_WRONLY);
        if (fd < 0 || write(fd, "1 86400 0", 9) != 9) fail("timens_offsets");
        if ((who = fork()) == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;) pause();
        }
    }
    if (argc > 3 && getppid() == 0) return 1; /* keeps getppid in the table */
    printf("ready %d\n", who);
    fflush(stdout);
    for (;;) pause();
}
