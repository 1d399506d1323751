/* Asks a sidecar for a hundred actions, 50 a second, and prints what it answers.
 *
 *     cc -std=c99 -O2 hiera_example.c hiera_client.c -lm -o hiera_example
 *     ./hiera_example unix:hiera.sock
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <stdio.h>
#include <time.h>

#include "hiera_client.h"

static hiera_client gate;
static hiera_reply safe;

int main(int argc, char **argv) {
    const char *names[] = {"nominal", "filtered",     "relaxed",   "backup",
                           "stop",    "pass_through", "recovering"};
    static double x[HIERA_MAX_NUMBERS], u[HIERA_MAX_NUMBERS];
    hiera_request wanted = {0};
    int tick;
    if (argc != 2 || hiera_open(&gate, argv[1], 0.02) != 0) {
        fprintf(stderr, "%s\n", argc == 2 ? gate.trouble : "give an address: unix:hiera.sock");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%s: %u states, %u actions\n", gate.filter, (unsigned)gate.state_size,
           (unsigned)gate.action_size);
    u[0] = 1.0; /* your controller */
    wanted.x = x;
    wanted.u_nominal = u;
    for (tick = 0; tick < 100; tick++) {
        struct timespec pause = {0, 20000000};
        wanted.time_s = 0.02 * tick; /* your clock */
        hiera_filter(&gate, &wanted, &safe);
        printf("%s %g %s\n", names[safe.status], safe.u[0], safe.reason); /* your robot: safe.u */
        nanosleep(&pause, NULL);
    }
    hiera_close(&gate);
    return 0;
}
