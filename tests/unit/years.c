/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * years.c - ten years unattended, in seconds: decision, failure table and budget against a CA that
 * exists only as a function of time.  Nothing here waits, and nothing is asked. */
#include "config.h"

#include "acme/ari.h"
#include "base/clock.h"
#include "engine/decide.h"
#include "engine/retry.h"
#include "store/budget.h"
#include "tests/tap.h"
#include "tests/temp.h"

#include <stdlib.h>
#include <unistd.h>

#define HOUR_S 3600
#define DAY_S 86400
#define MONTH_S (30 * DAY_S)
#define BEGIN 1800000000
#define YEARS 10
#define END (BEGIN + YEARS * 365 * DAY_S)
#define TIMER_S (6 * HOUR_S) /* as etc/systemd/dnseal.timer */
#define AKI "01"

/* In place of the C library's: no disk of ours will lose its power in the next ten years. */
int fdatasync(int fd)
{
	return fd < 0 ? -1 : 0;
}

int fsync(int fd)
{
	return fd < 0 ? -1 : 0;
}

static struct store store;
static struct story story;
static char url[] = "https://acme.ca.net/dir", second_url[] = "https://acme.two.net/dir";
static struct account_conf account = { .url = url };

/* -- the CA --------------------------------------------------------------------------------- */

static bool is_bad_month(int64_t t)
{
	return (t - BEGIN) / MONTH_S % 3 == 1;
}

static bool up_always(int64_t t)
{
	return t >= BEGIN;
}

/* In bad months: nine days away, one day there. */
static bool up_one_day_of_ten(int64_t t)
{
	return !is_bad_month(t) || (t - BEGIN) / DAY_S % 10 == 9;
}

/* In bad months: there for a tenth of each day, each month at another time of the day. */
static bool up_a_tenth_of_a_day(int64_t t)
{
	int64_t shift = (t - BEGIN) / MONTH_S * 7 * HOUR_S;

	return !is_bad_month(t) || (t + shift) % DAY_S < DAY_S / 10;
}

static bool never_up(int64_t t)
{
	return t < BEGIN;
}

/* Let's Encrypt's: around a third of the life before the end (half of a short one), a fiftieth of
 * it wide. */
static void window_of(const struct cert_info *leaf, int64_t *start, int64_t *end)
{
	int64_t life = leaf->not_after - leaf->not_before;
	int64_t centre = leaf->not_after - (life < 10 * DAY_S ? life / 2 : life / 3);

	*start = centre - life / 100;
	*end = centre + life / 100;
}

/* -- one certificate and its turns ---------------------------------------------------------- */

struct plan {
	const char *what;
	int64_t life_s;
	bool (*up)(int64_t), (*second_up)(int64_t);
	bool has_ari;
	int64_t every_s; /* looked at so often; 0: exactly when something is to be done */
};

static struct sim {
	const struct plan *plan;
	struct cert_conf conf;
	struct cert_info leaf;
	char serial[17];
	struct live live;
	struct cert_state state;
	struct decision d;
	unsigned renewals, inside, could_be; /* in the CA's window, when that was possible */
	int64_t expired_s;
	unsigned tries, limited;
} s;

/* What the turn keeps of a success. */
static void remember(int64_t now)
{
	s.state.failures = s.state.next_try = 0;
	ari_begin(&s.state.ari, &s.leaf, now);
	decide(&s.conf, &s.live, &s.state, now, &s.d);
}

static void issue(int64_t now)
{
	s.leaf.not_before = now - HOUR_S;
	s.leaf.not_after = s.leaf.not_before + s.plan->life_s;
	s.renewals++;
	str_put(s.serial, "%016x", s.renewals);
	s.leaf.serial = s.serial;
	remember(now);
}

/* Was the CA there for the whole of a window that was known? */
static void count_window(int64_t now)
{
	int64_t start, end;
	bool there = true;

	if (!s.state.ari.end)
		return;
	window_of(&s.leaf, &start, &end);
	for (int64_t t = start - DAY_S; t < end; t += HOUR_S)
		there = there && s.plan->up(t);
	s.could_be += there;
	s.inside += there && now >= start && now < end;
}

static void ask_wish(int64_t now)
{
	static const struct story down = { .st = SEAL_EAGAIN };
	struct ari_state *a = &s.state.ari;
	int64_t start, end;

	scoped(free_p) char *id = ari_cert_id(&s.leaf);
	if (!s.plan->has_ari || !ari_should_ask(a, id, s.leaf.not_after, now))
		return;
	window_of(&s.leaf, &start, &end);
	if (s.plan->up(now))
		ari_keep(a, id, start, end, 6 * HOUR_S, NULL, now);
	else
		ari_missed(a, id, &down, now);
}

static void failed(const struct story *why, int64_t now)
{
	struct retry r = { .blame = retry_blame(why),
			   .failures = ++s.state.failures,
			   .life_s = s.d.life_s,
			   .left_s = s.d.not_after - now,
			   .urgent = s.d.urgent };

	s.state.next_try = retry_at(why, &r, now);
}

