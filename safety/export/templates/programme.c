/* The programme
 *
 *     minimise 1/2 sum_j w_j (u_j - u_nom_j)^2   subject to   A u >= b,   lower <= u <= upper
 *
 * by the dual active set method of D. Goldfarb and A. Idnani, Mathematical Programming 27, 1983,
 * in the metric of its weights: v = sqrt(w) (u - origin), origin the clipped nominal, rows of unit
 * length. The working set's unit normals are kept as N = Q1 R; QT is (Q1 Q2) transposed. Every
 * answer is checked against the original numbers before it is used. */
enum { SOLVED, INFEASIBLE, UNVERIFIED, ITERATION_LIMIT, NOT_FINITE };

#define PARALLEL 1e-26
#define DRIFT 1e-14
#define FAINT 1e-13
#define UNIT_ROUNDING 4e-16
#define TOLERANCE 1e-9
#define ROUNDING 1e-14
#define LOOSER 1e4

/* Numbers that a programme of k rows and m inputs is worked out in. */
#define WORK(k, m) (2 * (m) * (m) + (k) * (m) + 3 * (k) + 10 * (m) + 1)

/* Constraints are numbered: rows from 0, lower bounds from k, upper bounds from k + m. */
typedef struct {
    int k, m;
    const double *u_nom, *w, *A, *b, *lower, *upper;
    double *QT, *R, *N, *c, *noise, *inverse_norm;
    double *origin, *scale, *pull, *low, *high, *v, *z, *d, *r, *y;
    int members[GATE_UNKNOWNS + 1];
    unsigned char inside[GATE_ROWS + 2 * GATE_UNKNOWNS];
} programme;

static void lay_out(programme *s, int k, int m, double *work)
{
    s->k = k;
    s->m = m;
    s->QT = work, work += m * m;
    s->R = work, work += m * m;
    s->N = work, work += k * m;
    s->c = work, work += k;
    s->noise = work, work += k;
    s->inverse_norm = work, work += k;
    s->origin = work, work += m;
    s->scale = work, work += m;
    s->pull = work, work += m;
    s->low = work, work += m;
    s->high = work, work += m;
    s->v = work, work += m;
    s->z = work, work += m;
    s->d = work, work += m;
    s->r = work, work += m;
    s->y = work;
}

/* ---- unit rows: a violation is a length, whatever the rows' scales were ---- */

static int to_unit_bounds(programme *s, int *at_fault)
{
    for (int j = 0; j < s->m; j++) {
        const double w = s->w[j], lower = s->lower[j], upper = s->upper[j], u = s->u_nom[j];
        double root, at;
        *at_fault = j;
        if (!(w > 0.0 && w < INFINITY && fabs(u) < INFINITY)) return NOT_FINITE;
        if (!(lower < INFINITY && upper > -INFINITY)) return NOT_FINITE;
        if (lower > upper) return INFEASIBLE;
        root = sqrt(w);
        at = clip(u, lower, upper);
        s->origin[j] = at;
        s->scale[j] = 1.0 / root;
        s->low[j] = (lower - at) * root;
        s->high[j] = (upper - at) * root;
        s->pull[j] = (u - at) * root;
    }
    return SOLVED;
}

/* A row that asks for nothing becomes 0'v >= -1. */
static int to_unit_rows(programme *s, double looseness, int *at_fault)
{
    const int m = s->m;
    const double rounding = UNIT_ROUNDING * looseness * (m + 1);
    for (int i = 0; i < s->k; i++) {
        const double *a = s->A + i * m;
        double *n = s->N + i * m;
        double squares = 0.0, at = 0.0, size = fabs(s->b[i]);
        *at_fault = i;
        for (int j = 0; j < m; j++) {
            const double entry = a[j] * s->scale[j], share = a[j] * s->origin[j];
            n[j] = entry;
            squares += entry * entry;
            at += share;
            size += fabs(share);
        }
        if (squares > 0.0 && squares < INFINITY && size < INFINITY) {
            const double inverse = 1.0 / sqrt(squares);
            for (int j = 0; j < m; j++) n[j] *= inverse;
            s->c[i] = (s->b[i] - at) * inverse;
            s->noise[i] = rounding * size * inverse;
            s->inverse_norm[i] = inverse;
            continue;
        }
        if (!(squares < INFINITY && s->b[i] < INFINITY)) return NOT_FINITE;
        if (s->b[i] > 0.0) return INFEASIBLE;
        for (int j = 0; j < m; j++) n[j] = 0.0;
        s->c[i] = -1.0;
        s->noise[i] = s->inverse_norm[i] = 0.0;
    }
    return SOLVED;
}

