/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/tap.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

#include <stdlib.h>

static struct story story;

static struct json_object *read_json(const char *text)
{
	struct json_object *o = NULL;

	story_clear(&story);
	if (json_read(text, strlen(text), "reply", &o, &story))
		return NULL;
	return o;
}

static void good_json_is_read_and_written(void)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"[1,-2,3.5,\"x\",true,false,null]",
		"{\"a\":{\"b\":[{\"c\":\"d/e\"}]}}",
		"\"text\"",
		"12",
		"true",
		"{\"\":\"\"}",
		"{\"a\":1,\"b\":{\"a\":1}}",
		"[{\"a\":1},{\"a\":2}]",
		"\"it's \\\"quoted\\\" and \xc3\xbc\"",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		scoped(json_put_p) struct json_object *o = read_json(texts[i]);
		ok(o != NULL, "read: %s %s", texts[i], story.text);
		scoped(free_p) char *back = json_write(o);
		is(back, texts[i], "and written the same");
	}
	scoped(json_put_p) struct json_object *o = read_json(" \r\n\t[ 1 , 2 ] \n");
	ok(o != NULL, "blanks around");
}

static void bad_json_is_refused(void)
{
	static const struct {
		const char *text, *wrong;
	} cases[] = {
		{ "", "empty" },
		{ "  ", "empty" },
		{ "null", "null" },
		{ "{", "it is cut off" },
		{ "{\"a\":1", "it is cut off" },
		{ "{\"a\":\"b", "a string without end" },
		{ "\"a\\", "a string without end" },
		{ "{} {}", NULL },
		{ "12 3", NULL },
		{ "[1]\"", "a string without end" },
		{ "{'a':1}", "a single quote" },
		{ "['a']", "a single quote" },
		{ "[\"a\nb\"]", "a control character in a string" },
		{ "[\"a\x01\"]", "a control character in a string" },
		{ "[\x01]", "a character that has no place there" },
		{ "[\"a\\u0000b\"]", "NUL in a string" },
		{ "{\"a\\u0000b\":1}", "NUL in a string" },
		{ "{\"a\":1,\"a\":1}", "a member named twice" },
		{ "{\"a\":1,\"\\u0061\":1}", "a member named twice" },
		{ "[{\"x\":{\"status\":1,\"url\":2,\"status\":3}}]", "a member named twice" },
		{ "[\"\xff\"]", "not UTF-8" },
		{ "[\"\xc0\xaf\"]", "not UTF-8" },
		{ "<html>", "a character that has no place there" },
		{ "[1] // done", "a character that has no place there" },
		{ "NaN", "a character that has no place there" },
		{ "[Infinity]", "a character that has no place there" },
		{ "[1,]", NULL },
		{ "{\"a\":1,}", NULL },
		{ "{a:1}", NULL },
		{ "[nan]", NULL },
		{ "[tru]", NULL },
		{ "[1 2]", NULL },
		{ "[\"\\x\"]", NULL },
		{ "[+1]", NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_object *o = read_json(cases[i].text);
		ok(!o && story.st == SEAL_EPROTO &&
		           starts_with(story.text, "reply is no good JSON: "),
		   "%s", story.text);
		if (cases[i].wrong)
			is(story.text + strlen("reply is no good JSON: "), cases[i].wrong,
			   cases[i].text);
		json_object_put(o);
	}
}

static void nul_octets_are_refused(void)
{
	struct json_object *o = NULL;

	ok(json_read("[1]\0", 4, "reply", &o, &story) == SEAL_EPROTO && !o, "behind");
	ok(json_read("[\"a\0b\"]", 7, "reply", &o, &story) == SEAL_EPROTO && !o, "within");
	ok(json_read("[1]garbage", 3, "reply", &o, &story) == SEAL_OK && o,
	   "what lies behind len is not looked at");
	json_object_put(o);
}

static char *repeat(const char *what, size_t n, const char *end)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_str(&b, what);
	buf_str(&b, end);
	return buf_take(&b);
}

static void depth_and_number_have_limits(void)
{
	scoped(free_p) char *deep = repeat("[", 500, "");
	scoped(json_put_p) struct json_object *o = read_json(deep);
	ok(!o, "500 deep: %s", story.text);
	scoped(free_p) char *closed =
	        str_printf("%.*s%.*s", 21, deep, 21, "]]]]]]]]]]]]]]]]]]]]]]]]]]");
	scoped(json_put_p) struct json_object *p = read_json(closed);
	ok(!p, "21 deep: %s", story.text);
	scoped(free_p) char *fine =
	        str_printf("%.*s%.*s", 19, deep, 19, "]]]]]]]]]]]]]]]]]]]]]]]]]]");
	scoped(json_put_p) struct json_object *q = read_json(fine);
	ok(q != NULL, "19 deep is fine");
	scoped(free_p) char *many = repeat("1,", 50000, "1]");
	scoped(free_p) char *list = str_printf("[%s", many);
	scoped(json_put_p) struct json_object *r = read_json(list);
	ok(!r, "too many");
	is(story.text, "reply is no good JSON: too many values", "before json-c spends memory");
	scoped(free_p) char *commas = repeat(",", 60000, "");
	scoped(free_p) char *quoted = str_printf("[\"%s\"]", commas);
	scoped(json_put_p) struct json_object *s = read_json(quoted);
	ok(s != NULL, "but a text may hold commas");
}

