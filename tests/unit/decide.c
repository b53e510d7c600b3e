/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/clock.h"
#include "engine/decide.h"
#include "engine/retry.h"
#include "tests/tap.h"

#include <stdlib.h>

#define HOUR_S 3600
#define DAY_S 86400
#define NOW 1800000000
#define ID "AQ.Ag" /* of the certificate below */

static struct account_conf account = { .url = (char[]){ "https://ca.test/dir" },
				       .test_url = (char[]){ "https://try.test/dir" } };
static struct cert_conf conf;
static struct cert_info leaf;
static struct live live;
static struct cert_state state;
static struct decision d;

/* A certificate of this life that began now, as it is wanted; nothing is known of the CA's wish. */
static void begin(int64_t life_s)
{
	static char title[] = "a", aki[] = "01", serial[] = "02";
	static struct words names;

	clock_own(NOW, 1);
	words_free(&names);
	words_split(&names, "a.example b.example");
	json_object_put(live.meta);
	cert_state_free(&state);
	conf = (struct cert_conf){ .name = title, .names = names, .account = &account };
	leaf = (struct cert_info){ .names = names,
				   .not_before = NOW,
				   .not_after = NOW + life_s,
				   .aki = aki,
				   .serial = serial };
	live = (struct live){ .exists = true, .chain = { .n = 1, .at = &leaf } };
	live.meta = json_object_new_object();
}

static void meta(const char *name, const char *value)
{
	json_object_object_add(live.meta, name, json_object_new_string(value));
}

static enum due_why at(int64_t after_s)
{
	decide(&conf, &live, &state, NOW + after_s, &d);
	return d.why;
}

/* -- the time ------------------------------------------------------------------------------- */

