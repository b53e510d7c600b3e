/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * The services a plugin has of the core, called as a plugin calls them. */
#include "config.h"

#include "base/log.h"
#include "provider/host.h"
#include "tests/tap.h"
#include "tests/temp.h"

#include <errno.h>
#include <sys/stat.h>

static const struct seal_provider provider = {
	.abi = SEAL_ABI, .size = sizeof(struct seal_provider), .name = "test", .conf_size = 8
};
static const struct plugin plugin = { .p = &provider };
static struct login *login;
static struct op_work *work;
static struct seal_op *op;

static void begin(enum op_kind kind)
{
	work_free(work);
	work = work_new(login, kind, "example.org", &op_host);
	op = &work->seal;
}

static const struct seal_json *json(const char *text)
{
	return host_json_read(work, text, strlen(text));
}

static void json_is_walked_by_path(void)
{
	begin(OP_CHECK);
	const struct seal_json *j = json(
		"{\"a\":[{\"b\":\"x\"},7,true,1.5,null,{}],\"n\":\"007\",\"big\":9007199254740993"
		"}");

	is(seal_json_str(op, j, "a.0.b"), "x", "text");
	is(seal_json_str(op, j, "a.1"), "7", "number");
	is(seal_json_str(op, j, "a.2"), "true", "boolean");
	is(seal_json_str(op, j, "a.3"), "1.5", "fraction");
	is(seal_json_str(op, j, "a.4"), NULL, "null");
	is(seal_json_str(op, j, "a.5"), NULL, "an object has no text");
	is(seal_json_str(op, j, "a.9.b.c"), NULL, "a path that leads nowhere");
	is(seal_json_str(op, j, "n"), "007", "text that looks like a number");
	is(seal_json_str(op, j, "big"), "9007199254740993", "all digits of a long id");
	is(seal_json_str(op, NULL, "a"), NULL, "no JSON at all");
	is(seal_json_nstr(op, j, "a.%zu.b", 0), "x", "the nth");
	ok(seal_json_n(op, j, "a") == 6 && seal_json_n(op, j, "n") == 0 &&
		   seal_json_n(op, j, "zz") == 0,
	   "counts");
	ok(!json("{\"a\":1") && !json("<html>") && !json(""), "what is no JSON is none");
}

static void json_is_built_by_format(void)
{
	begin(OP_CHECK);
	is(seal_build(op, "{s:s, s:i, s:b}", "type", "TXT", "ttl", 60L, "on", 1),
	   "{\"type\":\"TXT\",\"ttl\":60,\"on\":true}", "members");
	is(seal_build(op, "[s,[i,i],{}]", "a", 1L, -2L), "[\"a\",[1,-2],{}]", "nested");
	is(seal_build(op, "s", "say \"hi\"\n\\ \x01/"), "\"say \\\"hi\\\"\\n\\\\ \\u0001/\"",
	   "escaped");
	is(seal_build(op, "{s:j,m}", "list", "[1,2]", "{\"x\":{\"y\":1}}"),
	   "{\"list\":[1,2],\"x\":{\"y\":1}}", "parts put in");
	is(seal_build(op, "{s:s}", "a", (char *)NULL), "{\"a\":null}", "NULL is null");
	ok(!work->broken, "all of that is fine");

	static const char *const bad[] = { "{s:s", "{s}", "[}", "}", "", "x", "i i", "[s:s" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		begin(OP_CHECK);
		seal_build(op, bad[i], "a", "b", "c");
		ok(work->broken && strstr(work->story.text, "JSON format"), "'%s' is found out",
		   bad[i]);
	}
	begin(OP_CHECK);
	seal_build(op, "{s:j}", "a", "{cut");
	ok(work->broken, "a part that is no JSON is found out");
}

