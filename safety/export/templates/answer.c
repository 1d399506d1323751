/* NO_INPUT comes with a proof, NO_ANSWER without one. */
enum { NOMINAL, FILTERED, NO_INPUT, NO_ANSWER };

/* The nominal input if it satisfies everything, else the nearest one that does. */
static int decide(const double u_nominal[], const rows *r, const double b[], const double low[],
                  const double high[], double u[], double lam[])
{
    double work[WORK(GATE_ROWS, GATE_INPUTS)];
    programme qp;
    int passes = 1, code;
    for (int j = 0; j < GATE_INPUTS; j++) {
        u[j] = u_nominal[j];
        passes = passes && low[j] <= u[j] && u[j] <= high[j];
    }
    for (int i = 0; i < GATE_ROWS && passes; i++) {
        double value = 0.0;
        for (int j = 0; j < GATE_INPUTS; j++) value += r->A[i * GATE_INPUTS + j] * u[j];
        passes = value >= b[i];
    }
    if (passes) {
        for (int i = 0; i < GATE_ROWS + 2 * GATE_INPUTS; i++) lam[i] = 0.0;
        return NOMINAL;
    }
    lay_out(&qp, GATE_ROWS, GATE_INPUTS, work);
    qp.u_nom = u_nominal, qp.w = WEIGHTS, qp.A = r->A, qp.b = b;
    qp.lower = low, qp.upper = high;
    code = solve_checked(&qp, u, lam);
    return code == SOLVED ? FILTERED : code == INFEASIBLE ? NO_INPUT : NO_ANSWER;
}

/* Inputs that are promising wherever one is: that of rest, then the corners of the input limits if
 * they are few; 0 where the list ends. */
static int corner(int which, double u[])
{
    if (which > CORNERS) return 0;
    for (int j = 0; j < GATE_INPUTS; j++)
        u[j] = which == 0 ? REST[j] : (which - 1) >> j & 1 ? UPPER[j] : LOWER[j];
    return 1;
}

/* How far the worst row is from being met by one input held for the tick. */
static double gap_of(const double z[], const rows *instant, const double u[], int hard_only)
{
    rows r;
    double worst = INFINITY;
    rows_held(z, instant, u, u, &r);
    for (int i = 0; i < GATE_ROWS; i++) {
        double gap = -r.b[i];
        if (hard_only && LEVELS[i] > 0) continue;
        for (int j = 0; j < GATE_INPUTS; j++) gap += r.A[i * GATE_INPUTS + j] * u[j];
        worst = lesser(worst, gap == gap ? gap : -INFINITY);
    }
    return worst;
}

#if GATE_MOVES
/* ---- smaller boxes of inputs, within which a row cannot change as fast ---- */
#define HALVINGS 5
#define SHARES 4
#define STRIDES 5
#define SWEEPS 2

/* Half widths of the boxes, of the range of inputs. */
static const double NARROWER[SHARES] = {0.25, 0.05, 0.01, 0.0};

/* How far a search moves an input, of its range. */
static const double STRIDE[STRIDES] = {1.0, 0.5, 0.25, 0.1, 0.03};

/* The input that meets as large a part of the tick's margins as can be met together; 0 if not
 * even the rows without margins can be met. */
static int with_most_margin(const double u_nominal[], const rows *instant, const double wide[],
                            double u[], double lam[])
{
    double good = 0.0, bad = 1.0, part_way[GATE_ROWS], found[GATE_INPUTS];
    if (decide(u_nominal, instant, instant->b, LOWER, UPPER, found, lam) > FILTERED) return 0;
    for (int halving = 0; halving < HALVINGS; halving++) {
        const double part = 0.5 * (good + bad);
        for (int i = 0; i < GATE_ROWS; i++)
            part_way[i] = instant->b[i] + part * (wide[i] - instant->b[i]);
        if (decide(u_nominal, instant, part_way, LOWER, UPPER, u, lam) > FILTERED) {
            bad = part;
        } else {
            good = part;
            memcpy(found, u, sizeof found);
        }
    }
    memcpy(u, found, sizeof found);
    return 1;
}

/* The nearest input under which no barrier falls at all; 0 if there is none. */
static int with_no_loss(const double u_nominal[], const rows *instant, double u[], double lam[])
{
    double b[GATE_ROWS];
    for (int i = 0; i < GATE_ROWS; i++)
        b[i] = instant->b[i] + GAINS[i] * larger(instant->least[i], 0.0);
    return decide(u_nominal, instant, b, LOWER, UPPER, u, lam) <= FILTERED;
}

/* Moves an input along the axes until, held for the tick, it satisfies every row. */
static int searched(const double z[], const rows *instant, double u[])
{
    double trial[GATE_INPUTS], best = gap_of(z, instant, u, 0);
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (int which = 0; best < 0.0 && which < 2 * GATE_INPUTS * STRIDES; which++) {
            const int way = which % (2 * GATE_INPUTS), j = way / 2;
            const double sign = way % 2 ? -1.0 : 1.0, stride = STRIDE[which / (2 * GATE_INPUTS)];
            double gap;
            memcpy(trial, u, sizeof trial);
            trial[j] = clip(u[j] + sign * stride * (UPPER[j] - LOWER[j]), LOWER[j], UPPER[j]);
            gap = gap_of(z, instant, trial, 0);
            if (gap > best) {
                best = gap;
                memcpy(u, trial, sizeof trial);
            }
        }
    return best >= 0.0;
}

/* What braking at full force needs as margin is far less than what all inputs need. */
static int narrowed(const double z[], const double u_nominal[], const rows *wide, rows *r,
                    double u[], double lam[])
{
    double holding[GATE_INPUTS], middle[GATE_INPUTS], centre[GATE_INPUTS];
    double low[GATE_INPUTS], high[GATE_INPUTS];
    rows instant;
    rows_at_instant(z, &instant);
    if (!with_most_margin(u_nominal, &instant, wide->b, middle, lam)) return NO_ANSWER;
    if (!with_no_loss(u_nominal, &instant, holding, lam)) memcpy(holding, middle, sizeof middle);
    for (int which = 0;; which++) {
        if (which > 1 && !corner(which - 2, centre)) break;
        if (which < 2) memcpy(centre, which ? holding : middle, sizeof centre);
        for (int share = 0; share < SHARES; share++) {
            for (int j = 0; j < GATE_INPUTS; j++) {
                const double half = NARROWER[share] * (UPPER[j] - LOWER[j]);
                low[j] = larger(LOWER[j], centre[j] - half);
                high[j] = lesser(UPPER[j], centre[j] + half);
            }
            rows_held(z, &instant, low, high, r);
            if (decide(u_nominal, r, r->b, low, high, u, lam) <= FILTERED) return FILTERED;
        }
    }
    if (!searched(z, &instant, holding)) return NO_ANSWER;
    rows_held(z, &instant, holding, holding, r);
    return decide(u_nominal, r, r->b, holding, holding, u, lam);
}
#endif

/* Rows and input; what is left in `r` is what the answer satisfies, or cannot. */
static int answer_at(const double z[], const double u_nominal[], rows *r, double u[], double lam[])
{
    int code = decide(u_nominal, r, r->b, LOWER, UPPER, u, lam);
#if GATE_MOVES
    if (code > FILTERED) {
        const rows wide = *r;
        code = narrowed(z, u_nominal, &wide, r, u, lam);
        if (code <= FILTERED) return code;
        *r = wide;
        code = decide(u_nominal, r, r->b, LOWER, UPPER, u, lam);
    }
#else
    (void)z;
#endif
    return code;
}
