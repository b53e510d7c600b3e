/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * A dns block's options: types, the environment, what is missing, zones, memory. */
#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "provider/cache.h"
#include "provider/environ.h"
#include "tests/tap.h"
#include "tests/temp.h"

#include <fcntl.h>
#include <unistd.h>

struct conf {
	const char *token, *key, *email, *mode;
	bool fast;
	uint32_t tries, wait;
};

static const struct seal_option options[] = {
	{ "api_token", SEAL_STRING, SEAL_ANY | SEAL_SECRET, offsetof(struct conf, token), NULL,
	  "T_TOKEN T_OLD_TOKEN", "" },
	{ "api_key", SEAL_STRING, SEAL_ANY | SEAL_SECRET, offsetof(struct conf, key), NULL, "T_KEY",
	  "" },
	{ "email", SEAL_STRING, SEAL_REQUIRED, offsetof(struct conf, email), NULL, "T_EMAIL", "" },
	{ "mode", SEAL_STRING, 0, offsetof(struct conf, mode), "plain", NULL, "" },
	{ "fast", SEAL_BOOL, 0, offsetof(struct conf, fast), NULL, NULL, "" },
	{ "tries", SEAL_UINT, 0, offsetof(struct conf, tries), "3", NULL, "" },
	{ "wait", SEAL_SECONDS, 0, offsetof(struct conf, wait), "2m", NULL, "" },
	SEAL_OPTIONS_END
};

static const struct seal_provider provider = {
	.abi = SEAL_ABI,
	.size = sizeof(struct seal_provider),
	.name = "test",
	.options = options,
	.conf_size = sizeof(struct conf),
	.endpoint = "https://api.test/v1/",
	.endpoint_env = "T_URL",
};
static const struct plugin plugin = { .p = &provider };

struct pair {
	const char *id, *secret, *profile, *region;
};

static const struct seal_option together[] = {
	{ "id", SEAL_STRING, SEAL_TOGETHER, offsetof(struct pair, id), NULL, "T_TOKEN", "" },
	{ "secret", SEAL_STRING, SEAL_TOGETHER | SEAL_SECRET, offsetof(struct pair, secret), NULL,
	  "T_KEY", "" },
	{ "profile", SEAL_STRING, SEAL_TOGETHER, offsetof(struct pair, profile), NULL, NULL, "" },
	{ "region", SEAL_STRING, 0, offsetof(struct pair, region), NULL, "T_EMAIL", "" },
	SEAL_OPTIONS_END
};
static const struct seal_provider pairs = {
	.abi = SEAL_ABI,
	.size = sizeof(struct seal_provider),
	.name = "pairs",
	.options = together,
	.conf_size = sizeof(struct pair),
	.endpoint = "https://api.test",
	.endpoint_env = "T_URL_OWN T_URL",
};
static const struct plugin pair_plugin = { .p = &pairs };
static struct login *l;
static const struct conf *conf;
static struct story story;

