/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/link.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t"

/* Where the path begins, and where it ends, of an https URL. */
static const char *path_of(const char *url, const char **ret_end)
{
	const char *at = url + strlen("https://");

	at += strcspn(at, "/?#");
	*ret_end = at + strcspn(at, "?#");
	return at;
}

/* RFC 3986 5.2.4, segment by segment. */
static void add_path(struct buf *out, const char *path, const char *end)
{
	size_t root = out->len;

	while (path < end) {
		const char *at = path + (*path == '/');
		const char *to = at + strcspn(at, "/?#");
		size_t n = (size_t)((to < end ? to : end) - at);
		bool up = n == 2 && !strncmp(at, "..", 2), here = n == 1 && *at == '.';

		path = at + n;
		if (up) /* back over the last segment */
			while (out->len > root && out->data[--out->len] != '/')
				;
		if (!up && !here)
			buf_printf(out, "/%.*s", (int)n, at);
		else if (path == end)
			buf_char(out, '/');
	}
	if (out->len > root)
		out->data[out->len] = '\0';
}

char *url_resolve(const char *base, const char *reference)
{
	size_t scheme = strspn(reference, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789+.-");
	const char *base_end, *ref_end = reference + strcspn(reference, "?#");
	const char *base_path = path_of(base, &base_end);
	struct buf out = { .max = HTTP_URL_MAX };

	if (reference[scheme] == ':')
		return strncasecmp(reference, "https://", 8) ? NULL : str_copy(reference);
	if (starts_with(reference, "//"))
		return str_printf("https:%s", reference);
	buf_add(&out, base, (size_t)(base_path - base));
	if (ref_end == reference) { /* the same path, perhaps another query */
		buf_add(&out, base_path, (size_t)(base_end - base_path));
	} else if (*reference == '/') {
		add_path(&out, reference, ref_end);
	} else {
		const char *dir = base_end;
		while (dir > base_path && dir[-1] != '/')
			dir--;
		scoped(free_p) char *merged = str_printf("%.*s%.*s", (int)(dir - base_path),
							 base_path, (int)(ref_end - reference),
							 reference);
		add_path(&out, merged, merged + strlen(merged));
	}
	buf_str(&out, ref_end);
	if (out.bad) {
		buf_free(&out);
		return NULL;
	}
	return buf_take(&out);
}

/* Is `rel` one of the blank-separated relation types in text[0..len)?  Case does not count. */
static bool has_word(const char *text, size_t len, const char *rel)
{
	const char *end = text + len;

	for (const char *at = text; at < end;) {
		size_t n = strcspn(at, BLANKS "\"");
		if (n > (size_t)(end - at))
			n = (size_t)(end - at);
		if (n == strlen(rel) && !strncasecmp(at, rel, n))
			return true;
		at += n + 1;
	}
	return false;
}

/* One ";name=value" at `at`: is it rel=... with our relation?  Returns what is behind it. */
static const char *read_param(const char *at, const char *rel, bool *is_rel)
{
	at += 1 + strspn(at + 1, BLANKS);
	size_t name_len = strcspn(at, "=;, \t");
	bool named_rel = name_len == 3 && !strncasecmp(at, "rel", 3);

	at += name_len;
	at += strspn(at, BLANKS);
	if (*at != '=')
		return at;
	at += 1 + strspn(at + 1, BLANKS);
	bool quoted = *at == '"';
	at += quoted;
	size_t len = strcspn(at, quoted ? "\"" : ";, \t");
	if (named_rel && has_word(at, len, rel))
		*is_rel = true;
	at += len;
	return at + (quoted && *at == '"');
}

/* One "<url>;a=b;c="d"" at `at`.  Returns what is behind it; *ret_url is set when it is ours. */
static const char *read_link(const char *at, const char *rel, char **ret_url)
{
	size_t len = strcspn(at + 1, ">");
	bool is_rel = false;

	if (!at[1 + len])
		return at + 1 + len;
	const char *url = at + 1;
	at += len + 2;
	for (at += strspn(at, BLANKS); *at == ';'; at += strspn(at, BLANKS))
		at = read_param(at, rel, &is_rel);
	if (is_rel)
		*ret_url = str_part(url, len);
	return at;
}

char *link_find(const struct http_call *call, const char *base, const char *rel, unsigned nth)
{
	const char *at;

	for (unsigned i = 0; (at = http_header(call, "link", i)); i++) {
		for (at += strcspn(at, "<"); *at == '<'; at += strcspn(at, "<")) {
			scoped(free_p) char *url = NULL;
			at = read_link(at, rel, &url);
			scoped(free_p) char *whole = url ? url_resolve(base, url) : NULL;
			if (whole && !nth--)
				return take(whole);
		}
	}
	return NULL;
}
