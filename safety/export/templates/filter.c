#define INSIDE -1e-9
#define CLEARLY 0.01

/* ---- the answer put together ---- */

static void mark(unsigned long long mask[], int bit)
{
    mask[bit / 64] |= 1ULL << (bit % 64);
}

static int leave(gate_result *out, int status, int reason, int backup)
{
    out->status = status;
    out->reason = reason;
    out->backup = backup;
    out->intervened = status != GATE_NOMINAL;
    return status;
}

static int stop(gate_result *out, int reason)
{
    memcpy(out->u, REST, sizeof REST);
    return leave(out, GATE_STOP, reason, GATE_BACKUP_REST);
}

/* Why a state is refused; remembers its time. */
static int refusal(gate_state *s, double time_s, const double *now_s)
{
    const double last = s->started ? s->last_s : -INFINITY, gap = time_s - last;
    if (!(gap > 0.0)) return GATE_NOT_NEWER;
    if (!isfinite(time_s)) return GATE_TIME_NOT_FINITE;
    if (s->started && gap > GATE_MAX_GAP_S) {
        s->last_s = time_s;
        return GATE_GAP;
    }
    s->last_s = time_s;
    s->started = 1;
    if (now_s && !(0.0 <= *now_s - time_s && *now_s - time_s <= GATE_MAX_AGE_S)) return GATE_TOO_OLD;
    return GATE_NO_REASON;
}

static int not_finite(const double x[], const double p[], const double u_nominal[])
{
    if (!all_finite(x, GATE_STATES)) return GATE_STATE_NOT_FINITE;
    if (!all_finite(u_nominal, GATE_INPUTS)) return GATE_ACTION_NOT_FINITE;
    if (!all_finite(p, GATE_PARAMETERS)) return GATE_PARAMETERS_NOT_FINITE;
    return GATE_NO_REASON;
}

#if GATE_BOUNDED
static int is_within_domain(const double x[])
{
    for (int i = 0; i < GATE_STATES; i++)
        if (!(DOMAIN_LOW[i] <= x[i] && x[i] <= DOMAIN_HIGH[i])) return 0;
    return 1;
}
#endif

/* Why nothing is certified at a state, or no reason. */
static int uncertain(const double x[], const rows *r)
{
    for (int i = 0; i < GATE_ROWS; i++)
        if (LEVELS[i] == 0 && r->least[i] < INSIDE) return GATE_OUTSIDE_SAFE_SET;
#if GATE_BOUNDED
    if (!is_within_domain(x)) return GATE_OUTSIDE_DOMAIN;
#else
    (void)x;
#endif
    return GATE_NO_REASON;
}

static void mark_shaping(const double lam[], unsigned long long mask[])
{
    for (int i = 0; i < GATE_ROWS + 2 * GATE_INPUTS; i++)
        if (lam[i] > 0.0) mark(mask, i < GATE_ROWS ? i : GATE_ROWS);
}

/* Takes an input if, held for a tick, it violates the hard rows clearly less than the best. */
static void consider(const double z[], const rows *instant, const double u[], double *best,
                     int *taken, double out[])
{
    const double gap = gap_of(z, instant, u, 1);
    if (*taken && !(gap > *best + CLEARLY * fabs(*best))) return;
    *taken = 1;
    *best = gap;
    memcpy(out, u, GATE_INPUTS * sizeof u[0]);
}

/* Of the inputs that may be best where none will do, the one that is, held for a tick. */
static void least_violation(const double z[], const double u_nominal[], const rows *wide,
                            double out[])
{
    rows instant;
    double slack[GATE_ROWS], u[GATE_INPUTS], best = 0.0;
    int all_soft[GATE_ROWS], taken = 0;
    rows_at_instant(z, &instant);
    for (int i = 0; i < GATE_ROWS; i++) all_soft[i] = 1 + LEVELS[i];
    if (least_slack(u_nominal, instant.A, instant.b, all_soft, u, slack) == SOLVED)
        consider(z, &instant, u, &best, &taken, out);
    if (least_slack(u_nominal, wide->A, wide->b, all_soft, u, slack) == SOLVED)
        consider(z, &instant, u, &best, &taken, out);
    for (int which = 0; corner(which, u); which++) consider(z, &instant, u, &best, &taken, out);
}