static void begin(void)
{
	static const char *const names[] = { "T_TOKEN", "T_OLD_TOKEN", "T_KEY",
					     "T_EMAIL", "T_URL",       "T_TOKEN_FILE",
					     "T_URL_OWN" };

	login_free(l);
	environ_forget();
	for (size_t i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
	l = login_new("main", &plugin, "dnseal.conf:7");
	conf = l->conf;
	story_clear(&story);
}

static bool set(const char *word, const char *value)
{
	return !login_set(l, word, value, &story);
}

static bool ready(void)
{
	return !login_ready(l, &story);
}

static void options_fill_the_plugins_struct(void)
{
	begin();
	ok(set("api-token", "secret-1") && set("email", "a@b") && set("fast", "") &&
		   set("tries", "7") && set("wait", "90s"),
	   "all kinds, '-' for '_', a bare boolean");
	ok(ready(), "complete: %s", story.text);
	is(conf->token, "secret-1", "string");
	is(conf->mode, "plain", "preset");
	ok(conf->fast && conf->tries == 7 && conf->wait == 90, "boolean, number, duration");
	is(l->endpoint, "https://api.test/v1", "endpoint without its final slash");
	ok(login_has(l, "api_token") && !login_has(l, "api-key"), "login_has");
	ok(login_is_secret(&plugin, "api-token") && !login_is_secret(&plugin, "email"),
	   "login_is_secret");
	scoped(free_p) char *line = log_scrub("token=secret-1");
	is(line, "token=***", "secrets are struck out of the log");
}

static void wrong_values_are_refused(void)
{
	static const struct {
		const char *word, *value, *text, *hint;
	} cases[] = {
		{ "api_tokn", "x", "api_tokn: no such option of test", "did you mean api_token?" },
		{ "colour", "x", "colour: no such option of test",
		  "`dnseal providers test` lists its options" },
		{ "api_token", "", "api_token: is empty", "" },
		{ "api_token",
		  "a\x01"
		  "b",
		  "api_token: has control characters in it", "" },
		{ "fast", "maybe", "fast: 'maybe' is neither yes nor no", "" },
		{ "tries", "many", "tries: 'many' is no number", "" },
		{ "tries", "99999999999", "tries: '99999999999' is no number", "" },
		{ "wait", "soon", "wait: 'soon' is no duration such as 90s or 20m", "" },
		{ "endpoint", "http://api.test", "endpoint: 'http://api.test' is no https URL",
		  "" },
		{ "zones", "example.org a..b", "zones: \"a..b\" is no domain name", "" },
		{ "type", "other", "type is 'other', but this is test", "" },
		{ "trust", "", "trust: names no file", "" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		begin();
		ok(login_set(l, cases[i].word, cases[i].value, &story) == SEAL_ECONFIG, "%s",
		   cases[i].word);
		is(story.text, cases[i].text, "sentence");
		is(story.hint, cases[i].hint, "hint");
	}
}

static void the_environment_fills_what_is_missing(void)
{
	begin();
	setenv("T_OLD_TOKEN", " from-env ", 1);
	setenv("T_EMAIL", "a@b", 1);
	setenv("T_URL", "https://other.test", 1);
	ok(ready(), "ready: %s", story.text);
	is(conf->token, "from-env", "an alias, without the blanks around it");
	is(l->endpoint, "https://other.test", "endpoint");
	ok(!getenv("T_OLD_TOKEN"), "the secret is gone from the environment");
	is(getenv("T_EMAIL"), "a@b", "other things stay");

	struct login *second = login_new("second", &plugin, "x");
	ok(!login_ready(second, &story), "a second login: %s", story.text);
	is(((struct conf *)second->conf)->token, "from-env", "gets it too");
	login_free(second);
}

static void a_secret_is_wiped_where_the_kernel_shows_it(void)
{
	char *value;

	begin();
	setenv("T_TOKEN", "wipe-me-please", 1);
	setenv("T_EMAIL", "a@b", 1);
	value = getenv("T_TOKEN"); /* setenv's copy; in main's environ the same is done */
	ok(ready() && value[0] != 'w', "the old place is overwritten");
}

static void the_configuration_beats_the_environment(void)
{
	begin();
	setenv("T_TOKEN", "from-env", 1);
	setenv("T_EMAIL", "env@b", 1);
	ok(set("api_key", "from-file") && set("email", "file@b") && ready(), "ready");
	is(conf->email, "file@b", "what is set is not asked for");
	ok(!conf->token,
	   "nor is its alternative: it would be preferred to what the operator wrote");
}

static void files_named_by_the_environment(void)
{
	scoped(free_p) char *path = str_printf("%s/token", temp_dir);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	ok(write(fd, "from-file\n", 10) == 10 && !close(fd), "a file");
	begin();
	setenv("T_TOKEN_FILE", path, 1);
	ok(set("email", "a@b") && ready(), "ready: %s", story.text);
	is(conf->token, "from-file", "its newline is not the token's");

	begin();
	setenv("T_TOKEN_FILE", path, 1);
	setenv("T_OLD_TOKEN", "another", 1);
	ok(set("email", "a@b") && !ready(), "they disagree");
	is(story.text,
	   "dnseal.conf:7: dns main: environment variables disagree: T_TOKEN_FILE, T_OLD_TOKEN",
	   "and are listed");
	ok(!strstr(story.text, "another") && !strstr(story.hint, "another"),
	   "without their values");

	begin();
	setenv("T_TOKEN_FILE", path, 1);
	setenv("T_OLD_TOKEN", "from-file", 1);
	ok(set("email", "a@b") && ready(), "two that agree are fine");

	begin();
	setenv("T_TOKEN_FILE", "/nonexistent/token", 1);
	ok(set("email", "a@b") && login_ready(l, &story) == SEAL_ECONFIG, "no such file");
	ok(strstr(story.text, "T_TOKEN_FILE") && strstr(story.text, "/nonexistent/token"), "%s",
	   story.text);
}

static void what_is_missing_is_named(void)
{
	begin();
	ok(set("api_token", "x") && login_ready(l, &story) == SEAL_ECONFIG, "a required one");
	is(story.text, "dnseal.conf:7: dns main: email is missing", "sentence");
	is(story.hint, "set email in the dns block, or one of: T_EMAIL", "hint");

	begin();
	ok(set("email", "a@b") && login_ready(l, &story) == SEAL_ECONFIG, "one of several");
	is(story.text, "dnseal.conf:7: dns main: has no credentials", "sentence");
	is(story.hint, "set api_token (T_TOKEN T_OLD_TOKEN) or api_key (T_KEY)", "hint");

	begin();
	setenv("T_URL", "http://plain.test", 1);
	ok(set("api_token", "x") && set("email", "a@b") && login_ready(l, &story) == SEAL_ECONFIG,
	   "an endpoint without TLS: %s", story.text);
}

static const struct pair *begin_pairs(void)
{
	begin();
	login_free(l);
	l = login_new("main", &pair_plugin, "dnseal.conf:7");
	setenv("T_TOKEN", "env-id", 1);
	setenv("T_KEY", "env-secret", 1);
	setenv("T_EMAIL", "env-region", 1);
	return l->conf;
}

static void options_come_together_from_one_place(void)
{
	const struct pair *p = begin_pairs();
	ok(!login_ready(l, &story), "ready: %s", story.text);
	is(p->id, "env-id", "nothing is set: the environment is asked");
	is(p->secret, "env-secret", "for all of them");
	p = begin_pairs();
	ok(!login_set(l, "profile", "mail", &story) && !login_ready(l, &story), "one is set");
	ok(!p->id && !p->secret, "so the environment is not asked for the others");
	is(p->region, "env-region", "but for what does not belong to them");
	p = begin_pairs();
	unsetenv("T_TOKEN");
	unsetenv("T_KEY");
	ok(!login_ready(l, &story) && !p->id, "none needs to be set: %s", story.text);
}

static void the_first_of_several_endpoints_counts(void)
{
	begin_pairs();
	setenv("T_URL", "https://general.test", 1);
	setenv("T_URL_OWN", "https://own.test/", 1);
	ok(!login_ready(l, &story), "they may differ: %s", story.text);
	is(l->endpoint, "https://own.test", "the first");
	begin_pairs();
	setenv("T_URL", "https://general.test", 1);
	ok(!login_ready(l, &story), "one is set: %s", story.text);
	is(l->endpoint, "https://general.test", "it counts");
}

static void zones_may_be_written_with_their_letters(void)
{
	begin();
	ok(!login_set(l, "zones", "münchen.test EXAMPLE.org.", &story), "taken: %s", story.text);
	ok(words_has(&l->zones, "xn--mnchen-3ya.test") && words_has(&l->zones, "example.org"),
	   "in the form that DNS has");
}

static void the_longest_zone_counts(void)
{
	begin();
	ok(set("zones", "Example.org. sub.example.org") && set("zones", "example.org"), "zones: %s",
	   story.text);
	ok(l->zones.n == 2, "none twice");
	ok(login_covers(l, "a.sub.example.org") == strlen("sub.example.org"), "longest");
	ok(login_covers(l, "example.org") == strlen("example.org"), "itself");
	ok(set("zones", "m\u00fcnchen.test") && login_covers(l, "xn--mnchen-3ya.test"), "U-labels");
	ok(!login_covers(l, "badexample.org") && !login_covers(l, "example.com"),
	   "label boundaries");
}

static void all_words_are_listed(void)
{
	const char *words[3];

	ok(login_words(&plugin, words, 3) == 11, "7 of its own, 4 of every block");
	is(words[0], "api_token", "its own first");
}

static void the_cache_forgets_in_time(void)
{
	struct arena a = { 0 };

	begin();
	ok(!cache_find(l, "zone", &a), "nothing yet");
	cache_keep(l, "zone", "1", 60);
	cache_keep(l, "zone", "2", 60);
	is(cache_find(l, "zone", &a), "2", "the newer one");
	clock_advance(60000);
	ok(!cache_find(l, "zone", &a), "too old");
	cache_keep(l, "zone", "3", 60);
	cache_keep(l, "zone", NULL, 0);
	ok(!cache_find(l, "zone", &a), "taken back");
	for (unsigned i = 0; i < 1500; i++) {
		char key[16];
		str_put(key, "%u", i);
		cache_keep(l, key, "v", 60);
	}
	ok(!cache_find(l, "0", &a) && cache_find(l, "1499", &a), "the oldest make room");
	arena_free(&a);
}

int main(void)
{
	temp_make();
	clock_own(1790000000, 1);
	options_fill_the_plugins_struct();
	wrong_values_are_refused();
	the_environment_fills_what_is_missing();
	a_secret_is_wiped_where_the_kernel_shows_it();
	the_configuration_beats_the_environment();
	files_named_by_the_environment();
	what_is_missing_is_named();
	options_come_together_from_one_place();
	the_first_of_several_endpoints_counts();
	zones_may_be_written_with_their_letters();
	the_longest_zone_counts();
	all_words_are_listed();
	the_cache_forgets_in_time();
	login_free(l);
	login_free(NULL);
	environ_forget();
	log_forget();
	return done();
}