/* ---- the working set's factorisation ---- */

/* Appends the normal n with d = Q'n, z = Q2 Q2'n and zz = |z|^2 > 0 by one reflection. */
static void append_normal(programme *s, int q, double zz)
{
    const int m = s->m;
    const double length = sqrt(zz), sigma = s->d[q] >= 0.0 ? length : -length;
    const double beta = 1.0 / (zz + fabs(s->d[q]) * length);
    for (int a = 0; a < q; a++) s->R[a * m + q] = s->d[a];
    s->R[q * m + q] = -sigma;
    s->d[q] += sigma;
    for (int j = 0; j < m; j++) s->z[j] = beta * (s->z[j] + sigma * s->QT[q * m + j]);
    for (int c = q; c < m; c++)
        for (int j = 0; j < m; j++) s->QT[c * m + j] -= s->d[c] * s->z[j];
}

static void rotate(double *x, double *y, double cosine_of, double sine_of)
{
    const double a = *x, b = *y;
    *x = cosine_of * a + sine_of * b;
    *y = cosine_of * b - sine_of * a;
}

/* Removes the normal at a position of q by rotations. */
static void remove_normal(programme *s, int q, int at)
{
    const int m = s->m;
    double *R = s->R, *QT = s->QT;
    for (int c = at; c < q - 1; c++)
        for (int a = 0; a < c + 2; a++) R[a * m + c] = R[a * m + c + 1];
    for (int c = at; c < q - 1; c++) {
        const double x = R[c * m + c], y = R[(c + 1) * m + c], length = sqrt(x * x + y * y);
        if (length == 0.0) continue;
        R[c * m + c] = length;
        R[(c + 1) * m + c] = 0.0;
        for (int a = c + 1; a < q - 1; a++)
            rotate(&R[c * m + a], &R[(c + 1) * m + a], x / length, y / length);
        for (int j = 0; j < m; j++)
            rotate(&QT[c * m + j], &QT[(c + 1) * m + j], x / length, y / length);
    }
}

/* R x = x in place. */
static void back_substitute(const programme *s, int q, double *x)
{
    for (int a = q - 1; a >= 0; a--) {
        double total = x[a];
        for (int c = a + 1; c < q; c++) total -= s->R[a * s->m + c] * x[c];
        x[a] = total / s->R[a * s->m + a];
    }
}

/* R' x = x in place. */
static void forward_substitute(const programme *s, int q, double *x)
{
    for (int a = 0; a < q; a++) {
        double total = x[a];
        for (int c = 0; c < a; c++) total -= s->R[c * s->m + a] * x[c];
        x[a] = total / s->R[a * s->m + a];
    }
}

/* ---- the method ---- */

/* The optimum over the box alone, and its working set. */
static int start(programme *s)
{
    const int k = s->k, m = s->m;
    int q = 0, behind = m;
    memset(s->inside, 0, (size_t)(k + 2 * m));
    for (int i = 0; i < m * m; i++) s->QT[i] = 0.0;
    for (int j = 0; j < m; j++) {
        int which;
        s->v[j] = 0.0;
        if (s->pull[j] == 0.0) {
            behind--;
            s->QT[behind * m + j] = 1.0;
            continue;
        }
        which = s->pull[j] < 0.0 ? k + j : k + m + j;
        for (int a = 0; a < q; a++) s->R[a * m + q] = 0.0;
        s->R[q * m + q] = 1.0;
        s->QT[q * m + j] = s->pull[j] < 0.0 ? 1.0 : -1.0;
        s->y[q] = fabs(s->pull[j]);
        s->members[q] = which;
        s->inside[which] = 1;
        q++;
    }
    return q;
}