static void members_are_found(void)
{
	scoped(json_put_p) struct json_object *o = read_json(
	        "{\"s\":\"text\",\"n\":1,\"z\":null,\"o\":{},\"a\":[{\"id\":\"x\"},[7]]}");

	is(json_str(o, "s"), "text", "text");
	ok(!json_str(o, "n") && !json_str(o, "z") && !json_str(o, "none"), "no text");
	ok(json_obj(o, "o") && !json_obj(o, "a"), "an object");
	ok(json_arr(o, "a") && !json_arr(o, "o"), "a list");
	ok(!json_str(NULL, "s") && !json_obj(NULL, "s") && !json_arr(NULL, "s"), "of nothing");
	is(json_object_get_string((struct json_object *)json_at(o, "a.0.id")), "x", "a.0.id");
	ok(json_object_get_int((struct json_object *)json_at(o, "a.1.0")) == 7, "a.1.0");
	static const char *const none[] = { "a.2", "a.-1",     "a.x",
		                            "s.0", "a.0.id.x", "q",
		                            "z.a", "a..0",     "a.99999999999999999999" };
	for (size_t i = 0; i < COUNT(none); i++)
		ok(!json_at(o, none[i]), "%s leads nowhere", none[i]);
	ok(json_at(o, "") == o && !json_at(NULL, "a"), "the empty path stays");
}

struct thing {
	char *text, *url;
	bool flag;
	int64_t number, time;
	int status, kind;
	struct words list;
};

static const char *const states[] = { "pending", "ready", "valid", NULL };
static const struct field fields[] = {
	{ "text", FIELD_TEXT, 0, offsetof(struct thing, text), NULL },
	{ "url", FIELD_URL, 0, offsetof(struct thing, url), NULL },
	{ "flag", FIELD_BOOL, 0, offsetof(struct thing, flag), NULL },
	{ "number", FIELD_INT, 0, offsetof(struct thing, number), NULL },
	{ "time", FIELD_TIME, 0, offsetof(struct thing, time), NULL },
	{ "status", FIELD_NAME, FIELD_REQUIRED, offsetof(struct thing, status), states },
	{ "kind", FIELD_NAME, 0, offsetof(struct thing, kind), states },
	{ "list", FIELD_TEXTS, 0, offsetof(struct thing, list), NULL },
	{ 0 },
};

static void a_table_fills_a_struct_and_back(void)
{
	static const char text[] =
	        "{\"text\":\"t\",\"url\":\"https://ca.example/"
	        "1?a=b@c\",\"flag\":true,\"number\":-5,"
	        "\"time\":\"2026-11-21T02:40:11Z\",\"status\":\"pending\",\"kind\":\"valid\","
	        "\"list\":[\"a\",\"b\"]}";
	struct thing t = { 0 };
	scoped(json_put_p) struct json_object *o = read_json(text);

	json_object_object_add(o, "unknown", json_object_new_int(1));
	ok(!field_read(fields, o, "order", &t, &story), "read %s", story.text);
	is(t.text, "t", "text");
	is(t.url, "https://ca.example/1?a=b@c", "URL");
	ok(t.flag && t.number == -5 && t.time == 1795228811, "numbers");
	ok(t.status == 0 && t.kind == 2 && t.list.n == 2 && words_has(&t.list, "b"), "names");
	scoped(json_put_p) struct json_object *back = field_write(fields, &t);
	scoped(free_p) char *written = json_write(back);
	is(written, text, "written the same, without the unknown");
	field_free(fields, &t);
	ok(!t.text && !t.url && !t.list.n && !t.number, "freed and cleared");
	field_free(fields, &t);
	scoped(json_put_p) struct json_object *none = field_write(fields, &t);
	scoped(free_p) char *least = json_write(none);
	is(least, "{\"status\":\"pending\"}", "what is empty is left out, unless required");
}