static void a_fraction_of_any_life(void)
{
	static const struct {
		int64_t life_s, due_s;
	} cases[] = {
		{ 90 * DAY_S, 60 * DAY_S },
		{ 64 * DAY_S, 64 * DAY_S - 64 * DAY_S / 3 },
		{ 45 * DAY_S, 30 * DAY_S },
		{ 160 * HOUR_S, 80 * HOUR_S },
		{ 10 * DAY_S, 10 * DAY_S - 10 * DAY_S / 3 },
		{ DAY_S, DAY_S / 2 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		begin(cases[i].life_s);
		bool before = at(cases[i].due_s - 1) == DUE_NOT;
		int64_t when = d.at - NOW;
		ok(before && at(cases[i].due_s) == DUE_TIME && when == cases[i].due_s,
		   "%d hours: due after %d, %s", (int)(cases[i].life_s / HOUR_S),
		   (int)(when / HOUR_S), d.said);
	}
}

static void what_the_operator_says(void)
{
	begin(90 * DAY_S);
	conf.renew = (struct renew_rule){ .kind = RENEW_BEFORE, .before_s = 21 * DAY_S };
	ok(at(69 * DAY_S - 1) == DUE_NOT && at(69 * DAY_S) == DUE_TIME && !*d.warning,
	   "a duration before the end");
	state.jitter = 65536;
	ok(at(69 * DAY_S - 1) == DUE_NOT, "is exact, whatever the jitter");
	conf.renew = (struct renew_rule){ .kind = RENEW_FRACTION, .percent = 25 };
	state.jitter = 0;
	ok(at(90 * DAY_S * 3 / 4 - 1) == DUE_NOT && at(90 * DAY_S * 3 / 4) == DUE_TIME,
	   "a fraction");
	conf.renew = (struct renew_rule){ .kind = RENEW_BEFORE, .before_s = 60 * DAY_S };
	ok(at(45 * DAY_S - 1) == DUE_NOT && at(45 * DAY_S) == DUE_TIME && *d.warning,
	   "no more than half of the life: %s", d.warning);
	conf.renew = (struct renew_rule){ .kind = RENEW_FRACTION, .percent = 90 };
	ok(at(45 * DAY_S - 1) == DUE_NOT && *d.warning, "also of a fraction: %s", d.warning);
	begin(160 * HOUR_S);
	conf.renew = (struct renew_rule){ .kind = RENEW_BEFORE, .before_s = 30 * DAY_S };
	ok(at(0) == DUE_NOT && d.at == NOW + 80 * HOUR_S,
	   "30 days do not renew a certificate of six for ever");
}

static void jitter_spreads_and_never_delays(void)
{
	begin(90 * DAY_S);
	state.jitter = 65536;
	at(0);
	ok(d.at == NOW + 60 * DAY_S - 12 * HOUR_S, "at most 12 hours");
	begin(160 * HOUR_S);
	state.jitter = 65536;
	at(0);
	ok(d.at == NOW + 80 * HOUR_S - 160 * HOUR_S / 50, "and a fiftieth of the life");
	begin(90 * DAY_S);
	unsigned early = 0;
	for (int i = 0; i < 1000; i++) {
		state.jitter = 0;
		decide_jitter(&state);
		at(0);
		early += d.at < NOW + 60 * DAY_S - 6 * HOUR_S;
	}
	ok(early > 440 && early < 560, "evenly: %u of 1000 in the first half", early);
	int64_t drawn = state.jitter;
	decide_jitter(&state);
	ok(state.jitter == drawn, "it is drawn once");
}

static void urgent_at_half_of_the_reserve(void)
{
	begin(90 * DAY_S);
	ok(at(75 * DAY_S - 1) == DUE_TIME && !d.urgent, "not with more");
	ok(at(75 * DAY_S) == DUE_TIME && d.urgent && at(100 * DAY_S) == DUE_TIME && d.urgent,
	   "with half of it, and behind the end");
}

/* -- the CA's wish -------------------------------------------------------------------------- */

static void wish(int64_t start_s, int64_t end_s, const char *explanation, int64_t now_s)
{
	ari_keep(&state.ari, ID, NOW + start_s, NOW + end_s, 21600, explanation, NOW + now_s);
}

static void the_moment_is_drawn_evenly(void)
{
	unsigned quarter[4] = { 0 };
	bool inside = true;

	begin(90 * DAY_S);
	for (int i = 0; i < 20000; i++) {
		state.ari.end = 0; /* a window never seen */
		wish(DAY_S, 3 * DAY_S, NULL, 0);
		int64_t into = state.ari.at - NOW - DAY_S;
		inside = inside && into >= 0 && into < 2 * DAY_S;
		quarter[inside ? into * 4 / (2 * DAY_S) : 0]++;
	}
	ok(inside, "always inside the window");
	for (int i = 0; i < 4; i++) /* 5000 +- 5 standard deviations of 61 */
		ok(quarter[i] > 4690 && quarter[i] < 5310, "quarter %d: %u of 20000", i + 1,
		   quarter[i]);
}

static void and_kept(void)
{
	begin(90 * DAY_S);
	wish(59 * DAY_S, 61 * DAY_S, NULL, 0);
	int64_t first = state.ari.at;
	for (int i = 1; i < 200; i++)
		wish(59 * DAY_S, 61 * DAY_S, NULL, i * 21600);
	ok(state.ari.at == first, "from run to run");
	wish(50 * DAY_S, 51 * DAY_S, NULL, 10);
	ok(state.ari.at >= NOW + 50 * DAY_S && state.ari.at < NOW + 51 * DAY_S,
	   "until the window moves");
	ari_keep(&state.ari, "other", NOW, NOW + 10, 1, NULL, NOW);
	ok(!strcmp(state.ari.cert_id, "other") && state.ari.next_ask == NOW + 60,
	   "or the certificate is another; asked again after a minute at the least");
	ok(at(30) == DUE_NOT, "what was said of another certificate does not count");
}

static void its_moment_counts(void)
{
	begin(90 * DAY_S);
	wish(59 * DAY_S, 61 * DAY_S, NULL, 0);
	int64_t when = state.ari.at - NOW;
	ok(at(when - 1) == DUE_NOT && d.at == state.ari.at && d.by_ari, "not before: %s", d.said);
	ok(at(when) == DUE_ARI, "then");
	at(when - HOUR_S);
	decide_early(&d, &state.ari, HOUR_S, NOW + when - HOUR_S);
	ok(d.why == DUE_NOT, "nor for who is here again in time");
	decide_early(&d, &state.ari, HOUR_S + 1, NOW + when - HOUR_S);
	ok(d.why == DUE_ARI, "but for who is not");
	at(59 * DAY_S - 1);
	decide_early(&d, &state.ari, 3 * DAY_S, NOW + 59 * DAY_S - 1);
	ok(d.why == DUE_NOT, "never before the window");
	wish(10 * DAY_S, 11 * DAY_S, NULL, 0);
	ok(at(11 * DAY_S) == DUE_ARI, "early, when the CA asks for it");
	wish(69 * DAY_S, 70 * DAY_S, NULL, 0);
	ok(at(60 * DAY_S) == DUE_NOT && at(70 * DAY_S) == DUE_ARI,
	   "late, while two thirds of the reserve are left");
	wish(71 * DAY_S, 80 * DAY_S, NULL, 0);
	ok(at(60 * DAY_S) == DUE_TIME && !d.by_ari, "behind that it does not count");
	wish(200 * DAY_S, 300 * DAY_S, NULL, 0);
	ok(at(60 * DAY_S) == DUE_TIME, "nor behind the end");
	conf.renew = (struct renew_rule){ .kind = RENEW_BEFORE, .before_s = 40 * DAY_S };
	wish(59 * DAY_S, 61 * DAY_S, NULL, 0);
	ok(at(50 * DAY_S) == DUE_TIME, "an operator's earlier moment goes before it");
	wish(10 * DAY_S, 11 * DAY_S, NULL, 0);
	ok(at(11 * DAY_S) == DUE_ARI, "a later one does not");
}

static void revoked_ones_go_at_once(void)
{
	begin(90 * DAY_S);
	wish(-HOUR_S, -HOUR_S / 2, "https://ca.test/incident", 0);
	ok(at(0) == DUE_REVOKED && strstr(d.said, "https://ca.test/incident") && d.at == NOW,
	   "by the CA: %s", d.said);
	begin(90 * DAY_S);
	wish(-HOUR_S, -HOUR_S / 2, NULL, 0);
	ok(at(0) == DUE_ARI, "without an explanation it is the CA's moment");
	begin(90 * DAY_S);
	state.revoked = str_copy("02");
	ok(at(0) == DUE_REVOKED, "by us: %s", d.said);
	free(state.revoked);
	state.revoked = str_copy("03");
	ok(at(0) == DUE_NOT, "another one");
}

static void when_the_ca_is_asked(void)
{
	struct ari_state *a = &state.ari;
	struct story down = { .st = SEAL_EAGAIN }, gone = { .st = SEAL_ENOTFOUND },
		     odd = { .st = SEAL_EPROTO }, busy = { .st = SEAL_ELIMIT };
	int64_t after = NOW + 90 * DAY_S;

	begin(90 * DAY_S);
	ok(ari_should_ask(a, ID, after, NOW), "for a certificate that it was not asked about");
	ok(!ari_should_ask(a, NULL, after, NOW), "never without an identifier");
	ok(!ari_should_ask(a, ID, after, after), "nor behind its end");
	wish(59 * DAY_S, 61 * DAY_S, NULL, 0);
	ok(!ari_should_ask(a, ID, after, NOW + 21599) && ari_should_ask(a, ID, after, NOW + 21600),
	   "when Retry-After is over");
	ok(ari_should_ask(a, ID, after, NOW - 10 * DAY_S), "also when the clock went back");
	ari_missed(a, ID, &down, NOW);
	ok(a->next_ask == NOW + 60 && a->end, "down: a minute, and the window stays");
	for (int i = 0; i < 20; i++)
		ari_missed(a, ID, &down, NOW);
	ok(a->next_ask == NOW + 6 * HOUR_S, "six hours at most");
	busy.retry_at = NOW + 8 * HOUR_S;
	ari_missed(a, ID, &busy, NOW);
	ok(a->next_ask == NOW + 8 * HOUR_S, "Retry-After of a refusal is obeyed");
	busy.retry_at = NOW + 800 * HOUR_S;
	ari_missed(a, ID, &busy, NOW);
	ok(a->next_ask == NOW + DAY_S, "a day at most");
	ari_missed(a, ID, &odd, NOW);
	ok(a->next_ask == NOW + 6 * HOUR_S && a->end, "nonsense: six hours");
	ari_missed(a, ID, &gone, NOW);
	ok(a->next_ask == NOW + DAY_S && !a->end && at(0) == DUE_NOT && !d.by_ari,
	   "unknown: a day, and the window is void");
	ari_missed(a, "new", &down, NOW);
	ok(!strcmp(a->cert_id, "new") && a->failures == 1, "another certificate begins anew");
}

/* -- what is wanted ------------------------------------------------------------------------- */

static void another_one_is_wanted(void)
{
	static struct words others;
	struct account_conf second = { .url = (char[]){ "https://two.test/dir" } };
	struct account_conf *fall_back = &second;

	begin(90 * DAY_S);
	live.exists = false;
	ok(at(0) == DUE_NEW && !d.not_after, "none yet");
	begin(90 * DAY_S);
	words_free(&others);
	words_split(&others, "a.example c.example");
	conf.names = others;
	ok(at(0) == DUE_NAMES, "other names: %s", d.said);
	words_free(&others);
	words_split(&others, "a.example");
	conf.names = others;
	ok(at(0) == DUE_NAMES, "fewer names: %s", d.said);
	words_free(&others);
	begin(90 * DAY_S);
	conf.key = KEY_RSA_2048;
	ok(at(0) == DUE_KEY, "another key: %s", d.said);
	begin(90 * DAY_S);
	meta("ca", account.test_url);
	ok(at(0) == DUE_CA, "from the test CA: %s", d.said);
	begin(90 * DAY_S);
	meta("ca", "https://two.test/dir");
	ok(at(0) == DUE_NOT, "another CA waits for its time");
	json_object_object_add(live.meta, "test", json_object_new_boolean(1));
	ok(at(0) == DUE_CA, "unless it was one for rehearsals");
	conf.others = &fall_back;
	conf.n_others = 1;
	ok(at(0) == DUE_NOT, "which is not asked for either");
	begin(90 * DAY_S);
	conf.profile = (char[]){ "shortlived" };
	ok(at(0) == DUE_PROFILE, "a profile that it lacks: %s", d.said);
	meta("profile", "shortlived");
	ok(at(0) == DUE_NOT, "one that it has");
	conf.profile = NULL;
	ok(at(0) == DUE_NOT, "none is asked for: that waits");
}

/* -- failures ------------------------------------------------------------------------------- */

static int64_t pause_of(const struct story *s, struct retry r)
{
	r.blame = retry_blame(s);
	return retry_at(s, &r, NOW) - NOW;
}

static bool near(int64_t n, int64_t wanted)
{
	return n >= wanted * 9 / 10 && n <= wanted * 11 / 10;
}

static void who_is_to_blame(void)
{
	static const struct {
		enum seal_status st;
		const char *problem;
		enum blame blame;
	} cases[] = {
		{ SEAL_EAGAIN, "", BLAME_CA },
		{ SEAL_ELIMIT, "rateLimited", BLAME_CA },
		{ SEAL_EAGAIN, "serverInternal", BLAME_CA },
		{ SEAL_EAGAIN, "dns", BLAME_LOCAL },
		{ SEAL_EINVAL, "unauthorized", BLAME_LOCAL },
		{ SEAL_EOPERATOR, "caa", BLAME_HANDS },
		{ SEAL_EAUTH, "", BLAME_HANDS },
		{ SEAL_ECONFIG, "", BLAME_HANDS },
		{ SEAL_EINVAL, "rejectedIdentifier", BLAME_HANDS },
		{ SEAL_ESTORAGE, "", BLAME_HANDS },
		{ SEAL_ELOCKED, "", BLAME_NONE },
		{ SEAL_ECANCELED, "", BLAME_NONE },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct story s = { .st = cases[i].st };
		str_put(s.problem, "%s", cases[i].problem);
		ok(retry_blame(&s) == cases[i].blame, "%s %s", status_name(s.st), s.problem);
	}
}

static void when_to_try_again(void)
{
	struct story down = { .st = SEAL_EAGAIN }, hands = { .st = SEAL_EAUTH },
		     dns = { .st = SEAL_EAGAIN, .problem = "dns" }, limit = { .st = SEAL_ELIMIT };
	struct retry r = { .life_s = 90 * DAY_S, .left_s = 30 * DAY_S };
	static const int64_t wanted_s[] = { 60, 600, 6000, DAY_S, DAY_S };
	bool good = true;

	clock_own(NOW, 1);
	for (size_t i = 0; i < COUNT(wanted_s); i++)
		for (int again = 0; again < 100; again++) {
			r.failures = (int64_t)i + 1;
			good = good && near(pause_of(&dns, r), wanted_s[i]);
			good = good && pause_of(&down, r) < 14 * HOUR_S;
		}
	ok(good, "1, 10, 100 minutes, then daily; a CA that is down twice a day");
	r.failures = 1;
	ok(near(pause_of(&hands, r), DAY_S), "what needs an operator: daily at once");
	ok(near(pause_of(&limit, r), HOUR_S), "an hour when the CA does not say how long");
	limit.retry_at = NOW + 3 * DAY_S;
	ok(pause_of(&limit, r) == 3 * DAY_S, "Retry-After is obeyed");
	limit.retry_at = NOW + 300 * DAY_S;
	ok(pause_of(&limit, r) == 7 * DAY_S, "seven days at most");
	limit.retry_at = NOW + 1;
	ok(pause_of(&limit, r) >= 54, "and never sooner than the table says");
	r = (struct retry){ .failures = 9, .life_s = 160 * HOUR_S, .left_s = 80 * HOUR_S };
	ok(near(pause_of(&dns, r), 4 * HOUR_S), "a life of 160 hours has room for forty");
	r = (struct retry){ .failures = 9, .life_s = 90 * DAY_S, .left_s = DAY_S, .urgent = true };
	ok(near(pause_of(&down, r), HOUR_S) && near(pause_of(&dns, r), 4 * HOUR_S),
	   "with little time left: hourly, every four hours");
	r.left_s = -DAY_S;
	ok(near(pause_of(&dns, r), DAY_S), "when it is over there is no hurry any more");
	r = (struct retry){ .failures = INT64_MAX };
	ok(near(pause_of(&dns, r), DAY_S), "nothing live, failures beyond counting: daily");
}

int main(void)
{
	a_fraction_of_any_life();
	what_the_operator_says();
	jitter_spreads_and_never_delays();
	urgent_at_half_of_the_reserve();
	the_moment_is_drawn_evenly();
	and_kept();
	its_moment_counts();
	revoked_ones_go_at_once();
	when_the_ca_is_asked();
	another_one_is_wanted();
	who_is_to_blame();
	when_to_try_again();
	begin(1);
	json_object_put(live.meta);
	return done();
}
