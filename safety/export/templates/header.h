#ifndef GATE_H
#define GATE_H

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GATE_STATES = @STATES@,
    GATE_INPUTS = @INPUTS@,
    GATE_PARAMETERS = @PARAMETERS@,
    GATE_ROWS = @ROWS@, /* barriers; row GATE_ROWS stands for the input limits */
    GATE_MASKS = @MASKS@ /* words of a bit mask; row i is bit i % 64 of word i / 64 */
};

/* From best to worst. Nothing is certified from RECOVERING on. */
typedef enum {
    GATE_NOMINAL,      /* verified, passes unchanged */
    GATE_FILTERED,     /* the nearest input that satisfies every barrier, verified */
    GATE_RELAXED,      /* hard barriers hold, soft ones give way by the least slack, verified */
    GATE_BACKUP,       /* does not occur here: backups are Python's */
    GATE_RECOVERING,   /* the state is outside the safe set or the domain; leads back */
    GATE_STOP,         /* the last resort acts: see `backup` and `reason` */
    GATE_PASS_THROUGH  /* does not occur here */
} gate_status;

typedef enum {
    GATE_NO_REASON,
    GATE_NOT_NEWER,
    GATE_TIME_NOT_FINITE,
    GATE_GAP,
    GATE_TOO_OLD,
    GATE_STATE_NOT_FINITE,
    GATE_ACTION_NOT_FINITE,
    GATE_PARAMETERS_NOT_FINITE,
    GATE_BARRIER_NOT_FINITE,
    GATE_OUTSIDE_SAFE_SET,
    GATE_OUTSIDE_DOMAIN,
    GATE_CONFLICT,
    GATE_UNVERIFIED
} gate_reason;

typedef enum { GATE_NO_BACKUP, GATE_BACKUP_REST, GATE_BACKUP_LEAST_VIOLATION } gate_backup;

/* The clock; {0} before the first call. */
typedef struct {
    double last_s;
    int started;
} gate_state;

typedef struct {
    double u[GATE_INPUTS];                    /* send this */
    double margins[GATE_ROWS];                /* barriers at the state; NaN if not computed */
    unsigned long long active[GATE_MASKS];    /* rows that shaped u */
    unsigned long long concerned[GATE_MASKS]; /* rows that the reason is about */
    int status;                               /* gate_status */
    int reason;                               /* gate_reason, why not FILTERED or better */
    int backup;                               /* gate_backup, where the status is STOP */
    int intervened;                           /* whether u differs from what was asked */
} gate_result;

/* One call; returns the status, always leaves an input in out->u.
 *
 * s          the clock, or a null pointer to leave times unwatched
 * x          state estimate, GATE_STATES numbers
 * p          parameters, GATE_PARAMETERS numbers; may be a null pointer if there are none
 * u_nominal  what the controller asks for, GATE_INPUTS numbers
 * time_s     when the state was estimated [s], increasing */
int gate_filter(gate_state *s, const double x[], const double p[], const double u_nominal[],
                double time_s, gate_result *out);

/* The same, and refuses states that are too old at the time now_s [s] the input leaves. */
int gate_filter_aged(gate_state *s, const double x[], const double p[], const double u_nominal[],
                     double time_s, double now_s, gate_result *out);

/* Forgets the last state's time. */
void gate_reset(gate_state *s);

/* Whether a check stands behind an input of this status. */
int gate_certified(int status);

const char *gate_status_text(int status);
const char *gate_reason_text(int reason);

/* Name of a barrier, or "input_limits" for row GATE_ROWS. */
const char *gate_row_text(int row);

#ifdef __cplusplus
}
#endif

#endif