/* The constraint farthest from being met and how far, or -1. */
static int most_violated(const programme *s, int any_will_do, double drift, double *worst)
{
    const int k = s->k, m = s->m;
    double far = 0.0;
    int which = -1;
    *worst = 0.0;
    for (int j = 0; j < m; j++) far = larger(far, fabs(s->v[j]));
    drift *= far;
    for (int j = 0; j < m; j++) {
        double gap = s->low[j] - s->v[j];
        if (gap > *worst && gap > drift && !s->inside[k + j]) which = k + j, *worst = gap;
        gap = s->v[j] - s->high[j];
        if (gap > *worst && gap > drift && !s->inside[k + m + j]) which = k + m + j, *worst = gap;
    }
    for (int i = 0; i < k; i++) {
        double gap = s->c[i];
        if (any_will_do && which >= 0) break;
        for (int j = 0; j < m; j++) gap -= s->N[i * m + j] * s->v[j];
        if (gap > *worst && gap > s->noise[i] + drift && !s->inside[i]) which = i, *worst = gap;
    }
    return which;
}

/* d = Q'n, z = Q2 Q2'n and r = R^-1 Q1'n of constraint p; the squared length of z. */
static double directions(programme *s, int p, int q)
{
    const int k = s->k, m = s->m;
    double zz = 0.0;
    for (int a = 0; a < m; a++) {
        const double *row = s->QT + a * m;
        if (p < k) {
            double total = 0.0;
            for (int j = 0; j < m; j++) total += row[j] * s->N[p * m + j];
            s->d[a] = total;
        } else {
            s->d[a] = p < k + m ? row[p - k] : -row[p - k - m];
        }
    }
    for (int j = 0; j < m; j++) s->z[j] = 0.0;
    for (int a = q; a < m; a++) {
        zz += s->d[a] * s->d[a];
        for (int j = 0; j < m; j++) s->z[j] += s->d[a] * s->QT[a * m + j];
    }
    for (int a = 0; a < q; a++) s->r[a] = s->d[a];
    back_substitute(s, q, s->r);
    return zz;
}

/* Moves until constraint p is met or cannot be; `spent` counts the steps. */
static int take_in(programme *s, int p, double gap, int *size, int *spent, int limit)
{
    int q = *size;
    double zz;
    s->y[q] = 0.0;
    for (;;) {
        double step = INFINITY, most = 1.0, full;
        int leaves = -1;
        if (++*spent > limit) {
            *size = q;
            return ITERATION_LIMIT;
        }
        zz = directions(s, p, q);
        for (int a = 0; a < q; a++) most = larger(most, fabs(s->r[a]));
        for (int a = 0; a < q; a++)
            if (s->r[a] > 1e-13 * most && s->y[a] < step * s->r[a]) {
                step = s->y[a] / s->r[a];
                leaves = a;
            }
        full = zz > PARALLEL ? gap / zz : INFINITY;
        if (full <= step) step = full, leaves = -1;
        if (step == INFINITY) {
            for (int a = 0; a < q; a++) s->y[a] = larger(-s->r[a], 0.0);
            s->y[q] = 1.0;
            s->members[q] = p;
            *size = q + 1;
            return INFEASIBLE;
        }
        for (int a = 0; a < q; a++) s->y[a] = larger(s->y[a] - step * s->r[a], 0.0);
        s->y[q] += step;
        if (zz > PARALLEL) {
            for (int j = 0; j < s->m; j++) s->v[j] += step * s->z[j];
            gap -= step * zz;
        }
        if (leaves < 0) break;
        s->inside[s->members[leaves]] = 0;
        remove_normal(s, q, leaves);
        for (int a = leaves; a < q; a++) s->y[a] = s->y[a + 1];
        for (int a = leaves; a < q - 1; a++) s->members[a] = s->members[a + 1];
        q--;
    }
    append_normal(s, q, zz);
    s->members[q] = p;
    s->inside[p] = 1;
    *size = q + 1;
    return SOLVED;
}

/* Takes in violated constraints until there are none. The dual value rises with every one; where
 * rounding hides that, the first violated one is taken in place of the worst: no cycles. */
static int iterate(programme *s, double drift, int *size)
{
    const int limit = 100 + 4 * (s->k + 2 * s->m);
    double best = -1.0;
    int stalled = 0, spent = 0;
    for (;;) {
        double gap, value = 0.0;
        const int p = most_violated(s, stalled, drift, &gap);
        int claim;
        if (p < 0) return SOLVED;
        claim = take_in(s, p, gap, size, &spent, limit);
        if (claim != SOLVED) return claim;
        for (int j = 0; j < s->m; j++) {
            const double off = s->v[j] - s->pull[j];
            value += off * off;
        }
        stalled = value <= best;
        best = larger(best, value);
    }
}

