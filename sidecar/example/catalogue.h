/* SPDX-License-Identifier: Apache-2.0
 *
 * The catalogue of the demo's invented listening service: a dozen categories with 42 items each. The same
 * in every process and on every machine: titles are put together from two lists of words per category,
 * numbers come from a hash of the id.
 */
#ifndef EXAMPLE_CATALOGUE_H
#define EXAMPLE_CATALOGUE_H

#include "proto/bytes.h"
#include <stdint.h>

enum { CATALOGUE_CATEGORIES = 12, CATALOGUE_PER_CATEGORY = 42, CATALOGUE_ITEMS = 504 };

struct catalogue_item {
	char id[24];	/* "jazz-07": category and number, both from this table */
	char title[48]; /* "Blue Lantern Sessions" */
	size_t category;
	double popularity; /* 0.30 to 0.95 in steps of 0.0001 */
	const char *source, *tag;
};

struct catalogue {
	struct catalogue_item item[CATALOGUE_ITEMS];
};

void catalogue_init(struct catalogue *catalogue);

/* "jazz"; category < CATALOGUE_CATEGORIES. */
const char *catalogue_category(size_t category);

/* CATALOGUE_CATEGORIES when there is none of that name. */
size_t catalogue_category_named(struct bytes name);

/* Borrowed from the catalogue; NULL when there is none with that id. */
const struct catalogue_item *catalogue_find(const struct catalogue *catalogue, struct bytes id);

/* FNV-1a of 64 bits with a final mix: spreads short ids evenly. `seed` gives independent numbers. */
uint64_t catalogue_hash(struct bytes text, uint64_t seed);

/* The hash as a number from 0 to below 1, in steps of 0.0001 so that tables read well. */
double catalogue_share(struct bytes text, uint64_t seed);

#endif
