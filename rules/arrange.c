/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/arrange.h"

#include "rules/work.h"

enum { NEVER = INT32_MAX };
#define END UINT32_MAX

/* Over places, prefix sums: from the place being filled up to place b, how many places there are more than
 * items that must stand there. Where that is 0 only those items may come; below 0 there is no order. Places
 * that are filled count as nothing and can never be the least. */
struct room {
	int32_t sum, least;
};

struct pass {
	const struct arrange *arrange;
	const uint32_t *start;
	size_t now;	    /* the place being filled */
	size_t leaves;	    /* of both trees: a power of two, at least count */
	struct room *room;  /* tree over places */
	int32_t *soonest;   /* tree over positions in `start`: the least last place of the candidates */
	uint32_t *position; /* per item, in `start` */
	bool *placed;

	/* lists: the head per place or group, the next per item or group */
	uint32_t *opens, *opens_next; /* items by their first place */
	uint32_t *member, *member_next;
	uint32_t *wakes, *wakes_next; /* closed groups by the place at which they open again */
	size_t *used;		      /* per group: members placed */
	bool *closed;
};

static struct room joined(struct room left, struct room right)
{
	int32_t across = right.least == NEVER ? NEVER : left.sum + right.least;
	return (struct room){left.sum + right.sum, left.least < across ? left.least : across};
}

static void set_room(struct pass *pass, size_t place, struct room room)
{
	size_t at = pass->leaves + place;
	pass->room[at] = room;
	for (at /= 2; at; at /= 2)
		pass->room[at] = joined(pass->room[2 * at], pass->room[2 * at + 1]);
}

/* The first place up to which there is no room to spare. The last place is one: as many items as places. */
static size_t first_tight(const struct pass *pass)
{
	size_t at = 1;
	int32_t before = 0;
	while (at < pass->leaves) {
		const struct room *left = &pass->room[2 * at];
		bool in_left = left->least != NEVER && before + left->least <= 0;
		before += in_left ? 0 : left->sum;
		at = 2 * at + !in_left;
	}
	return at - pass->leaves;
}

static void set_soonest(struct pass *pass, size_t position, int32_t last)
{
	size_t at = pass->leaves + position;
	pass->soonest[at] = last;
	for (at /= 2; at; at /= 2) {
		int32_t left = pass->soonest[2 * at], right = pass->soonest[2 * at + 1];
		pass->soonest[at] = left < right ? left : right;
	}
}

/* The first candidate in the order to start from whose last place is at most `tight`; END: none. */
static uint32_t candidate(const struct pass *pass, size_t tight)
{
	size_t at = 1;
	if (pass->soonest[1] > (int32_t)tight)
		return END;
	while (at < pass->leaves)
		at = 2 * at + (pass->soonest[2 * at] > (int32_t)tight);
	return pass->start[at - pass->leaves];
}

static void offer(struct pass *pass, uint32_t item)
{
	const struct arrange *arrange = pass->arrange;
	bool closed = arrange->group && arrange->group[item] != ARRANGE_NO_GROUP &&
		      pass->closed[arrange->group[item]];
	if (!pass->placed[item] && !closed && arrange->first[item] <= pass->now)
		set_soonest(pass, pass->position[item], (int32_t)arrange->last[item]);
}

/* Where a quota of the group is used up, its members wait for the place behind. */
static void close_group(struct pass *pass, uint32_t group, size_t next)
{
	size_t until = 0;
	for (const struct arrange_quota *quota = pass->arrange->quota[group]; quota; quota = quota->next)
		if (pass->used[group] >= quota->most && quota->top > until)
			until = quota->top;
	pass->closed[group] = until > next;
	if (until <= next)
		return;
	for (uint32_t item = pass->member[group]; item != END; item = pass->member_next[item])
		set_soonest(pass, pass->position[item], NEVER);
	if (until < pass->arrange->count) {
		pass->wakes_next[group] = pass->wakes[until];
		pass->wakes[until] = group;
	}
}

static void open_place(struct pass *pass)
{
	for (uint32_t group = pass->wakes[pass->now]; group != END; group = pass->wakes_next[group]) {
		pass->closed[group] = false; /* it waited for the last of its quotas that were used up */
		for (uint32_t item = pass->member[group]; item != END; item = pass->member_next[item])
			offer(pass, item);
	}
	for (uint32_t item = pass->opens[pass->now]; item != END; item = pass->opens_next[item])
		offer(pass, item);
}

static void place(struct pass *pass, uint32_t item)
{
	const struct arrange *arrange = pass->arrange;
	struct room more = pass->room[pass->leaves + arrange->last[item]];
	pass->placed[item] = true;
	set_soonest(pass, pass->position[item], NEVER);
	set_room(pass, arrange->last[item], (struct room){more.sum + 1, more.least + 1});
	set_room(pass, pass->now, (struct room){0, NEVER});
	if (arrange->group && arrange->group[item] != ARRANGE_NO_GROUP) {
		pass->used[arrange->group[item]]++;
		close_group(pass, arrange->group[item], pass->now + 1);
	}
}

static uint32_t *list_of(struct rules_work *work, size_t count)
{
	uint32_t *list = rules_work_alloc(work, count, sizeof *list);
	if (list)
		memset(list, 0xff, count * sizeof *list);
	return list;
}

static bool make_room(struct rules_work *work, struct pass *pass)
{
	size_t count = pass->arrange->count, groups = pass->arrange->group_count;
	for (pass->leaves = 1; pass->leaves < count;)
		pass->leaves *= 2;
	pass->room = rules_work_alloc(work, 2 * pass->leaves, sizeof *pass->room);
	pass->soonest = rules_work_alloc(work, 2 * pass->leaves, sizeof *pass->soonest);
	pass->position = rules_work_alloc(work, count, sizeof *pass->position);
	pass->placed = rules_work_alloc(work, count, sizeof *pass->placed);
	pass->opens = list_of(work, count);
	pass->opens_next = list_of(work, count);
	pass->member = list_of(work, groups);
	pass->member_next = list_of(work, count);
	pass->wakes = list_of(work, count);
	pass->wakes_next = list_of(work, groups);
	pass->used = rules_work_alloc(work, groups, sizeof *pass->used);
	pass->closed = rules_work_alloc(work, groups, sizeof *pass->closed);
	return !work->full;
}

static void fill_trees(struct pass *pass)
{
	for (size_t i = 0; i < pass->leaves; i++)
		pass->room[pass->leaves + i] =
			i < pass->arrange->count ? (struct room){1, 1} : (struct room){0, NEVER};
	for (size_t i = 0; i < pass->arrange->count; i++) {
		struct room *room = &pass->room[pass->leaves + pass->arrange->last[i]];
		*room = (struct room){room->sum - 1, room->least - 1};
	}
	for (size_t at = pass->leaves; --at;)
		pass->room[at] = joined(pass->room[2 * at], pass->room[2 * at + 1]);
	for (size_t at = 0; at < 2 * pass->leaves; at++)
		pass->soonest[at] = NEVER;
}

static void fill_lists(struct pass *pass)
{
	const struct arrange *arrange = pass->arrange;
	for (uint32_t i = 0; i < arrange->count; i++) {
		uint32_t group = arrange->group ? arrange->group[i] : ARRANGE_NO_GROUP;
		pass->position[pass->start[i]] = i;
		if (arrange->first[i] < arrange->count) {
			pass->opens_next[i] = pass->opens[arrange->first[i]];
			pass->opens[arrange->first[i]] = i;
		}
		if (group != ARRANGE_NO_GROUP) {
			pass->member_next[i] = pass->member[group];
			pass->member[group] = i;
		}
	}
	for (uint32_t group = 0; group < arrange->group_count; group++)
		close_group(pass, group, 0);
}

bool rules_arrange(struct rules_work *work, const struct arrange *arrange, const uint32_t *start,
		   uint32_t *order)
{
	struct pass pass = {.arrange = arrange, .start = start};
	if (arrange->count == 0)
		return true;
	if (arrange->count >= NEVER || !make_room(work, &pass))
		return false;
	fill_trees(&pass);
	fill_lists(&pass);
	for (; pass.now < arrange->count; pass.now++) {
		open_place(&pass);
		uint32_t item = pass.room[1].least < 0 ? END : candidate(&pass, first_tight(&pass));
		if (item == END)
			return false;
		order[pass.now] = item;
		place(&pass, item);
	}
	return true;
}
