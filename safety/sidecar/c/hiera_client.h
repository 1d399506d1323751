/* Asks a hiera sidecar before every action. C99 and POSIX sockets; no allocation anywhere.
 *
 * hiera_filter() returns within the timeout, come what may: without an answer it gives the resting
 * action with HIERA_STOP, never the wanted one, and connects anew in the next call.
 *
 *     static hiera_client gate;                      // large: not on a small stack
 *     static hiera_reply safe;
 *     if (hiera_open(&gate, "unix:gate.sock", 0.02) != 0) { puts(gate.trouble); return 1; }
 *     hiera_request wanted = {0};
 *     wanted.time_s = now; wanted.x = state; wanted.u_nominal = action;
 *     hiera_filter(&gate, &wanted, &safe);
 *     execute(safe.u);
 */
#ifndef HIERA_CLIENT_H
#define HIERA_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HIERA_VERSION 1
#define HIERA_MAX_NUMBERS 1024
#define HIERA_MAX_MARGINS 4096
#define HIERA_MAX_TEXT 1024

/* Largest message in bytes; enlarge it for more than about 4,000 points. The largest reply needs
 * less than 65536. */
#ifndef HIERA_BUFFER
#define HIERA_BUFFER 65536
#endif

typedef enum {
    HIERA_NOMINAL = 0,
    HIERA_FILTERED = 1,
    HIERA_RELAXED = 2,
    HIERA_BACKUP = 3,
    HIERA_STOP = 4,
    HIERA_PASS_THROUGH = 5,
    HIERA_RECOVERING = 6
} hiera_status;

/* What is asked. Lengths of what is left out are 0, pointers NULL. */
typedef struct {
    double time_s;            /* when the state was estimated, on your clock [s] */
    const double *x;          /* state, (state_size) */
    const double *u_nominal;  /* wanted action, (action_size) */
    const double *u_previous; /* action executed before, (action_size) */
    const double *points;     /* static obstacle points, (points_count, 2) row by row [m] */
    uint32_t points_count;
    const double *movers;       /* centres of moving obstacles, (movers_count, 2) [m] */
    const double *mover_radius; /* (movers_count) [m] */
    const double *mover_speed;  /* (movers_count) [m/s] */
    uint32_t movers_count;
    const double *scan; /* ranges of a lidar, (scan_count) [m] */
    uint32_t scan_count;
    const double *p; /* parameters of the barriers, (p_count) */
    uint32_t p_count;
    const double *now_s; /* when the action will leave [s], same clock as time_s; may be NULL */
    const unsigned char *allowed; /* mask of safe actions, (allowed_count), 0 or 1 */
    uint32_t allowed_count;
} hiera_request;

/* What may be executed. */
typedef struct {
    hiera_status status;
    int intervened;
    int certified;
    int tripped;                   /* the server's watchdog had acted before this answer */
    double u[HIERA_MAX_NUMBERS];   /* (action_size) */
    uint32_t margins_count;
    double margins[HIERA_MAX_MARGINS];
    double solve_time_s;           /* time the filter took [s] */
    char backup[256];              /* empty if none acted */
    char reason[HIERA_MAX_TEXT];   /* empty if none was needed */
    char active[HIERA_MAX_TEXT];   /* names joined by line feeds */
} hiera_reply;

/* A connection; open it with hiera_open() and only read its fields. */
typedef struct {
    int fd;                   /* -1 while there is no connection */
    int knows_rest;           /* whether resting[] has been told */
    uint32_t state_size;
    uint32_t action_size;
    double budget_s;          /* after how long without a request the server's backup acts [s] */
    double resting[HIERA_MAX_NUMBERS];
    char filter[256];
    char trouble[HIERA_MAX_TEXT]; /* the last failure in one sentence */
    double timeout_s;
    uint64_t sequence;
    uint64_t trips;           /* how often the server's watchdog has acted */
    uint64_t rested;          /* how often the resting action was given in place of an answer */
    uint64_t discarded;       /* answers that came too late */
    char address[112];
    size_t filled;
    size_t taken;
    unsigned char in[HIERA_BUFFER];
    unsigned char out[HIERA_BUFFER];
} hiera_client;

/* Connects to "unix:PATH" or "tcp:HOST:PORT" (HOST an IPv4 address or localhost). Returns 0, or
 * -1 and says why in trouble. */
int hiera_open(hiera_client *client, const char *address, double timeout_s);

/* Asks the filter, once hiera_open() has succeeded. Always fills reply->u with action_size numbers
 * that may be executed. */
hiera_status hiera_filter(hiera_client *client, const hiera_request *request, hiera_reply *reply);

/* Makes the filter forget the episode; if nobody answers, the next connection does. */
void hiera_reset(hiera_client *client);

/* Leaves on purpose, so that the server's watchdog does not act. */
void hiera_close(hiera_client *client);

#ifdef __cplusplus
}
#endif

#endif
