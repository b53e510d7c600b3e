/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/link.h"
#include "tests/tap.h"

#include <stdlib.h>

static void relative_urls(void) /* most of them from RFC 3986 5.4 */
{
	static const char *const cases[][2] = {
		{ "g", "https://a/b/c/g" },	   { "./g", "https://a/b/c/g" },
		{ "g/", "https://a/b/c/g/" },	   { "/g", "https://a/g" },
		{ "//g", "https://g" },		   { "?y", "https://a/b/c/d?y" },
		{ "g?y", "https://a/b/c/g?y" },	   { "", "https://a/b/c/d" },
		{ ".", "https://a/b/c/" },	   { "./", "https://a/b/c/" },
		{ "..", "https://a/b/" },	   { "../g", "https://a/b/g" },
		{ "../../g", "https://a/g" },	   { "../../../g", "https://a/g" },
		{ "/./g", "https://a/g" },	   { "/../g", "https://a/g" },
		{ "g.", "https://a/b/c/g." },	   { "..g", "https://a/b/c/..g" },
		{ "./g/.", "https://a/b/c/g/" },   { "g/../h", "https://a/b/c/h" },
		{ "g?y/../x", "https://a/b/c/g?y/../x" },
		{ "https://other/x", "https://other/x" },
		{ "HTTPS://other/x", "HTTPS://other/x" },
		{ "http://other/x", NULL },	   { "javascript:alert(1)", NULL },
		{ "file:///x", NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(free_p) char *got = url_resolve("https://a/b/c/d?q", cases[i][0]);
		is(got, cases[i][1], *cases[i][0] ? cases[i][0] : "the empty reference");
	}
	scoped(free_p) char *bare = url_resolve("https://a", "g");
	is(bare, "https://a/g", "a base without a path");
	char *longer = mem_new(3 * HTTP_URL_MAX);
	memset(longer, 'x', 3 * HTTP_URL_MAX - 1);
	scoped(free_p) char *none = url_resolve("https://a/", longer);
	ok(!none, "one that is far too long");
	free(longer);
}

static void links_in_every_dress(void)
{
	static const struct {
		const char *headers[3];
		const char *want[3];
	} cases[] = {
		{ { "link: <https://ca/1>;rel=\"alternate\"" }, { "https://ca/1" } },
		{ { "link: <https://ca/1>;rel=\"alternate\"",
		    "link: <https://ca/2>;rel=\"alternate\"" },
		  { "https://ca/1", "https://ca/2" } },
		{ { "link: <https://ca/1>; rel=alternate, </2> ;rel=Alternate,<3>;"
		    "REL = \"alternate\"" },
		  { "https://ca/1", "https://ca/2", "https://ca/cert/3" } },
		{ { "link: <https://ca/up>;rel=up, <https://ca/1>;title=\"a, <b>; rel=up\";"
		    "rel=\"index alternate\"" }, { "https://ca/1" } },
		{ { "link: <https://ca/1>;rel=alternates", "link: <https://ca/2>;xrel=alternate",
		    "link: <https://ca/3>" }, { NULL } },
		{ { "link: <ftp://ca/1>;rel=alternate, </2>;rel=alternate" }, { "https://ca/2" } },
		{ { "link: <https://ca/1", "link: ;rel=alternate", "link: <>;;;=;rel=\"alternate" },
		  { "https://ca/cert/0" } },
		{ { "link: <a>;rel=\"" }, { NULL } },
		{ { "link: <a>;rel" }, { NULL } },
		{ { "link: <a>;" }, { NULL } },
		{ { "link: <" }, { NULL } },
		{ { "link: " }, { NULL } },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct http_call call = { 0 };
		for (size_t h = 0; h < 3 && cases[i].headers[h]; h++)
			words_add(&call.reply_headers, cases[i].headers[h]);
		for (unsigned n = 0; n < 3; n++) {
			scoped(free_p) char *url =
				link_find(&call, "https://ca/cert/0", "alternate", n);
			is(url, cases[i].want[n], cases[i].headers[0]);
		}
		http_call_free(&call);
	}
}

int main(void)
{
	relative_urls();
	links_in_every_dress();
	return done();
}
