/* A program that lives for a while: brief MILLISECONDS. Linked statically, so that nothing but the
 * kernel's own work stands between its execution and its end. */
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
    int left = argc > 1 ? atoi(argv[1]) : 0;
    struct timespec pause = { left / 1000, left % 1000 * 1000000L };
    if (left > 0)
        nanosleep(&pause, 0);
    return 0;
}
