/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * renew.c - when a certificate is due. */
#include "config.h"

#include "engine/engine.h"

#include <stdio.h>

#define SHORT_LIFE_S (10 * 86400) /* below this, half of the life is kept in reserve */

int64_t renew_due(const struct renew_rule *rule, int64_t not_before, int64_t not_after,
		  char ret_why[80])
{
	int64_t life = not_after - not_before;
	char shown[32];

	switch (rule->kind) {
	case RENEW_BEFORE:
		snprintf(ret_why, 80, "%s before its end", show_duration(rule->before_s, shown));
		return not_after - rule->before_s;
	case RENEW_FRACTION:
		snprintf(ret_why, 80, "%u%% of its life left", rule->percent);
		return not_after - life * rule->percent / 100;
	case RENEW_AUTO:
		break;
	}
	if (life < SHORT_LIFE_S) {
		snprintf(ret_why, 80, "half of its life left");
		return not_after - life / 2;
	}
	snprintf(ret_why, 80, "a third of its life left");
	return not_after - life / 3;
}
