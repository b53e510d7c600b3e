/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * example - keeps the records of a zone in a text file for $INCLUDE (RFC 1035 5.1). */
#include <dnseal/provider.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_OCTETS 20000
#define RECORDS_MAX 10000
#define TTL_S 300 /* of records that name none */

/* What the operator may say, and where it goes. */
struct conf {
	const char *folder;
};

static const struct seal_option options[] = { { "folder", SEAL_STRING, SEAL_REQUIRED,
						offsetof(struct conf, folder), NULL,
						"EXAMPLE_FOLDER", "where the files are" },
					      SEAL_OPTIONS_END };

struct file {
	const char *path, *draft; /* draft becomes path when it is complete */
	struct seal_record *at;
	size_t n;
};

/* "NAME TTL IN TYPE DATA" */
static bool parse(struct seal_op *op, const char *line, struct seal_record *ret)
{
	char *name = seal_printf(op, "%s", line), *save = NULL;
	char *ttl, *type, *data;

	name = strtok_r(name, " \n", &save);
	ttl = strtok_r(NULL, " \n", &save);
	strtok_r(NULL, " \n", &save);
	type = strtok_r(NULL, " \n", &save);
	data = strtok_r(NULL, "\n", &save);
	if (!name || !data)
		return false;
	if (!strcmp(type, "TXT"))
		data = op->host->txt_plain(op, data);
	*ret = (struct seal_record){ name, type, (uint32_t)strtoul(ttl, NULL, 10), data, NULL };
	return data != NULL;
}

static enum seal_status load(struct seal_op *op, const char *zone, struct file *f)
{
	const struct conf *c = op->conf;
	char line[LINE_MAX_OCTETS];

	if (strchr(zone, '/'))
		return seal_fail(op, SEAL_EINVAL, "%s: no file can have this name", zone);
	f->path = seal_printf(op, "%s/%s.inc", c->folder, zone);
	f->draft = seal_printf(op, "%s.new", f->path);
	f->at = op->host->alloc(op, RECORDS_MAX * sizeof(*f->at));
	f->n = 0;
	FILE *in = fopen(f->path, "re");
	if (!in && errno == ENOENT)
		return SEAL_OK;
	if (!in)
		return seal_fail(op, SEAL_EINVAL, "%s: cannot read: %s", f->path, strerror(errno));
	while (f->n < RECORDS_MAX && fgets(line, sizeof(line), in))
		if (parse(op, line, &f->at[f->n])) {
			f->at[f->n].id = seal_printf(op, "%zu", f->n);
			f->n++;
		}
	fclose(in);
	return SEAL_OK;
}

static void print(struct seal_op *op, FILE *out, const struct seal_record *r)
{
	bool txt = !strcmp(r->type, "TXT");

	fprintf(out, "%s %u IN %s %s\n", r->name, r->ttl ? r->ttl : TTL_S, r->type,
		txt ? op->host->txt_quote(op, r->data) : r->data);
}

static enum seal_status save(struct seal_op *op, const struct file *f, const struct seal_change *c,
			     size_t n)
{
	FILE *out = fopen(f->draft, "we");

	if (!out)
		return seal_fail(op, SEAL_EINVAL, "%s: cannot write: %s", f->draft,
				 strerror(errno));
	for (size_t i = 0; i < f->n; i++) {
		bool changed = false;
		for (size_t k = 0; k < n; k++)
			changed = changed || (c[k].record.id == f->at[i].id);
		if (!changed)
			print(op, out, &f->at[i]);
	}
	for (size_t k = 0; k < n; k++) {
		if (c[k].what != SEAL_DROP)
			print(op, out, &c[k].record);
		if (c[k].what == SEAL_ADD)
			op->host->emit(op, &c[k].record);
	}
	bool good = !fflush(out) && !fsync(fileno(out));
	good = !fclose(out) && good && !rename(f->draft, f->path);
	return good ? SEAL_OK
		    : seal_fail(op, SEAL_EAGAIN, "%s: cannot write: %s", f->path, strerror(errno));
}

/* append, set and remove are one: diff() knows which of them is under way.  No other dnseal is at
 * the file meanwhile: SEAL_EXCLUSIVE. */
static enum seal_status change(struct seal_op *op, const char *zone, const struct seal_record *want,
			       size_t n)
{
	struct file f;
	size_t n_changes;
	enum seal_status st = load(op, zone, &f);

	if (st)
		return st;
	const struct seal_change *c = op->host->diff(op, f.at, f.n, want, n, &n_changes);
	return n_changes ? save(op, &f, c, n_changes) : SEAL_OK;
}

static enum seal_status get(struct seal_op *op, const char *zone)
{
	struct file f;
	enum seal_status st = load(op, zone, &f);

	for (size_t i = 0; !st && i < f.n; i++)
		op->host->emit(op, &f.at[i]);
	return st;
}

static enum seal_status check(struct seal_op *op, const char *zone)
{
	const struct conf *c = op->conf;

	(void)zone;
	if (access(c->folder, W_OK | X_OK))
		return seal_fail(op, SEAL_EAUTH, "%s: %s", c->folder, strerror(errno));
	return SEAL_OK;
}

SEAL_PROVIDER(example,
	.label = "Files for $INCLUDE",
	.doc_url = "https://dnseal.example/",
	.version = "2",
	.options = options,
	.conf_size = sizeof(struct conf),
	.rights = "The user who runs dnseal may write the folder; the name server may read it.",
	.example = "dns files {\n"
		   "    type    example\n"
		   "    folder  /var/lib/dns/dnseal\n"
		   "}\n",
	.types = "A AAAA CAA SSHFP TLSA TXT", /* names in data would want final dots */
	.flags = SEAL_EXCLUSIVE,
	.wait_s = 60,
	.check = check,
	.get = get,
	.append = change,
	.set = change,
	.remove = change);