static void fields_go_into_members_and_back(void)
{
	static const struct {
		const char *data, *spec, *json;
	} cases[] = {
		{ "0 issue \"ca.test; a=b\"", "#data.flags =data.tag \"data.value",
		  "{\"data\":{\"flags\":0,\"tag\":\"issue\",\"value\":\"ca.test; a=b\"}}" },
		{ "10 mx.test", "#priority =content", "{\"priority\":10,\"content\":\"mx.test\"}" },
		{ "1 . alpn=\"h2,h3\" port=8443", "#p =t *v",
		  "{\"p\":1,\"t\":\".\",\"v\":\"alpn=\\\"h2,h3\\\" port=8443\"}" },
		{ "0 alias.test", "#p =t *v", "{\"p\":0,\"t\":\"alias.test\",\"v\":\"\"}" },
		{ "1 \"say \\\"x y\\\"\"", "#a \"b", "{\"a\":1,\"b\":\"say \\\"x y\\\"\"}" },
		{ "192.0.2.1", "*content", "{\"content\":\"192.0.2.1\"}" },
	};
	static const struct {
		const char *data, *spec;
	} bad[] = {
		{ "x mx.test", "#priority =content" },
		{ "10", "#priority =content" },
		{ "10 mx.test more", "#priority =content" },
		{ "1 \"open", "#a \"b" },
		{ "1 2", "#a #a.b" },
	};

	begin(OP_CHECK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text = op->host->fields_json(op, cases[i].data, cases[i].spec);
		is(text, cases[i].json, cases[i].data);
		is(text ? op->host->json_fields(op, json(text), cases[i].spec) : NULL,
		   cases[i].data, "and back");
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		is(op->host->fields_json(op, bad[i].data, bad[i].spec), NULL, bad[i].data);
	is(op->host->json_fields(op, json("{\"a\":1}"), "#a =b"), NULL, "a member that is missing");
}

static void texts(void)
{
	static const char *const words[] = { "a", "b", "c" };

	begin(OP_CHECK);
	is(op->host->urlescape(op, "a b/\xc3\xbc?&=~-._"), "a%20b%2F%C3%BC%3F%26%3D~-._",
	   "RFC 3986 2.3");
	is(op->host->join(op, words, 3, ", "), "a, b, c", "join");
	is(op->host->join(op, words, 0, ", "), "", "nothing");
	is(op->host->name_abs(op, "@", "example.org"), "example.org", "apex");
	is(op->host->name_abs(op, "WWW", "example.org"), "www.example.org", "relative");
	is(op->host->name_rel(op, "a.b.example.org", "example.org"), "a.b", "absolute");
	is(op->host->name_rel(op, "example.org", "example.org"), "@", "apex again");
	is(op->host->name_rel(op, "badexample.org", "example.org"), NULL, "outside");
	is(op->host->txt_plain(op, "\"a\" \"b\""), "ab", "joined");
	is(op->host->txt_plain(op, "as it is"), "as it is", "unquoted");
	is(op->host->txt_plain(op, "\"open"), NULL, "malformed");
	is(op->host->txt_plain(op, "\"a\\000b\""), NULL, "an octet 0 would make it another text");
	is(op->host->txt_quote(op, "a\"b"), "\"a\\\"b\"", "quoted");
}

static void octets(void)
{
	uint8_t out[SEAL_HASH_MAX];
	size_t n;

	begin(OP_CHECK);
	is(op->host->base64(op, "\xff\xee", 2), "/+4=", "base64");
	uint8_t *back = op->host->unbase64(op, "_-4", &n);
	ok(back && n == 2 && !memcmp(back, "\xff\xee", 2), "and back, from the other alphabet");
	ok(!op->host->unbase64(op, "!", &n), "none");
	ok(op->host->digest(SEAL_SHA256, "", 0, out) == 32 && out[0] == 0xe3, "digest");
	ok(op->host->hmac(SEAL_SHA256, "k", 1, "", 0, out) == 32, "hmac");
	ok(op->host->rr_type("TLSA") == 52 && op->host->rr_type("TYPE65280") == 65280 &&
		   !op->host->rr_type("NOSUCH"),
	   "types by name");
	is(op->host->rr_name(op, 52), "TLSA", "and by number");
	ok(op->host->rdata_pack(op, "A", "192.0.2.1", &n) && n == 4, "data to wire");
	ok(!op->host->rdata_pack(op, "A", "192.0.2", &n), "malformed data");
	ok(op->host->name_pack(op, "a.test", &n) && n == 8, "name to wire");
	ok(!op->host->dns_read(op, (const uint8_t *)"\0\0", 2), "half a message");
	ok(!((char *)op->host->alloc(op, 100))[99], "memory is zeroed");
}

static void diff_is(const char *want_text, const char *what, const struct seal_change *c, size_t n)
{
	static const char signs[] = { [SEAL_DROP] = '-', [SEAL_RETIME] = '~', [SEAL_ADD] = '+' };
	char text[400] = "";

	for (size_t i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%c%s/%s ",
			 signs[c[i].what], c[i].record.id ? c[i].record.id : c[i].record.data,
			 c[i].record.name);
	for (size_t i = 0; i < work->n_results; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "=%s:%u ",
			 work->results[i].id, work->results[i].ttl);
	is(text, want_text, what);
}

static void changes_are_computed_for_the_operation(void)
{
	static const struct seal_record there[] = {
		{ "a", "TXT", 60, "v1", "1" },	      { "a", "TXT", 60, "v2", "2" },
		{ "a", "TXT", 60, "v2", "3" },	      { "b", "TXT", 60, "v1", "4" },
		{ "a", "MX", 60, "10 mx.test", "5" }, { "a", "TXT", 60, "V1", "6" },
	};
	static const struct seal_record want[] = {
		{ "a", "TXT", 120, "v2", NULL },
		{ "a", "TXT", 0, "v9", NULL },
		{ "a", "MX", 60, "10 MX.TEST.", NULL },
	};
	size_t n;

	begin(OP_APPEND);
	const struct seal_change *c = op->host->diff(op, there, 6, want, 3, &n);
	diff_is("+v9/a =2:60 =5:60 ", "append: what is missing", c, n);
	begin(OP_SET);
	c = op->host->diff(op, there, 6, want, 3, &n);
	diff_is("-1/a -3/a -6/a ~2/a +v9/a =2:120 =5:60 ", "set: those names and types, no others",
		c, n);
	begin(OP_REMOVE);
	c = op->host->diff(op, there, 6, want, 3, &n);
	diff_is("-2/a -3/a -5/a ", "remove: by name, type and data, in every spelling", c, n);
	begin(OP_REMOVE);
	c = op->host->diff(op, NULL, 0, want, 3, &n);
	diff_is("", "nothing there, nothing to remove", c, n);
}

/* "b(60->60): v1#1 v9" a set: its name, ttl before and after, values with their ids; then what is
 * emitted. */
static void merge_is(const char *want_text, const char *what, const struct seal_set_change *c,
		     size_t n)
{
	char text[600] = "";
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s/%s(%u->%u, %zu->%zu):",
					c[i].name, c[i].type, c[i].old_ttl, c[i].ttl, c[i].n_old,
					c[i].n);
		for (size_t k = 0; k < c[i].n; k++) {
			const struct seal_record *r = &c[i].at[k];
			ok(r->ttl == c[i].ttl && !strcmp(r->name, c[i].name), "one ttl, one name");
			len += (size_t)snprintf(text + len, sizeof(text) - len, " %s%s%s", r->data,
						r->id ? "#" : "", r->id ? r->id : "");
		}
		len += (size_t)snprintf(text + len, sizeof(text) - len, "; ");
	}
	for (size_t i = 0; i < work->n_results; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "=%s:%u ",
					work->results[i].id, work->results[i].ttl);
	is(text, want_text, what);
}