/* An order at this CA; false when it was not to be had. */
static bool order_at(const char *ca, bool (*up)(int64_t), struct story *why, int64_t now)
{
	enum budget_force force = s.d.life_s < BUDGET_SHORT_S ? BUDGET_SHORT
				  : s.d.urgent		      ? BUDGET_URGENT
							      : BUDGET_USUAL;

	*why = (struct story){ .st = SEAL_EAGAIN };
	if (!up(now)) /* not even its directory */
		return false;
	if (budget_order(&store, ca, &s.conf.names, force, why) ||
	    budget_validation(&store, ca, &s.conf.names, force, why)) {
		s.limited++;
		return false;
	}
	budget_validated(&store, ca, &s.conf.names);
	return true;
}

static void turn(int64_t now)
{
	struct story why;

	ask_wish(now);
	decide(&s.conf, &s.live, &s.state, now, &s.d);
	decide_early(&s.d, &s.state.ari, s.plan->every_s, now);
	if (s.d.why == DUE_NOT || now < s.state.next_try)
		return;
	s.tries++;
	if (!order_at(url, s.plan->up, &why, now) &&
	    !(s.plan->second_up && order_at(second_url, s.plan->second_up, &why, now))) {
		failed(&why, now);
		return;
	}
	count_window(now);
	if (now > s.leaf.not_after)
		s.expired_s += now - s.leaf.not_after;
	issue(now);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t next_look(int64_t now)
{
	int64_t next = s.d.at;

	if (s.plan->every_s)
		return now + s.plan->every_s;
	if (s.d.why != DUE_NOT || s.d.at <= now)
		next = s.state.next_try ? s.state.next_try : now + 1;
	if (s.plan->has_ari && s.state.ari.next_ask > now)
		next = earlier(next, s.state.ari.next_ask);
	return next > now ? next : now + 1;
}

static void forget_budget(void)
{
	scoped(free_p) char *path = store_path(&store, "limits.json");

	unlink(path);
}

static void set_up(const struct plan *p)
{
	static char title[] = "a", aki[] = AKI;
	struct words names = { 0 };

	forget_budget();
	words_split(&names, "a.example *.a.example");
	clock_own(BEGIN, 1);
	s = (struct sim){ .plan = p,
			  .conf = { .name = title, .names = names, .account = &account },
			  .leaf = { .names = names, .aki = aki } };
	s.live = (struct live){ .exists = true, .chain = { .n = 1, .at = &s.leaf } };
	decide_jitter(&s.state);
	issue(BEGIN);
}

static void tear_down(void)
{
	words_free(&s.conf.names);
	cert_state_free(&s.state);
}

static void live_through(const struct plan *p)
{
	set_up(p);
	for (int64_t now = BEGIN; now < END; now = next_look(now)) {
		clock_advance((now - clock_wall()) * 1000);
		turn(now);
	}
	if (s.leaf.not_after < END)
		s.expired_s += END - s.leaf.not_after;
	ok(!s.expired_s && !s.limited,
	   "%s: %u renewals of %u tries, %d expired days, %u held back by our own limits", p->what,
	   s.renewals - 1, s.tries, (int)((s.expired_s + DAY_S - 1) / DAY_S), s.limited);
}

static void ten_years_with_a_bad_ca(void)
{
	static const struct plan plans[] = {
		{ "90 days, timer", 90 * DAY_S, up_one_day_of_ten, NULL, false, TIMER_S },
		{ "90 days, timer, ARI", 90 * DAY_S, up_one_day_of_ten, NULL, true, TIMER_S },
		{ "90 days, daemon, ARI", 90 * DAY_S, up_one_day_of_ten, NULL, true, 0 },
		{ "64 days, timer", 64 * DAY_S, up_one_day_of_ten, NULL, false, TIMER_S },
		{ "64 days, daemon, ARI", 64 * DAY_S, up_one_day_of_ten, NULL, true, 0 },
		{ "45 days, timer", 45 * DAY_S, up_one_day_of_ten, NULL, false, TIMER_S },
		{ "45 days, timer, ARI", 45 * DAY_S, up_one_day_of_ten, NULL, true, TIMER_S },
		{ "45 days, daemon, ARI", 45 * DAY_S, up_one_day_of_ten, NULL, true, 0 },
		{ "160 hours, daemon, up a tenth of each day", 160 * HOUR_S, up_a_tenth_of_a_day,
		  NULL, true, 0 },
		{ "160 hours, daemon, down for nine days, second CA", 160 * HOUR_S,
		  up_one_day_of_ten, up_a_tenth_of_a_day, true, 0 },
		{ "24 hours, timer", DAY_S, up_always, NULL, false, TIMER_S },
		{ "160 hours, timer, down for nine days, second CA", 160 * HOUR_S,
		  up_one_day_of_ten, up_always, true, TIMER_S },
	};

	for (size_t i = 0; i < COUNT(plans); i++) {
		live_through(&plans[i]);
		tear_down();
	}
}

static void renewals_lie_in_the_window(void)
{
	static const struct plan plans[] = {
		{ "90 days, timer", 90 * DAY_S, up_one_day_of_ten, NULL, true, TIMER_S },
		{ "90 days, daemon", 90 * DAY_S, up_one_day_of_ten, NULL, true, 0 },
		{ "45 days, timer", 45 * DAY_S, up_one_day_of_ten, NULL, true, TIMER_S },
		{ "45 days, daemon", 45 * DAY_S, up_one_day_of_ten, NULL, true, 0 },
		{ "160 hours, daemon", 160 * HOUR_S, up_one_day_of_ten, up_always, true, 0 },
	};

	for (size_t i = 0; i < COUNT(plans); i++) {
		live_through(&plans[i]);
		ok(s.could_be > 25 && s.inside == s.could_be,
		   "%s: inside the window %u of %u times that the CA was there", plans[i].what,
		   s.inside, s.could_be);
		tear_down();
	}
}

/* -- a supervisor that starts us again and again -------------------------------------------- */

#define RESTARTS 10000

enum dies {
	DIES_NEVER,   /* each run ends by itself: the state is saved */
	DIES_WAITING, /* killed when the challenge was POSTed: nothing is saved but the budget */
	DIES_RESUMED  /* the same, and each run takes up an order that is there already */
};

/* Its account, order and validation; the CA never finds the record.  How many it looked at. */
static unsigned fail_once(enum dies dies, int64_t now)
{
	struct story why = { .st = SEAL_EINVAL, .problem = "unauthorized" };
	enum budget_force force = s.d.urgent ? BUDGET_URGENT : BUDGET_USUAL;
	unsigned looked = 0;

	if (dies == DIES_RESUMED || !budget_order(&store, url, &s.conf.names, force, &story)) {
		looked = !budget_validation(&store, url, &s.conf.names, force, &story);
		if (dies == DIES_NEVER)
			budget_order_void(&store, url, &s.conf.names);
	}
	if (dies != DIES_NEVER)
		return looked;
	failed(looked ? &why : &story, now);
	if (cert_state_save(&store, "a", &s.state, &story))
		ok(false, "%s", story.text);
	return looked;
}

/* Validations in 30 days; the certificate's reserve has just begun. */
static unsigned restart_for_30_days(const struct plan *p, enum dies dies)
{
	unsigned looked = 0;

	set_up(p);
	s.leaf.not_before = BEGIN - p->life_s * 2 / 3;
	s.leaf.not_after = s.leaf.not_before + p->life_s;
	for (int i = 0; i < RESTARTS; i++) {
		int64_t now = BEGIN + (int64_t)i * 30 * DAY_S / RESTARTS;
		clock_advance((now - clock_wall()) * 1000);
		if (dies != DIES_NEVER) /* what a run would have learned is lost */
			cert_state_free(&s.state);
		decide(&s.conf, &s.live, &s.state, now, &s.d);
		if (s.d.why != DUE_NOT && now >= s.state.next_try)
			looked += fail_once(dies, now);
	}
	return looked;
}

static void restarts_while_validation_always_fails(void)
{
	static const struct {
		struct plan plan;
		enum dies dies;
	} cases[] = {
		{ { "90 days", 90 * DAY_S, never_up, NULL, false, 0 }, DIES_NEVER },
		{ { "160 hours", 160 * HOUR_S, never_up, NULL, false, 0 }, DIES_NEVER },
		{ { "90 days, killed", 90 * DAY_S, never_up, NULL, false, 0 }, DIES_WAITING },
		{ { "90 days, killed, resumed", 90 * DAY_S, never_up, NULL, false, 0 },
		  DIES_RESUMED },
		{ { "160 hours, killed, resumed", 160 * HOUR_S, never_up, NULL, false, 0 },
		  DIES_RESUMED },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		unsigned n = restart_for_30_days(&cases[i].plan, cases[i].dies);
		ok(n > 10 && n <= 35, "%s: %d restarts in 30 days, %u failed validations of a name",
		   cases[i].plan.what, RESTARTS, n);
		tear_down();
	}
}

static void accounts_in_a_crash_loop(void)
{
	unsigned n = 0;

	forget_budget();
	clock_own(BEGIN, 1);
	for (int i = 0; i < RESTARTS; i++) {
		int64_t now = BEGIN + (int64_t)i * 30 * DAY_S / RESTARTS;
		clock_advance((now - clock_wall()) * 1000);
		n += !budget_account(&store, url, BUDGET_USUAL, &story);
	}
	ok(n <= 30, "a lost account is made anew once a day: %u in 30 days", n);
}

int main(void)
{
	if (store_open(&store, temp_make(), &story))
		exit(99);
	ten_years_with_a_bad_ca();
	renewals_lie_in_the_window();
	restarts_while_validation_always_fails();
	accounts_in_a_crash_loop();
	store_close(&store);
	return done();
}
