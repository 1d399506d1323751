/* The rows A u >= b, with what estimation error and the time within a tick ask for. */
typedef struct {
    double h[GATE_ROWS], least[GATE_ROWS], A[GATE_ROWS * GATE_INPUTS], b[GATE_ROWS];
} rows;

#define GROW 1.2
#define ATTEMPTS 6

static int all_finite(const double *values, int count)
{
    for (int i = 0; i < count; i++)
        if (!isfinite(values[i])) return 0;
    return 1;
}

#if GATE_UNSURE
typedef struct {
    interval h[GATE_ROWS], least[GATE_ROWS], A[GATE_ROWS * GATE_INPUTS], b[GATE_ROWS];
} row_bounds;

/* The least that (A* - A) u can be, over the box of A* and the limits of u. */
static double worst_of(interval entry, double slope, int j)
{
    const double ds[2] = {entry.low - slope, entry.high - slope}, us[2] = {LOWER[j], UPPER[j]};
    double worst = 0.0;
    for (int a = 0; a < 2; a++)
        for (int c = 0; c < 2; c++)
            worst = lesser(worst, ds[a] == 0.0 ? 0.0 : ds[a] * us[c]);
    return worst;
}

/* Makes the rows hold for every state within the estimation error. */
static void allow_for_error(const double z[], rows *r)
{
    interval box[GATE_WIDTH];
    row_bounds bounds;
    for (int i = 0; i < GATE_WIDTH; i++) box[i] = exactly(z[i]);
    for (int i = 0; i < GATE_STATES; i++)
        box[i] = between(z[i] - UNCERTAINTY[i], z[i] + UNCERTAINTY[i]);
    rows_over(box, bounds.h, bounds.least, bounds.A, bounds.b);
    for (int i = 0; i < GATE_ROWS; i++) {
        double extra = 0.0;
        for (int j = 0; j < GATE_INPUTS; j++) {
            const int entry = i * GATE_INPUTS + j;
            extra -= worst_of(bounds.A[entry], r->A[entry], j);
        }
        r->b[i] = bounds.b[i].high + extra;
        r->h[i] = bounds.h[i].low;
        r->least[i] = bounds.least[i].low;
    }
}
#endif

/* Taken off every row: less than that is rounding, not a violation. */
#define FORGIVEN 1e-12

static void rows_at_instant(const double z[], rows *r)
{
    rows_of(z, r->h, r->least, r->A, r->b);
#if GATE_UNSURE
    allow_for_error(z, r);
#endif
    for (int i = 0; i < GATE_ROWS; i++) r->b[i] -= FORGIVEN;
}

#if GATE_MOVES
/* A box that the system cannot leave within the tick; 0 where none was found. */
static int box_of_tick(const double z[], const interval u[], interval w[], interval box[])
{
    double reach[GATE_WIDTH] = {0.0};
    interval pace[GATE_WIDTH], bound[GATE_WIDTH];
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        int closed = 1;
        for (int i = 0; i < GATE_WIDTH; i++) box[i] = between(z[i] - reach[i], z[i] + reach[i]);
#if GATE_UNSURE
        for (int i = 0; i < GATE_STATES; i++)
            box[i] = between(box[i].low - UNCERTAINTY[i], box[i].high + UNCERTAINTY[i]);
#endif
        noise_over(box, bound);
        for (int i = 0; i < GATE_WIDTH; i++) w[i] = between(-bound[i].high, bound[i].high);
        flow_over(box, u, w, pace);
        for (int i = 0; i < GATE_WIDTH; i++) {
            const double way = TICK * larger(fabs(pace[i].low), fabs(pace[i].high));
            if (!(way <= reach[i])) {
                closed = 0;
                reach[i] = GROW * TICK * larger(fabs(pace[i].low), fabs(pace[i].high));
            }
        }
        if (closed) return 1;
    }
    return 0;
}

/* Adds M dt / 2 to each row, M from the box that the tick cannot leave. */
static void allow_for_motion(const double z[], const double low[], const double high[], rows *r)
{
    interval box[GATE_WIDTH], u[GATE_INPUTS], w[GATE_WIDTH], rate[GATE_ROWS];
    for (int j = 0; j < GATE_INPUTS; j++) u[j] = between(low[j], high[j]);
    if (!box_of_tick(z, u, w, box)) {
        for (int i = 0; i < GATE_ROWS; i++) r->b[i] = INFINITY;
        return;
    }
    motion_over(box, u, w, rate);
    for (int i = 0; i < GATE_ROWS; i++) r->b[i] += 0.5 * TICK * larger(0.0, -rate[i].low);
}
#endif

/* Rows for inputs that are held for a tick within a box. */
static void rows_held(const double z[], const rows *instant, const double low[],
                      const double high[], rows *r)
{
    *r = *instant;
#if GATE_MOVES
    allow_for_motion(z, low, high, r);
#else
    (void)z;
    (void)low;
    (void)high;
#endif
}

/* Rows for all inputs within their limits; 0 where one is not finite at the instant. What the time
 * within the tick adds may be infinite. */
static int rows_at(const double z[], rows *r)
{
    int is_known;
    rows_at_instant(z, r);
    is_known = all_finite(r->h, GATE_ROWS) && all_finite(r->least, GATE_ROWS) &&
               all_finite(r->A, GATE_ROWS * GATE_INPUTS) && all_finite(r->b, GATE_ROWS);
#if GATE_MOVES
#if GATE_KNOWN
    for (int i = 0; i < GATE_ROWS; i++) r->b[i] += 0.5 * TICK * CURVATURE[i];
#else
    allow_for_motion(z, LOWER, UPPER, r);
#endif
#endif
    return is_known;
}