static void sets_are_merged_for_the_operation(void)
{
	static const struct seal_record there[] = {
		{ "a", "TXT", 300, "v1", "1" },	      { "b", "TXT", 60, "v1", "2" },
		{ "a", "TXT", 300, "v2", "3" },	      { "b", "MX", 60, "10 mx.test", "4" },
		{ "b", "MX", 60, "10 MX.test.", "5" }, { "c", "TXT", 60, "V", "6" },
	};
	static const struct seal_record want[] = {
		{ "n", "TXT", 0, "new", NULL },	      { "a", "TXT", 60, "v2", NULL },
		{ "b", "MX", 60, "10 MX.TEST", NULL }, { "n", "TXT", 90, "newer", "x" },
		{ "a", "TXT", 120, "v9", NULL },       { "n", "TXT", 90, "new", NULL },
		{ "c", "TXT", 60, "v", NULL },
	};
	size_t n;

	begin(OP_APPEND);
	const struct seal_set_change *c = op->host->merge(op, there, 6, want, 7, &n);
	merge_is("n/TXT(0->90, 0->2): new newer; a/TXT(300->300, 2->3): v1#1 v2#3 v9; "
		 "c/TXT(60->60, 1->2): V#6 v; =3:300 =5:60 ",
		 "append: what is there stays with its ttl, sets that have it all are left out", c,
		 n);
	ok(n == 3 && c[1].old[0].id == there[0].id && c[1].old[1].id == there[2].id,
	   "with what the set held before");
	begin(OP_SET);
	c = op->host->merge(op, there, 6, want, 7, &n);
	merge_is("n/TXT(0->90, 0->2): new newer; a/TXT(300->60, 2->2): v2#3 v9; "
		 "b/MX(60->60, 2->1): 10 mx.test#4; c/TXT(60->60, 1->1): v; =3:60 =4:60 ",
		 "set: exactly those, of two spellings the first", c, n);
	begin(OP_REMOVE);
	c = op->host->merge(op, there, 6, want, 7, &n);
	merge_is("a/TXT(300->300, 2->1): v1#1; b/MX(60->60, 2->0):; ",
		 "remove: what is left; octets of TXT count", c, n);
	ok(n == 2 && !c[1].n && c[1].n_old == 2, "an empty set has to go");
}

