/* SPDX-License-Identifier: Apache-2.0
 *
 * Arithmetic of bounds: in the field's own type (double, or float32 when the field on the wire is one), and
 * rounded towards the baseline, so that the stored value is within.
 */
#ifndef RULES_NUMBERS_H
#define RULES_NUMBERS_H

#include <math.h>
#include <stdbool.h>

/* The value as the field stores it: rounded to the nearest, and never infinite. */
double rules_number_in_type(double value, bool narrow);

/* The smallest value of the type that is at least `value`; never infinite. */
double rules_number_at_least(double value, bool narrow);

/* The largest value of the type that is at most baseline + step, and the smallest that is at least
 * baseline - step. step >= 0 or infinite; baseline is of the type. */
double rules_bound_above(double baseline, double step, bool narrow);
double rules_bound_below(double baseline, double step, bool narrow);

/* True only when value is inside both bounds by far more than any rounding: the usual case, without the care
 * that the edges need. */
static inline bool rules_bound_clearly_within(double value, double baseline, double step, bool narrow)
{
	double margin = (fabs(baseline) + step) * (narrow ? 0x1p-20 : 0x1p-48);
	return fabs(value - baseline) < step - margin;
}

/* The largest double that is at most factor * |baseline|; both finite, factor >= 0. */
double rules_step_relative(double factor, double baseline);

#endif
