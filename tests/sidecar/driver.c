/* Reads requests as numbers from standard input, asks, and prints the answers as hex floats. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include <stdio.h>
#include <stdlib.h>

#include "hiera_client.h"

static hiera_client gate;
static hiera_reply safe;

static int numbers(double *into, unsigned count) {
    unsigned i;
    for (i = 0; i < count; i++)
        if (scanf("%la", &into[i]) != 1) return 0;
    return 1;
}

int main(int argc, char **argv) {
    static double x[64], u[64], previous[64], points[256], movers[64], radius[32], speed[32];
    static double scan[256], p[64];
    double times[2];
    unsigned has_previous, k, q, s, parameters, i;
    if (argc != 3 || hiera_open(&gate, argv[1], atof(argv[2])) != 0) {
        printf("%s\n", gate.trouble);
        return 2;
    }
    printf("%s %u %u\n", gate.filter, (unsigned)gate.state_size, (unsigned)gate.action_size);
    fflush(stdout);
    while (scanf("%u %u %u %u %u", &has_previous, &k, &q, &s, &parameters) == 5) {
        hiera_request wanted = {0};
        if (!(numbers(times, 2) && numbers(x, gate.state_size) && numbers(u, gate.action_size) &&
              numbers(previous, has_previous ? gate.action_size : 0) && numbers(points, 2 * k) &&
              numbers(movers, 2 * q) && numbers(radius, q) && numbers(speed, q) &&
              numbers(scan, s) && numbers(p, parameters)))
            return 3;
        wanted.time_s = times[0];
        wanted.now_s = times[1] >= 0.0 ? &times[1] : NULL;
        wanted.x = x;
        wanted.u_nominal = u;
        wanted.u_previous = has_previous ? previous : NULL;
        wanted.points = points;
        wanted.points_count = k;
        wanted.movers = movers;
        wanted.mover_radius = radius;
        wanted.mover_speed = speed;
        wanted.movers_count = q;
        wanted.scan = scan;
        wanted.scan_count = s;
        wanted.p = p;
        wanted.p_count = parameters;
        hiera_filter(&gate, &wanted, &safe);
        printf("%d %d %d %u", (int)safe.status, safe.intervened, safe.certified,
               (unsigned)safe.margins_count);
        for (i = 0; i < gate.action_size; i++) printf(" %a", safe.u[i]);
        for (i = 0; i < safe.margins_count; i++) printf(" %a", safe.margins[i]);
        printf("|%s|%s|%s\n", safe.backup, safe.reason, safe.active);
        fflush(stdout);
    }
    hiera_close(&gate);
    return 0;
}
