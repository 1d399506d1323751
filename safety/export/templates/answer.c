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

#if GATE_MOVES
/* ---- smaller boxes of inputs, within which a row cannot change as fast ---- */
#define HALVINGS 5
#define SHARES 4

/* Half widths of the boxes, of the range of inputs. */
static const double NARROWER[SHARES] = {0.25, 0.05, 0.01, 0.0};

/* Inputs round which boxes are tried: the given one, that of rest, corners of the input limits if
 * they are few; 0 where the list ends. */
static int candidate(int which, const double middle[], double u[])
{
    if (which >= 2 + CORNERS) return 0;
    for (int j = 0; j < GATE_INPUTS; j++) {
        if (which == 0)
            u[j] = middle[j];
        else if (which == 1)
            u[j] = REST[j];
        else
            u[j] = (which - 2) >> j & 1 ? UPPER[j] : LOWER[j];
    }
    return 1;
}

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

/* What braking at full force needs as margin is far less than what all inputs need. */
static int narrowed(const double z[], const double u_nominal[], const rows *wide, rows *r,
                    double u[], double lam[])
{
    double middle[GATE_INPUTS], centre[GATE_INPUTS], low[GATE_INPUTS], high[GATE_INPUTS];
    rows_at_instant(z, r);
    if (!with_most_margin(u_nominal, r, wide->b, middle, lam)) return NO_INPUT;
    for (int which = 0; candidate(which, middle, centre); which++)
        for (int share = 0; share < SHARES; share++) {
            for (int j = 0; j < GATE_INPUTS; j++) {
                const double half = NARROWER[share] * (UPPER[j] - LOWER[j]);
                low[j] = larger(LOWER[j], centre[j] - half);
                high[j] = lesser(UPPER[j], centre[j] + half);
            }
            rows_at_instant(z, r);
            allow_for_motion(z, low, high, r);
            if (!is_finite_row_set(r)) continue;
            if (decide(u_nominal, r, r->b, low, high, u, lam) <= FILTERED) return FILTERED;
        }
    return NO_INPUT;
}
#endif

/* Rows and input; what is left in `r` is what the answer satisfies, or cannot. */
static int answer_at(const double z[], const double u_nominal[], rows *r, double u[], double lam[])
{
    int code = decide(u_nominal, r, r->b, LOWER, UPPER, u, lam);
#if GATE_MOVES
    if (code > FILTERED) {
        const rows wide = *r;
        if (narrowed(z, u_nominal, &wide, r, u, lam) == FILTERED) return FILTERED;
        *r = wide;
        code = decide(u_nominal, r, r->b, LOWER, UPPER, u, lam);
    }
#else
    (void)z;
#endif
    return code;
}
