/* Rows that may give way, in order of priority, each level by the least sum of squared slacks
 *
 *     minimise 1/2 sum_i s_i^2   subject to   a_i' u + s_i >= b_i,   s >= 0,   the rows before
 *
 * found by proximal steps (R. T. Rockafellar, SIAM Journal on Control and Optimization 14(5),
 * 1976), and at last the input nearest to the nominal one. */
#define STEPS 40
#define DELTA 1e-6
#define SMALLEST_DELTA 1e-11
#define PATIENCE 4
#define SETTLED 1e-13
#define MARGIN 1e-11
#define HARD 1e-9

typedef struct {
    double at[GATE_UNKNOWNS], weight[GATE_UNKNOWNS], low[GATE_UNKNOWNS], high[GATE_UNKNOWNS];
    double point[GATE_UNKNOWNS], G[GATE_ROWS * GATE_UNKNOWNS], offset[GATE_ROWS];
    double lam[GATE_ROWS + 2 * GATE_UNKNOWNS];
    double work[WORK(GATE_ROWS, GATE_UNKNOWNS)];
} level_work;

/* The rows up to a level, with one slack for each row of it; the most that a row weighs. */
static double lay_out_level(int level, const double *A, const double *relaxed, const int *priority,
                            int n, level_work *s)
{
    double steepest = 0.0;
    int r = 0, slack = GATE_INPUTS;
    for (int i = 0; i < GATE_ROWS; i++) {
        double *g = s->G + r * n, squares = 0.0;
        if (priority[i] > level) continue;
        for (int j = 0; j < n; j++) g[j] = j < GATE_INPUTS ? A[i * GATE_INPUTS + j] : 0.0;
        s->offset[r] = relaxed[i];
        if (priority[i] == level) {
            g[slack] = 1.0;
            for (int j = 0; j < GATE_INPUTS; j++) squares += g[j] * g[j] / WEIGHTS[j];
            steepest = larger(steepest, squares);
            slack++;
        }
        r++;
    }
    return steepest == 0.0 ? 1.0 : steepest;
}

/* Rows of the levels before are met to rounding; the next level must find them met. */
static void relax(int level, const double *A, const int *priority, const double *u, double *relaxed)
{
    for (int i = 0; i < GATE_ROWS; i++) {
        double value = 0.0, size = fabs(relaxed[i]);
        if (priority[i] > level) continue;
        for (int j = 0; j < GATE_INPUTS; j++) {
            value += A[i * GATE_INPUTS + j] * u[j];
            size += fabs(A[i * GATE_INPUTS + j] * u[j]);
        }
        if (value < relaxed[i]) relaxed[i] = value - MARGIN * size;
    }
}

/* Lowers the rows of one level in `relaxed` by their least slacks. */
static int fix_level(int level, const double *u_nom, const double *A, const int *priority,
                     double *relaxed, double *u)
{
    level_work s;
    programme qp;
    double steepest, delta = DELTA;
    int rows = 0, n = GATE_INPUTS;
    for (int i = 0; i < GATE_ROWS; i++) {
        rows += priority[i] <= level;
        n += priority[i] == level;
    }
    steepest = lay_out_level(level, A, relaxed, priority, n, &s);
    for (int j = 0; j < n; j++) {
        s.at[j] = s.low[j] = 0.0;
        s.weight[j] = 1.0;
        s.high[j] = INFINITY;
    }
    for (int j = 0; j < GATE_INPUTS; j++) {
        s.low[j] = LOWER[j];
        s.high[j] = UPPER[j];
        s.at[j] = clip(u_nom[j], LOWER[j], UPPER[j]);
    }
    lay_out(&qp, rows, n, s.work);
    qp.u_nom = s.at, qp.w = s.weight, qp.A = s.G, qp.b = s.offset;
    qp.lower = s.low, qp.upper = s.high;
    for (int step = 0; step < STEPS; step++) {
        double change = 0.0, most = 0.0;
        int code;
        for (int j = 0; j < GATE_INPUTS; j++) s.weight[j] = delta * steepest * WEIGHTS[j];
        code = solve_checked(&qp, s.point, s.lam);
        if (code != SOLVED && step == 0) return code;
        if (code != SOLVED) break;
        for (int j = 0; j < GATE_INPUTS; j++) {
            change = larger(change, sqrt(steepest * WEIGHTS[j]) * fabs(s.point[j] - s.at[j]));
            s.at[j] = u[j] = s.point[j];
        }
        for (int j = GATE_INPUTS; j < n; j++) most = larger(most, s.point[j]);
        if (delta * change <= SETTLED * most || most == 0.0) break;
        if (step >= PATIENCE) delta = larger(0.3 * delta, SMALLEST_DELTA);
    }
    relax(level, A, priority, u, relaxed);
    return SOLVED;
}

/* The next level above one, or the same where there is none. */
static int level_after(int level, const int *priority)
{
    int following = level;
    for (int i = 0; i < GATE_ROWS; i++)
        if (priority[i] > level && (following == level || priority[i] < following))
            following = priority[i];
    return following;
}

/* Hard rows, of priority 0, are held once more against the original numbers. */
static int least_slack(const double *u_nom, const double *A, const double *b, const int *priority,
                       double *u, double *slack)
{
    double relaxed[GATE_ROWS], lam[GATE_ROWS + 2 * GATE_INPUTS];
    double work[WORK(GATE_ROWS, GATE_INPUTS)];
    programme qp;
    int code, level = 0, following;
    lay_out(&qp, GATE_ROWS, GATE_INPUTS, work);
    qp.u_nom = u_nom, qp.w = WEIGHTS, qp.A = A, qp.b = relaxed;
    qp.lower = LOWER, qp.upper = UPPER;
    for (int i = 0; i < GATE_ROWS; i++) {
        relaxed[i] = b[i];
        slack[i] = 0.0;
    }
    code = solve_checked(&qp, u, lam);
    if (code == SOLVED || code == NOT_FINITE) return code;
    while ((following = level_after(level, priority)) != level) {
        level = following;
        code = fix_level(level, u_nom, A, priority, relaxed, u);
        if (code != SOLVED) return code;
    }
    if (level > 0) code = solve_checked(&qp, u, lam);
    for (int i = 0; i < GATE_ROWS; i++) {
        double value = 0.0, size = fabs(b[i]);
        if (priority[i] > 0 && relaxed[i] < b[i]) slack[i] = b[i] - relaxed[i];
        if (code != SOLVED || priority[i] > 0) continue;
        for (int j = 0; j < GATE_INPUTS; j++) {
            value += A[i * GATE_INPUTS + j] * u[j];
            size += fabs(A[i * GATE_INPUTS + j] * u[j]);
        }
        if (!(value >= b[i] - HARD * size)) code = UNVERIFIED;
    }
    return code;
}
