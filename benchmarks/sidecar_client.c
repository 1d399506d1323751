/* What benchmarks/sidecar.py starts: asks for one action after the other and prints every round
 * trip in seconds. Arguments: address, requests, points in a request. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "hiera_client.h"

static hiera_client gate;
static hiera_reply safe;

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(int argc, char **argv) {
    static double points[2 * 1024], took[1000000];
    const double x[5] = {0.0, 0.0, 0.0, 0.5, 0.0}, u[3] = {0.8, 0.1, 0.0};
    int requests = argc == 4 ? atoi(argv[2]) : 0, k;
    hiera_request wanted = {0};
    if (requests < 1 || requests > 1000000 || hiera_open(&gate, argv[1], 1.0) != 0) {
        fprintf(stderr, "%s\n", gate.trouble);
        return 2;
    }
    wanted.x = x;
    wanted.u_nominal = u;
    wanted.points = points;
    wanted.points_count = (uint32_t)atoi(argv[3]);
    for (k = 0; k < 1024; k++) {
        points[2 * k] = 2.0 * cos(6.0 / 7.0 * (k % 8));
        points[2 * k + 1] = 2.0 * sin(6.0 / 7.0 * (k % 8));
    }
    for (k = 0; k < requests; k++) {
        double begin;
        wanted.time_s = 0.01 * k;
        begin = now_s();
        hiera_filter(&gate, &wanted, &safe);
        took[k] = now_s() - begin;
        if (safe.status == HIERA_STOP) {
            fprintf(stderr, "no answer: %s\n", safe.reason);
            return 3;
        }
    }
    hiera_close(&gate);
    for (k = 0; k < requests; k++) printf("%.9f\n", took[k]);
    return 0;
}
