/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/numbers.h"

#include <float.h>
#include <math.h>

double rules_number_in_type(double value, bool narrow)
{
	if (!narrow || !isfinite(value))
		return value;
	if (fabs(value) > (double)FLT_MAX)
		return copysign((double)FLT_MAX, value);
	return (double)(float)value;
}

/* The largest value of the type that is at most `value`. */
static double round_down(double value, bool narrow)
{
	if (!narrow)
		return value;
	double near = rules_number_in_type(value, true);
	return near > value ? (double)nextafterf((float)near, -INFINITY) : near;
}

double rules_number_at_least(double value, bool narrow)
{
	double least = -round_down(-value, narrow);
	return narrow && least > (double)FLT_MAX ? (double)FLT_MAX : least;
}

double rules_bound_above(double baseline, double step, bool narrow)
{
	double most = narrow ? (double)FLT_MAX : DBL_MAX;
	double sum = baseline + step;
	if (!isfinite(sum) || sum > most)
		return most;
	/* Knuth's TwoSum: the exact sum is sum + rest */
	double part = sum - baseline;
	double rest = (baseline - (sum - part)) + (step - part);
	if (rest < 0)
		sum = nextafter(sum, -INFINITY);
	double bound = round_down(sum, narrow);
	return bound < baseline ? baseline : bound;
}

double rules_bound_below(double baseline, double step, bool narrow)
{
	return -rules_bound_above(-baseline, step, narrow);
}

double rules_step_relative(double factor, double baseline)
{
	double product = factor * fabs(baseline);
	if (!isfinite(product))
		return INFINITY;
	/* fma gives the rounding error exactly (but for underflow, where down is right too) */
	if (fma(factor, fabs(baseline), -product) < 0 || (product > 0 && product < DBL_MIN))
		product = nextafter(product, 0);
	return product;
}