/* Soft rows give way, then what violates the rows least acts. */
static int descend(const double z[], const double u_nominal[], const rows *r, int unsure,
                   int reason, gate_result *out)
{
#if GATE_SOFT
    double slack[GATE_ROWS];
    if (least_slack(u_nominal, r->A, r->b, LEVELS, out->u, slack) == SOLVED) {
        for (int i = 0; i < GATE_ROWS; i++)
            if (slack[i] > 0.0) mark(out->active, i);
        return leave(out, unsure ? GATE_RECOVERING : GATE_RELAXED, reason, GATE_NO_BACKUP);
    }
#else
    (void)unsure;
#endif
    least_violation(z, u_nominal, r, out->u);
    return leave(out, GATE_STOP, reason, GATE_BACKUP_LEAST_VIOLATION);
}

static int answer(gate_state *s, const double x[], const double p[], const double u_nominal[],
                  double time_s, const double *now_s, gate_result *out)
{
    double z[GATE_WIDTH], lam[GATE_ROWS + 2 * GATE_INPUTS];
    rows r;
    int reason, code, unsure;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < GATE_ROWS; i++) out->margins[i] = NAN;
    reason = s ? refusal(s, time_s, now_s) : GATE_NO_REASON;
    if (reason == GATE_NO_REASON) reason = not_finite(x, p, u_nominal);
    if (reason != GATE_NO_REASON) return stop(out, reason);
    for (int i = 0; i < GATE_WIDTH; i++) z[i] = i < GATE_STATES ? x[i] : p[i - GATE_STATES];
    if (!rows_at(z, &r)) {
        memcpy(out->margins, r.h, sizeof r.h);
        return stop(out, GATE_BARRIER_NOT_FINITE);
    }
    code = answer_at(z, u_nominal, &r, out->u, lam);
    memcpy(out->margins, r.h, sizeof r.h);
    unsure = uncertain(x, &r);
    if (code > FILTERED) {
        mark_shaping(lam, out->concerned);
        reason = code == NO_INPUT ? GATE_CONFLICT : GATE_UNVERIFIED;
        return descend(z, u_nominal, &r, unsure, reason, out);
    }
    if (code == FILTERED) mark_shaping(lam, out->active);
    for (int i = 0; i < GATE_ROWS && unsure == GATE_OUTSIDE_SAFE_SET; i++)
        if (LEVELS[i] == 0 && r.least[i] < 0.0) mark(out->concerned, i);
    leave(out, unsure ? GATE_RECOVERING : code == NOMINAL ? GATE_NOMINAL : GATE_FILTERED, unsure,
          GATE_NO_BACKUP);
    out->intervened = code != NOMINAL;
    return out->status;
}

int gate_filter(gate_state *s, const double x[], const double p[], const double u_nominal[],
                double time_s, gate_result *out)
{
    return answer(s, x, p, u_nominal, time_s, (const double *)0, out);
}

int gate_filter_aged(gate_state *s, const double x[], const double p[], const double u_nominal[],
                     double time_s, double now_s, gate_result *out)
{
    return answer(s, x, p, u_nominal, time_s, &now_s, out);
}

void gate_reset(gate_state *s)
{
    s->started = 0;
    s->last_s = 0.0;
}

int gate_certified(int status)
{
    return status >= GATE_NOMINAL && status <= GATE_BACKUP;
}

const char *gate_status_text(int status)
{
    static const char *const texts[] = {"nominal",    "filtered", "relaxed",     "backup",
                                        "recovering", "stop",     "pass_through"};
    return status >= GATE_NOMINAL && status <= GATE_PASS_THROUGH ? texts[status] : "unknown";
}

const char *gate_reason_text(int reason)
{
    static const char *const texts[] = {
        "",
        "the state is not newer than the last one",
        "the state's time is not finite",
        "no state arrived for too long",
        "the state is too old",
        "the state must be finite numbers",
        "the action must be finite numbers",
        "the parameters must be finite numbers",
        "a barrier is not finite at this state",
        "the state is outside the safe set",
        "the state is outside the domain",
        "no input within its limits satisfies all barriers",
        "the programme's answer could not be verified",
    };
    return reason >= GATE_NO_REASON && reason <= GATE_UNVERIFIED ? texts[reason] : "unknown";
}

const char *gate_row_text(int row)
{
    return row >= 0 && row <= GATE_ROWS ? NAMES[row] : "unknown";
}
