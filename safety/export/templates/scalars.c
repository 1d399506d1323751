/* Of two numbers the first, unless the second is beyond it. */
static inline double lesser(double a, double b)
{
    return b < a ? b : a;
}

static inline double larger(double a, double b)
{
    return b > a ? b : a;
}

/* What is divided by zero is infinite with the sign of the dividend, whatever that of the zero. */
static inline double divide(double a, double b)
{
    if (b != 0.0) return a / b;
    return a > 0.0 ? INFINITY : a < 0.0 ? -INFINITY : NAN;
}

static inline double sign_of(double a)
{
    return a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : 0.0;
}

static inline double is_positive(double a)
{
    return a > 0.0 ? 1.0 : 0.0;
}

static inline double choose(double a, double yes, double no)
{
    return a > 0.0 ? yes : no;
}

static inline double clip(double a, double low, double high)
{
    return lesser(larger(a, low), high);
}