static void a_result_is_told_once(void)
{
	static const struct seal_record first = { "a", "MX", 60, "10 mx.test", "1" };
	static const struct seal_record again = { "A", "mx", 90, "10  MX.test.", "2" };

	begin(OP_APPEND);
	op->host->emit(op, &first);
	op->host->emit(op, &again);
	ok(work->n_results == 1 && work->results[0].ttl == 90, "of two looks the last counts");
	is(work->results[0].id, "2", "with its id");
	begin(OP_GET);
	op->host->emit(op, &first);
	op->host->emit(op, &first);
	static char id[30000];
	memset(id, 'x', 16500);
	op->host->emit(op, &(struct seal_record){ "b", "TXT", 60, "v", id });
	ok(work->n_results == 3 && work->results[2].id, "an id may be a spelling of the value");
	memset(id, 'x', sizeof(id) - 1);
	op->host->emit(op, &(struct seal_record){ "b", "TXT", 60, "w", id });
	ok(work->n_results == 4 && !work->results[3].id, "the record counts without its id, too");
	begin(OP_GET);
	op->host->emit(op, &first);
	op->host->emit(op, &first);
	ok(work->n_results == 2, "who lists shows what is there");
}

static void a_set_that_is_as_asked_is_left_alone(void)
{
	static const struct seal_record there[] = { { "a", "TXT", 300, "v1", "1" },
						    { "a", "TXT", 300, "v2", "2" } };
	static const struct seal_record want[] = { { "a", "TXT", 0, "v2", NULL },
						   { "a", "TXT", 0, "v1", NULL } };
	size_t n;

	begin(OP_SET);
	const struct seal_set_change *c = op->host->merge(op, there, 2, want, 2, &n);
	merge_is("=1:300 =2:300 ", "in another order, no ttl asked", c, n);
	begin(OP_REMOVE);
	c = op->host->merge(op, NULL, 0, want, 2, &n);
	merge_is("", "nothing there, nothing to remove", c, n);
}

