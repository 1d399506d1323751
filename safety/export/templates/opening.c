/* See the header for what this is and how it is compiled. */
#include "@FILE@.h"

#include <float.h>
#include <math.h>
#include <string.h>

#if DBL_MANT_DIG != 53
#error "double must have 53 bits: the margins count on them"
#endif
#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "compile without -ffast-math: NaN and infinities must be seen"
#endif
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif
