/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * dns01_work.h - what dns01.c and dns01_settle.c share. */
#ifndef ENGINE_DNS01_WORK_H
#define ENGINE_DNS01_WORK_H

#include "engine/dns01.h"

struct present_group { /* records of one login and zone: one provider call */
	struct seal_record *records;
	struct op op;
};

struct dns01_work {
	struct zone_find *finds; /* one a place */
	size_t n_servers;
	struct servers_find *servers; /* one a zone */
	size_t n_groups;
	struct present_group *groups;
	bool fresh; /* no run ever began to write any of the values */

	struct settle settle;
	struct settle_want *wants; /* one an owner */
	const char **values;       /* all wants' values, in one array */
	int64_t began_ms;
};

#define DNS01_SETTLE 100 /* the step of dns01_settle.c */
void dns01_settled(struct dns01 *); /* the wait is over: story, waited_ms */
void dns01_settle_free(struct dns01_work *);

#endif
