/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * example - a provider to begin with, for a service that exists only here:
 *
 *   GET    /zones/ZONE/records             {"records":[{"id":"7","name":"www","type":"A",...}]}
 *   POST   /zones/ZONE/records             {"name":"www","type":"TXT","ttl":60,"data":"text"}
 *   DELETE /zones/ZONE/records/ID */
#include <dnseal/provider.h>

#include <string.h>

struct conf {
	const char *token;
};

static const struct seal_option options[] = {
	{ "token", SEAL_STRING, SEAL_REQUIRED | SEAL_SECRET, offsetof(struct conf, token), NULL,
	  "EXAMPLE_TOKEN", "API token with the right to write records" },
	SEAL_OPTIONS_END
};

/* Every request goes through here, and here its failure gets a class. */
static enum seal_status call(struct seal_op *op, struct seal_http *x)
{
	const struct conf *c = op->conf;
	const char *headers[] = { seal_printf(op, "Authorization: Bearer %s", c->token),
				  "Content-Type: application/json", NULL };

	x->headers = headers;
	enum seal_status st = seal_http(op, x);
	x->headers = NULL;
	if (st)
		return st;
	switch (x->status) {
	case 200:
	case 201:
	case 204:
		return SEAL_OK;
	case 401:
	case 403:
		return seal_fail(op, SEAL_EAUTH, "the token was refused");
	case 404:
		return seal_fail(op, SEAL_ENOTFOUND, "%s: no such zone or record", x->url);
	default:
		return seal_fail(op, SEAL_EPROTO, "%s %s: status %ld", x->method, x->url, x->status);
	}
}

static const char *records_url(struct seal_op *op, const char *zone)
{
	return seal_printf(op, "/zones/%s/records", op->host->urlescape(op, zone));
}

static enum seal_status append(struct seal_op *op, const char *zone, const struct seal_record *r,
			       size_t n)
{
	enum seal_status st = SEAL_OK;

	for (size_t i = 0; !st && i < n; i++) {
		struct seal_http x = { .method = "POST", .url = records_url(op, zone) };
		x.body = seal_build(op, "{s:s, s:s, s:i, s:s}", "name", r[i].name, "type",
				    r[i].type, "ttl", (long)r[i].ttl, "data", r[i].data);
		st = call(op, &x);
		if (!st)
			op->host->emit(op, &r[i]);
	}
	return st;
}

/* The id of a record with this name, type and value; NULL when there is none. */
static const char *find(struct seal_op *op, const struct seal_json *list,
			const struct seal_record *want)
{
	const struct seal_json *at;

	for (size_t i = 0; (at = op->host->json_at(list, seal_printf(op, "%zu", i))); i++) {
		const char *name = seal_json_str(op, at, "name");
		const char *type = seal_json_str(op, at, "type");
		const char *data = seal_json_str(op, at, "data");
		if (name && type && data && !strcmp(name, want->name) &&
		    !strcmp(type, want->type) && !strcmp(data, want->data))
			return seal_json_str(op, at, "id");
	}
	return NULL;
}

static enum seal_status remove_records(struct seal_op *op, const char *zone,
				       const struct seal_record *r, size_t n)
{
	struct seal_http list = { .method = "GET", .url = records_url(op, zone) };
	enum seal_status st = call(op, &list);

	for (size_t i = 0; !st && i < n; i++) {
		const struct seal_json *all = list.json ? op->host->json_at(list.json, "records") : NULL;
		const char *id = all ? find(op, all, &r[i]) : NULL;
		if (!id)
			continue; /* gone already: that is success */
		struct seal_http x = { .method = "DELETE" };
		x.url = seal_printf(op, "/zones/%s/records/%s", op->host->urlescape(op, zone),
				    op->host->urlescape(op, id));
		st = call(op, &x);
	}
	return st == SEAL_ENOTFOUND ? SEAL_OK : st;
}

SEAL_PROVIDER(example, .label = "Example", .version = "1", .doc_url = "https://api.example/",
	      .endpoint = "https://api.example/v1", .endpoint_env = "EXAMPLE_URL",
	      .options = options, .conf_size = sizeof(struct conf), .types = "A AAAA TXT",
	      .rights = "A token that may write the records of one zone.",
	      .example = "dns example {\n    token file:example.token\n}\n", .wait_s = 10,
	      .append = append, .remove = remove_records);
