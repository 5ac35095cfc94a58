/* SPDX-License-Identifier: Apache-2.0 */
#include "sidecar/example/catalogue.h"

#include <stdio.h>

enum { FIRST_WORDS = 7, SECOND_WORDS = 6 };

static const struct category {
	const char *name;
	const char *first[FIRST_WORDS];
	const char *second[SECOND_WORDS];
} categories[CATALOGUE_CATEGORIES] = {
	{"jazz",
	 {"Blue Lantern", "Corner Table", "Late Tram", "Velvet Stairs", "Harbour", "Rain on Brass",
	  "Miller's Yard"},
	 {"Sessions", "Quartet", "After Hours", "Live at the Cellar", "Standards", "in Three"}},
	{"classical",
	 {"Winter", "Orchard", "Little Chapel", "Northern", "Glass", "Evening", "Marsh"},
	 {"Nocturnes", "String Quartets", "Variations", "Preludes", "Serenade", "Suite"}},
	{"folk",
	 {"Stone Bridge", "Wren and Thistle", "Long Meadow", "Ferry", "Old Mill", "Hearth", "Drover's"},
	 {"Songs", "Ballads", "Reels", "Lullabies", "Gathering", "Letters Home"}},
	{"rock",
	 {"Copper Wires", "Static Summer", "Night Freight", "Paper Tigers", "Low Ceiling", "Red Dust",
	  "Echo Park"},
	 {"Live", "Demos", "Unplugged", "B-Sides", "on the Road", "Anthology"}},
	{"electronic",
	 {"Neon Tide", "Slow Orbit", "Grid", "Aurora", "Soft Machine Room", "Signal Path", "Pale Circuit"},
	 {"Mixes", "Drift", "at 120", "Reworks", "Nightshift", "Patterns"}},
	{"ambient",
	 {"Fog", "Tidal", "Open Window", "Quiet Snow", "Cloud Forest", "Far Bells", "Still Water"},
	 {"for Sleep", "Loops", "for Reading", "Fields", "at Dawn", "Breathing"}},
	{"kids",
	 {"Captain Button", "The Moon Bus", "Hedgehog", "Rainy Day", "Grandpa's Attic", "Bubble",
	  "Lantern Parade"},
	 {"Stories", "Songs", "Adventures", "Bedtime", "Riddles", "Sing-Along"}},
	{"comedy",
	 {"Badly Parked", "Two Cups", "The Wrong Meeting", "Polite Panic", "Neighbours", "Plan B",
	  "Lost Luggage"},
	 {"Live Special", "Weekly", "Sketches", "at the Fringe", "Uncut", "Best Of"}},
	{"history",
	 {"Salt and Silk", "The Lighthouse", "Forgotten Maps", "Iron Roads", "Letters from", "The Mutiny of",
	  "Small Empires"},
	 {"1746", "the Harbour", "the North", "the Archive", "the Siege", "1911"}},
	{"science",
	 {"Odd Numbers", "Deep Water", "Bright Cells", "Dark Matter", "The Honest Measure", "Rocks",
	  "Night Sky"},
	 {"Explained", "Lab Notes", "Questions", "Weekly", "Field Trip", "Debates"}},
	{"crime",
	 {"The Glass Key", "Cold Ferry", "Inspector Lund", "Nine Doors", "The Marsh Road", "A Quiet Street",
	  "Low Tide"},
	 {"Case One", "Case Two", "Case Three", "Audio Drama", "the Trial", "Unsolved"}},
	{"wellbeing",
	 {"Ten Minutes", "Kind Start", "Unhurried", "Steady", "Gentle Evening", "Clear Head", "Small Steps"},
	 {"of Calm", "Breathing", "Stretch", "Walks", "Journal", "for Busy Days"}},
};

static const char *const sources[] = {"popular", "editorial", "personal", "fresh"};
static const char *const tags[] = {"calm", "live", "new", "classic", "short", "series"};

#define PICK(list, number) ((list)[(number) % (sizeof(list) / sizeof *(list))])

uint64_t catalogue_hash(struct bytes text, uint64_t seed)
{
	uint64_t hash = UINT64_C(14695981039346656037) ^ seed;
	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.at[i]) * UINT64_C(1099511628211);
	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	return hash ^ hash >> 33;
}

double catalogue_share(struct bytes text, uint64_t seed)
{
	return (double)(catalogue_hash(text, seed) % 10000) / 10000;
}

static void item_init(struct catalogue_item *item, size_t category, size_t number)
{
	const struct category *of = &categories[category];
	snprintf(item->id, sizeof item->id, "%s-%02zu", of->name, number + 1);
	snprintf(item->title, sizeof item->title, "%s %s", of->first[number % FIRST_WORDS],
		 of->second[number % SECOND_WORDS]);
	struct bytes id = bytes_of(item->id);
	uint64_t hash = catalogue_hash(id, 1);
	item->category = category;
	item->popularity = 0.30 + 0.65 * catalogue_share(id, 2);
	item->source = PICK(sources, hash);
	item->tag = PICK(tags, hash >> 8);
}

void catalogue_init(struct catalogue *catalogue)
{
	/* 7 and 6 have no common factor, so that the 42 pairs of (number % 7, number % 6) all differ. */
	for (size_t i = 0; i < CATALOGUE_ITEMS; i++)
		item_init(&catalogue->item[i], i / CATALOGUE_PER_CATEGORY, i % CATALOGUE_PER_CATEGORY);
}

const char *catalogue_category(size_t category)
{
	return categories[category].name;
}

size_t catalogue_category_named(struct bytes name)
{
	size_t category = 0;
	while (category < CATALOGUE_CATEGORIES && !bytes_equal(bytes_of(categories[category].name), name))
		category++;
	return category;
}

const struct catalogue_item *catalogue_find(const struct catalogue *catalogue, struct bytes id)
{
	for (size_t i = 0; i < CATALOGUE_ITEMS; i++)
		if (bytes_equal(bytes_of(catalogue->item[i].id), id))
			return &catalogue->item[i];
	return NULL;
}