static char *write_file(const char *name, const char *data, size_t len)
{
	char *path = str_printf("%s/%s", temp_dir, name);
	FILE *f = fopen(path, "w");

	ok(f && fwrite(data, 1, len, f) == len && !fclose(f), "%s is written", name);
	return path;
}

static void no_file(const char *path, int error, const char *what)
{
	errno = 0;
	ok(!op->host->file(op, path) && errno == error, "%s: %s", what, strerror(errno));
}

static void files_are_read_whole_or_not_at_all(void)
{
	static char big[65538];

	memset(big, 'x', sizeof(big));
	begin(OP_CHECK);
	scoped(free_p) char *plain = write_file("plain", "a\nb", 3);
	scoped(free_p) char *most = write_file("most", big, 65536);
	scoped(free_p) char *more = write_file("more", big, 65537);
	scoped(free_p) char *zero = write_file("zero", "a\0b", 3);
	scoped(free_p) char *fifo = str_printf("%s/fifo", temp_dir);
	is(op->host->file(op, plain), "a\nb", "as it is");
	setenv("HOME", temp_dir, 1);
	is(op->host->file(op, "~/plain"), "a\nb", "of the home directory");
	const char *text = op->host->file(op, most);
	ok(text && strlen(text) == 65536, "64 KiB are taken");
	no_file(more, EFBIG, "not one octet more");
	no_file(zero, EILSEQ, "an octet 0 would make it another text");
	no_file("/nonexistent", ENOENT, "absent");
	no_file(temp_dir, EISDIR, "a directory");
	ok(!mkfifo(fifo, 0600), "a FIFO nobody writes to");
	no_file(fifo, EINVAL, "is not waited for");
	no_file("/dev/zero", EINVAL, "a device without end");
	setenv("HOME", "", 1);
	errno = 0;
	ok(!op->host->file(op, "~/no-such-file-here") && errno == ENOENT, "without HOME the user's "
									   "entry counts");
}

static void what_came_by_the_way_is_hidden(void)
{
	begin(OP_CHECK);
	op->host->secret(op, NULL);
	op->host->secret(op, "token-from-elsewhere");
	seal_fail(op, SEAL_EAUTH, "refused token-from-elsewhere");
	is(work->story.text, "refused ***", "also in sentences");
	log_forget();
}

static void a_request_is_signed_in_place(void)
{
	static const char *const mine[] = { "Accept: text/xml", NULL };
	struct seal_http x = { .method = "GET", .url = "/zones", .headers = mine };
	struct seal_aws_key key = { .id = "AKIDEXAMPLE", .secret = "s", .region = "r" };

	begin(OP_CHECK);
	login->endpoint = str_copy("https://api.test");
	ok(op->host->aws_sign(op, &x, &key) == SEAL_EINVAL && x.headers == mine,
	   "half a key signs nothing: %s", work->story.text);
	key.service = "s";
	ok(!op->host->aws_sign(op, &x, &key), "signed, the endpoint put before the path");
	ok(x.headers[0] == mine[0] && strstr(x.headers[2], "SignedHeaders=accept;host;x-amz-date,"),
	   "covers what is sent: %s", x.headers[2]);
	x.url = "zones";
	ok(op->host->aws_sign(op, &x, &key) == SEAL_EINVAL, "no URL: %s", work->story.text);
}

int main(void)
{
	temp_make();
	login = login_new("main", &plugin, "test");
	json_is_walked_by_path();
	json_is_built_by_format();
	fields_go_into_members_and_back();
	texts();
	octets();
	changes_are_computed_for_the_operation();
	sets_are_merged_for_the_operation();
	a_set_that_is_as_asked_is_left_alone();
	a_result_is_told_once();
	files_are_read_whole_or_not_at_all();
	what_came_by_the_way_is_hidden();
	a_request_is_signed_in_place();
	work_free(work);
	login_free(login);
	return done();
}