static void wrong_fields_are_named(void)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{ "{}", "order has no status" },
		{ "{\"status\":null}", "order has no status" },
		{ "[]", "order is no JSON object" },
		{ "{\"status\":\"odd\\u001b\"}", "order: status is not known: \"odd\\u001b\"" },
		{ "{\"status\":1}", "order: status is no text: 1" },
		{ "{\"text\":1}", "order: text is no text: 1" },
		{ "{\"flag\":\"true\"}", "order: flag is neither true nor false: \"true\"" },
		{ "{\"number\":\"1\"}", "order: number is no whole number: \"1\"" },
		{ "{\"number\":1.5}", "order: number is no whole number: 1.5" },
		{ "{\"time\":\"today\"}", "order: time is no time: \"today\"" },
		{ "{\"time\":0}", "order: time is no time: 0" },
		{ "{\"status\":\"valid\",\"list\":\"a\"}", "order: list is no list: \"a\"" },
		{ "{\"status\":\"valid\",\"list\":[\"a\",1]}",
		  "order: list has a member that is no text, or too long: [\"a\",1]" },
		{ "{\"status\":\"valid\",\"list\":[null]}",
		  "order: list has a member that is no text, or too long: [null]" },
		{ "{\"url\":7}", "order: url is no text: 7" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct thing t = { 0 };
		scoped(json_put_p) struct json_object *o = read_json(cases[i].text);
		ok(field_read(fields, o, "order", &t, &story) == SEAL_EPROTO, "refused");
		is(story.text, cases[i].sentence, "and named");
		ok(!t.text && !t.list.n, "nothing stays allocated");
	}
}

static void urls_have_rules(void)
{
	static const char *const bad[] = {
		"http://ca.example/",
		"https://",
		"https:///x",
		"https://u@ca.example/",
		"https://u:p@ca.example",
		"//ca.example",
		"ftp://ca.example",
		"https://ca.example/ x",
		"https://ca.example/\xc3\xbc",
		"https://ca.example/\x7f",
		"https://ca.example\\@b/",
		"https://ca.example\\b/",
		"HTTPS://ca.example/",
		"javascript:1",
		"",
		"https://?@x",
	};
	static const char *const good[] = { "https://ca.example", "https://127.0.0.1:14000/dir",
		                            "https://[::1]:14000/dir", "https://ca.example/@a#b" };
	static const struct field url[] = { { "url", FIELD_URL, 0, 0, NULL }, { 0 } };
	char *ret = NULL;

	for (size_t i = 0; i < COUNT(bad); i++) {
		scoped(json_put_p) struct json_object *o = json_object_new_object();
		json_object_object_add(o, "url", json_object_new_string(bad[i]));
		ok(field_read(url, o, "order", &ret, &story) == SEAL_EPROTO && !ret, "%s",
		   story.text);
	}
	for (size_t i = 0; i < COUNT(good); i++) {
		scoped(json_put_p) struct json_object *o = json_object_new_object();
		json_object_object_add(o, "url", json_object_new_string(good[i]));
		ok(!field_read(url, o, "order", &ret, &story), "%s", good[i]);
		is(ret, good[i], "taken as it is");
		field_free(url, &ret);
	}
	scoped(free_p) char *tail = repeat("x", 2030, "");
	scoped(json_put_p) struct json_object *o = json_object_new_object();
	scoped(free_p) char *most = str_printf("https://a.example/%s", tail);
	json_object_object_add(o, "url", json_object_new_string(most));
	ok(!field_read(url, o, "order", &ret, &story) && strlen(ret) == 2048, "2048 octets");
	field_free(url, &ret);
	scoped(free_p) char *more = str_printf("%sx", most);
	json_object_object_add(o, "url", json_object_new_string(more));
	ok(field_read(url, o, "order", &ret, &story) == SEAL_EPROTO, "2049 are too many");
}

static void text_has_a_limit(void)
{
	static const struct field text[] = { { "text", FIELD_TEXT, 0, 0, NULL }, { 0 } };
	scoped(free_p) char *most = repeat("x", FIELD_TEXT_MAX, "");
	scoped(json_put_p) struct json_object *o = json_object_new_object();
	char *ret = NULL;

	json_object_object_add(o, "text", json_object_new_string(most));
	ok(!field_read(text, o, "order", &ret, &story), "8192 octets");
	field_free(text, &ret);
	scoped(free_p) char *more = str_printf("%sx", most);
	json_object_object_add(o, "text", json_object_new_string(more));
	ok(field_read(text, o, "order", &ret, &story) == SEAL_EPROTO && strlen(story.text) < 200,
	   "%s", story.text);
}

int main(void)
{
	good_json_is_read_and_written();
	bad_json_is_refused();
	nul_octets_are_refused();
	depth_and_number_have_limits();
	members_are_found();
	a_table_fills_a_struct_and_back();
	wrong_fields_are_named();
	urls_have_rules();
	text_has_a_limit();
	return done();
}