/* ---- back to the programme's own units ---- */

/* Active bounds exactly, one refinement against the active rows, multipliers anew. */
static void write_optimum(programme *s, int q, double *u, double *lam)
{
    const int k = s->k, m = s->m;
    double *d = s->d, *y = s->y;
    for (int j = 0; j < m; j++)
        u[j] = clip(s->origin[j] + s->scale[j] * s->v[j], s->lower[j], s->upper[j]);
    if (q == 0) return;
    for (int a = 0; a < q; a++) {
        const int i = s->members[a];
        if (i >= k + m)
            u[i - k - m] = s->upper[i - k - m];
        else if (i >= k)
            u[i - k] = s->lower[i - k];
    }
    for (int a = 0; a < q; a++) {
        const int i = s->members[a];
        d[a] = 0.0;
        if (i < k) {
            double gap = s->b[i];
            for (int j = 0; j < m; j++) gap -= s->A[i * m + j] * u[j];
            d[a] = gap * s->inverse_norm[i];
        }
    }
    forward_substitute(s, q, d);
    for (int j = 0; j < m; j++) {
        double move = 0.0;
        for (int a = 0; a < q; a++) move += s->QT[a * m + j] * d[a];
        s->v[j] += move;
        u[j] = clip(u[j] + s->scale[j] * move, s->lower[j], s->upper[j]);
    }
    for (int a = 0; a < q; a++) {
        double total = 0.0;
        for (int j = 0; j < m; j++) total += s->QT[a * m + j] * (s->v[j] - s->pull[j]);
        y[a] = total;
    }
    back_substitute(s, q, y);
    for (int j = 0; j < m; j++) d[j] = s->w[j] * (u[j] - s->u_nom[j]);
    for (int a = 0; a < q; a++) {
        const int i = s->members[a];
        if (i < k && y[a] > 0.0) {
            lam[i] = y[a] * s->inverse_norm[i];
            for (int j = 0; j < m; j++) d[j] -= s->A[i * m + j] * lam[i];
        }
    }
    for (int a = 0; a < q; a++) {
        const int i = s->members[a];
        if (i >= k + m) {
            u[i - k - m] = s->upper[i - k - m];
            lam[i] = larger(-d[i - k - m], 0.0);
        } else if (i >= k) {
            u[i - k] = s->lower[i - k];
            lam[i] = larger(d[i - k], 0.0);
        }
    }
}

/* The rows' share in the contradiction, and the bounds' that cancels it. */
static void write_proof(const programme *s, int q, double *lam)
{
    const int k = s->k, m = s->m;
    double most = 0.0, faint;
    for (int a = 0; a < q; a++) most = larger(most, s->y[a]);
    faint = FAINT * most;
    most = 0.0;
    for (int a = 0; a < q; a++) {
        const int i = s->members[a];
        if (i < k && s->y[a] > faint) {
            lam[i] = s->y[a] * s->inverse_norm[i];
            most = larger(most, lam[i]);
        }
    }
    for (int i = 0; i < k; i++) lam[i] /= most > 0.0 ? most : 1.0;
    for (int j = 0; j < m; j++) {
        double total = 0.0;
        for (int i = 0; i < k; i++) total += lam[i] * s->A[i * m + j];
        if (total < 0.0 && s->lower[j] > -INFINITY) lam[k + j] = -total;
        if (total > 0.0 && s->upper[j] < INFINITY) lam[k + m + j] = total;
    }
}

/* What it claims is not verified here. */
static int solve_unchecked(programme *s, double looseness, double *u, double *lam)
{
    const int k = s->k, m = s->m;
    int at = 0, q, claim;
    for (int i = 0; i < k + 2 * m; i++) lam[i] = 0.0;
    claim = to_unit_bounds(s, &at);
    if (claim == INFEASIBLE) lam[k + at] = lam[k + m + at] = 1.0;
    if (claim != SOLVED) return claim;
    claim = to_unit_rows(s, looseness, &at);
    if (claim == INFEASIBLE) lam[at] = 1.0;
    if (claim != SOLVED) return claim;
    q = start(s);
    claim = iterate(s, looseness * DRIFT, &q);
    if (claim == INFEASIBLE)
        write_proof(s, q, lam);
    else
        write_optimum(s, q, u, lam);
    return claim;
}

/* ---- the check that every answer passes ---- */

