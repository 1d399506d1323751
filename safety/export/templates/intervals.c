/* Interval arithmetic. Every result is widened by a few units in the last place, so that rounding
 * never makes a bound too tight; what is not defined on the whole interval may be anything. */
typedef struct {
    double low, high;
} interval;

#define WIDEN 4.5e-16
#define TINY 1e-300
#define PI 3.141592653589793

static inline interval between(double low, double high)
{
    interval r;
    r.low = low;
    r.high = high;
    return r;
}

static inline interval exactly(double a)
{
    return between(a, a);
}

static inline interval known(double low, double high)
{
    return low != low || high != high ? between(-INFINITY, INFINITY) : between(low, high);
}

static inline interval widened(double low, double high)
{
    interval r = known(low, high);
    if (r.low > -INFINITY) r.low = r.low - WIDEN * fabs(r.low) - TINY;
    if (r.high < INFINITY) r.high = r.high + WIDEN * fabs(r.high) + TINY;
    return r;
}

static inline interval product(double al, double ah, double bl, double bh)
{
    const double a[2] = {al, ah}, b[2] = {bl, bh};
    interval r = between(INFINITY, -INFINITY);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            const double z = a[i] == 0.0 || b[j] == 0.0 ? 0.0 : a[i] * b[j];
            r.low = lesser(r.low, z);
            r.high = larger(r.high, z);
        }
    return r;
}

static inline interval magnitude(interval a)
{
    if (a.low >= 0.0) return a;
    return a.high <= 0.0 ? between(-a.high, -a.low) : between(0.0, larger(-a.low, a.high));
}

static inline interval i_add(interval a, interval b)
{
    return widened(a.low + b.low, a.high + b.high);
}

static inline interval i_sub(interval a, interval b)
{
    return widened(a.low - b.high, a.high - b.low);
}

static inline interval i_mul(interval a, interval b)
{
    const interval r = product(a.low, a.high, b.low, b.high);
    return widened(r.low, r.high);
}

/* More than a product of equals: both operands are the same number. */
static inline interval i_square(interval a)
{
    const interval r = magnitude(a);
    return widened(r.low * r.low, r.high * r.high);
}

static inline interval i_div(interval a, interval b)
{
    interval r = between(-INFINITY, INFINITY);
    if (b.low > 0.0 || b.high < 0.0) r = product(a.low, a.high, 1.0 / b.high, 1.0 / b.low);
    return widened(r.low, r.high);
}

static inline interval i_neg(interval a)
{
    return widened(-a.high, -a.low);
}

static inline interval i_sqrt(interval a)
{
    return a.low >= 0.0 ? widened(sqrt(a.low), sqrt(a.high)) : between(-INFINITY, INFINITY);
}

static inline interval cosine(double low, double high)
{
    double least, most, slack, turn;
    if (!(high - low < 2.0 * PI)) return between(-1.0, 1.0);
    least = lesser(cos(low), cos(high));
    most = larger(cos(low), cos(high));
    slack = 1e-15 * (1.0 + fabs(low) + fabs(high));
    turn = ceil((low - slack) / (2.0 * PI));
    if (turn * 2.0 * PI <= high + slack) most = 1.0;
    turn = ceil((low - slack - PI) / (2.0 * PI));
    if (PI + turn * 2.0 * PI <= high + slack) least = -1.0;
    return between(larger(-1.0, least - 2e-16), lesser(1.0, most + 2e-16));
}

static inline interval i_sin(interval a)
{
    const interval r = cosine(a.low - 0.5 * PI, a.high - 0.5 * PI);
    return widened(r.low, r.high);
}

static inline interval i_cos(interval a)
{
    const interval r = cosine(a.low, a.high);
    return widened(r.low, r.high);
}

static inline interval i_tan(interval a)
{
    const double turns = floor(a.low / PI + 0.5);
    if (a.high - a.low < PI && floor(a.high / PI + 0.5) == turns)
        return widened(tan(a.low), tan(a.high));
    return between(-INFINITY, INFINITY);
}

static inline interval i_exp(interval a)
{
    return widened(a.low < 700.0 ? exp(a.low) : INFINITY, a.high < 700.0 ? exp(a.high) : INFINITY);
}

static inline interval i_log(interval a)
{
    return a.low > 0.0 ? widened(log(a.low), log(a.high)) : between(-INFINITY, INFINITY);
}

static inline interval i_tanh(interval a)
{
    return widened(tanh(a.low), tanh(a.high));
}

static inline interval i_atan(interval a)
{
    return widened(atan(a.low), atan(a.high));
}

static inline interval i_asin(interval a)
{
    if (a.low >= -1.0 && a.high <= 1.0) return widened(asin(a.low), asin(a.high));
    return between(-INFINITY, INFINITY);
}

static inline interval i_acos(interval a)
{
    if (a.low >= -1.0 && a.high <= 1.0) return widened(acos(a.high), acos(a.low));
    return between(-INFINITY, INFINITY);
}

/* The first branch: the cut, or the origin. */
static inline interval i_atan2(interval y, interval x)
{
    const double ys[2] = {y.low, y.high}, xs[2] = {x.low, x.high};
    interval r = between(INFINITY, -INFINITY);
    if (x.low <= 0.0 && y.low <= 0.0 && 0.0 <= y.high) return widened(-PI, PI);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            const double z = atan2(ys[i], xs[j]);
            r.low = lesser(r.low, z);
            r.high = larger(r.high, z);
        }
    return widened(r.low, r.high);
}

static inline interval i_abs(interval a)
{
    const interval r = magnitude(a);
    return known(r.low, r.high);
}

static inline interval i_min(interval a, interval b)
{
    return known(lesser(a.low, b.low), lesser(a.high, b.high));
}

static inline interval i_max(interval a, interval b)
{
    return known(larger(a.low, b.low), larger(a.high, b.high));
}

static inline interval i_sign(interval a)
{
    const double low = a.low < 0.0 ? -1.0 : a.low == 0.0 ? 0.0 : 1.0;
    const double high = a.high > 0.0 ? 1.0 : a.high == 0.0 ? 0.0 : -1.0;
    return between(low, high);
}

/* At zero either side may count: the range of the generalised derivative. */
static inline interval i_step(interval a)
{
    return between(a.low > 0.0 ? 1.0 : 0.0, a.high >= 0.0 ? 1.0 : 0.0);
}

static inline interval i_select(interval a, interval yes, interval no)
{
    if (a.low > 0.0) return known(yes.low, yes.high);
    if (a.high <= 0.0) return known(no.low, no.high);
    return known(lesser(yes.low, no.low), larger(yes.high, no.high));
}

static inline interval i_pow(interval a, interval b)
{
    double one, two;
    if (!(a.low > 0.0)) return between(-INFINITY, INFINITY);
    one = pow(a.low, b.low);
    two = pow(a.high, b.low);
    return widened(lesser(one, two), larger(one, two));
}