/* Karush, Kuhn, Tucker. */
static int is_optimal(const programme *s, const double *u, const double *lam)
{
    const int k = s->k, m = s->m;
    double *slop = s->d, widest = 0.0;
    for (int j = 0; j < m; j++) {
        if (!(s->lower[j] <= u[j] && u[j] <= s->upper[j])) return 0;
        slop[j] = larger(fabs(u[j]), fabs(clip(s->u_nom[j], s->lower[j], s->upper[j])));
        widest = larger(widest, s->w[j] * slop[j] * slop[j]);
    }
    widest = sqrt(widest);
    for (int j = 0; j < m; j++)
        slop[j] = TOLERANCE * slop[j] + ROUNDING * widest / sqrt(s->w[j]);
    for (int i = 0; i < k; i++) {
        const double *a = s->A + i * m, b = s->b[i];
        double value = 0.0, allowed = TOLERANCE * fabs(b);
        if (!(0.0 <= lam[i] && lam[i] < INFINITY)) return 0;
        for (int j = 0; j < m; j++) {
            value += a[j] * u[j];
            allowed += fabs(a[j]) * slop[j];
        }
        if (lam[i] > 0.0) {
            if (!(fabs(value - b) <= allowed)) return 0;
        } else if (b > -INFINITY && !(value - b >= -allowed)) {
            return 0;
        }
    }
    for (int j = 0; j < m; j++) {
        const double below = lam[k + j], above = lam[k + m + j], w = s->w[j];
        double residual, size;
        if (!(0.0 <= below && below < INFINITY && 0.0 <= above && above < INFINITY)) return 0;
        if (below > 0.0 && u[j] != s->lower[j]) return 0;
        if (above > 0.0 && u[j] != s->upper[j]) return 0;
        residual = w * (u[j] - s->u_nom[j]) - below + above;
        size = below + above + w * (fabs(u[j]) + fabs(s->u_nom[j]));
        for (int i = 0; i < k; i++) {
            const double share = lam[i] * s->A[i * m + j];
            residual -= share;
            size += fabs(share);
        }
        if (!(fabs(residual) <= TOLERANCE * sqrt(w) * widest + ROUNDING * size)) return 0;
    }
    return 1;
}

/* Farkas. */
static int is_contradiction(const programme *s, const double *lam)
{
    const int k = s->k, m = s->m;
    double asked = 0.0, size = 0.0;
    for (int i = 0; i < k; i++) {
        if (!(0.0 <= lam[i] && lam[i] < INFINITY)) return 0;
        if (lam[i] > 0.0) {
            asked += lam[i] * s->b[i];
            size += fabs(lam[i] * s->b[i]);
        }
    }
    for (int j = 0; j < m; j++) {
        const double below = lam[k + j], above = lam[k + m + j];
        double left = below - above, sum = below + above, bound;
        if (!(0.0 <= below && below < INFINITY && 0.0 <= above && above < INFINITY)) return 0;
        for (int i = 0; i < k; i++) {
            const double share = lam[i] * s->A[i * m + j];
            left += share;
            sum += fabs(share);
        }
        if (below > 0.0) {
            asked += below * s->lower[j];
            size += fabs(below * s->lower[j]);
        }
        if (above > 0.0) {
            asked -= above * s->upper[j];
            size += fabs(above * s->upper[j]);
        }
        bound = left > 0.0 ? s->upper[j] : s->lower[j];
        if (fabs(bound) < INFINITY) {
            asked -= left * bound;
            size += sum * fabs(bound);
        } else if (fabs(left) > ROUNDING * sum) {
            return 0;
        }
    }
    return asked > ROUNDING * size;
}

/* The point, or NaN and a code that is no proof unless it is INFEASIBLE. */
static int solve_checked(programme *s, double *u, double *lam)
{
    double looseness = 1.0;
    int code = UNVERIFIED;
    for (int attempt = 0; attempt < 2; attempt++, looseness = LOOSER) {
        code = solve_unchecked(s, looseness, u, lam);
        if (code == NOT_FINITE) break;
        if (code == INFEASIBLE) {
            if (is_contradiction(s, lam)) break;
            code = UNVERIFIED;
        } else if (is_optimal(s, u, lam)) {
            return SOLVED;
        } else if (code == SOLVED) {
            code = UNVERIFIED;
        }
    }
    for (int j = 0; j < s->m; j++) u[j] = NAN;
    return code;
}
