/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * deploy_files.c - the files of a target: which forms, where to, and back again. */
#include "config.h"

#include "base/owner.h"
#include "crypto/form.h"
#include "engine/deploy_work.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (1u << 20)

static const struct {
	const char *name;
	const char *parts[2]; /* files of the generation; NULL: made by make_form() */
	bool secret;	      /* holds a key */
} forms[DEPLOY_FORMS] = {
	[FORM_KEY] = { "key", { "privkey" }, true },
	[FORM_KEY_DER] = { "key-der", { NULL }, true },
	[FORM_KEYFULL] = { "keyfull", { "keyfull" }, true },
	[FORM_FULLKEY] = { "fullkey", { "fullchain", "privkey" }, true },
	[FORM_PKCS12] = { "pkcs12", { NULL }, true },
	[FORM_FULLCHAIN] = { "fullchain", { "fullchain" }, false },
	[FORM_CERT] = { "cert", { "cert" }, false },
	[FORM_CHAIN] = { "chain", { "chain" }, false },
	[FORM_CERT_DER] = { "cert-der", { NULL }, false },
};

const char *deploy_form_name(enum deploy_form f)
{
	return forms[f].name;
}

/* -- content -------------------------------------------------------------------------------- */

static enum seal_status append(const char *dir, const char *name, const char *type,
			       struct buf *ret, struct story *s)
{
	scoped(free_p) char *path = str_printf("%s/%s%s.pem", dir, name, type);
	scoped(buf_free) struct buf text = { 0 };
	enum seal_status st = file_read(path, FILE_MAX, &text, s);

	if (!st && text.len)
		buf_add(ret, text.data, text.len);
	return st == SEAL_ENOTFOUND ? story_fail(s, SEAL_ESTORAGE, "%s is missing", path) : st;
}

static enum seal_status make_form(const struct put_files *p, const char *type, enum deploy_form f,
				  struct buf *ret, struct story *s)
{
	scoped(buf_free) struct buf key_pem = { 0 }, chain_pem = { 0 };
	scoped(key_free_p) struct key *key = NULL;
	scoped(chain_free) struct chain chain = { 0 };
	const char *password = p->conf->pkcs12_password ? p->conf->pkcs12_password : "";
	enum seal_status st = append(p->dir, "privkey", type, &key_pem, s);

	if (!st)
		st = append(p->dir, "fullchain", type, &chain_pem, s);
	if (!st)
		st = key_read(key_pem.data, key_pem.len, &key, s);
	if (!st)
		st = chain_read(chain_pem.data, chain_pem.len, &chain, s);
	if (st)
		return st;
	if (f == FORM_PKCS12)
		return form_pkcs12(key, &chain, password, p->cert, ret, s);
	return f == FORM_KEY_DER ? form_key_der(key, ret, s) : form_cert_der(&chain, ret, s);
}

static enum seal_status fill(const struct put_files *p, const char *type, struct put_file *f,
			     struct story *s)
{
	enum seal_status st = SEAL_OK;

	f->content.max = 4 * FILE_MAX;
	if (!forms[f->form].parts[0])
		return make_form(p, type, f->form, &f->content, s);
	for (size_t i = 0; i < COUNT(forms[0].parts) && forms[f->form].parts[i] && !st; i++)
		st = append(p->dir, forms[f->form].parts[i], type, &f->content, s);
	return st;
}

/* -- who may read it ------------------------------------------------------------------------ */

#define NAMES_MAX (64u << 10) /* of an entry in the user database */

static enum seal_status find_owner(const struct target_conf *t, uid_t *uid, gid_t *gid,
				   struct story *s)
{
	scoped(free_p) char *room = mem_new(NAMES_MAX);
	struct passwd user, *is_user = NULL;
	struct group group, *is_group = NULL;

	if (t->owner && (getpwnam_r(t->owner, &user, room, NAMES_MAX, &is_user) || !is_user))
		return story_fail(s, SEAL_ECONFIG, "there is no user '%s'", clean(t->owner));
	if (is_user)
		*uid = user.pw_uid;
	if (t->group && (getgrnam_r(t->group, &group, room, NAMES_MAX, &is_group) || !is_group))
		return story_fail(s, SEAL_ECONFIG, "there is no group '%s'", clean(t->group));
	if (is_group)
		*gid = group.gr_gid;
	return SEAL_OK;
}

/* What is not said stays as it is; a new file is ours. */
static enum seal_status set_rights(const struct target_conf *t, struct put_file *f,
				   struct story *s)
{
	mode_t secret = t->mode ? t->mode : t->group ? 0640 : 0600;

	f->uid = f->existed ? f->info.st_uid : geteuid();
	f->gid = f->existed ? f->info.st_gid : getegid();
	f->mode = forms[f->form].secret ? secret : 0644;
	return find_owner(t, &f->uid, &f->gid, s);
}

/* -- looking before writing ----------------------------------------------------------------- */

/* Opened once: whoever owns the folder may put a link or a pipe there at any moment. */
static enum seal_status look(struct put_file *f, struct story *s)
{
	scoped(fd_p) int fd = open(f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	f->before.max = 4 * FILE_MAX;
	if (fd < 0 && errno == ENOENT)
		return SEAL_OK;
	bool is_socket = fd < 0 && errno == ENXIO;
	if (!is_socket && (fd < 0 || fstat(fd, &f->info)))
		return story_fail(s, SEAL_ESTORAGE, "cannot use %s: %s", f->path, strerror(errno));
	if (is_socket || !S_ISREG(f->info.st_mode))
		return story_fail(s, SEAL_ECONFIG, "%s is there, and no file", f->path);
	f->existed = true;
	return file_read_fd(fd, f->path, 4 * FILE_MAX, &f->before, s);
}

static bool is_there(const struct put_file *f)
{
	return f->existed && f->before.len == f->content.len &&
	       (!f->content.len || !memcmp(f->before.data, f->content.data, f->content.len)) &&
	       f->info.st_uid == f->uid && f->info.st_gid == f->gid &&
	       (f->info.st_mode & 07777) == f->mode;
}

static enum seal_status make_folder(const struct put_file *f, struct story *s)
{
	scoped(free_p) char *folder = str_part(f->path, (size_t)(strrchr(f->path, '/') - f->path));

	return file_exists(folder) ? SEAL_OK : dir_make(folder, 0755, s);
}

/* "mail.pem" -> "mail.rsa.pem": where the second pair of a dual certificate goes. */
static char *beside(const char *path, const char *type)
{
	const char *name = strrchr(path, '/') + 1, *dot = strrchr(name, '.');

	if (!dot || dot == name)
		return str_printf("%s%s", path, type);
	return str_printf("%.*s%s%s", (int)(dot - path), path, type, dot);
}

/* What it shall hold, from our tree. */
static enum seal_status add(struct put_files *p, const char *type, enum deploy_form form)
{
	p->at = mem_grow(p->at, p->n + 1, sizeof(*p->at));
	struct put_file *f = &p->at[p->n++];

	*f = (struct put_file){ .form = form };
	f->path = *type ? beside(p->conf->file[form], type) : str_copy(p->conf->file[form]);
	return fill(p, type, f, &p->story);
}

/* What it holds, outside of it. */
static enum seal_status plan(struct put_files *p, struct put_file *f)
{
	enum seal_status st = p->conf->makes_folders ? make_folder(f, &p->story) : SEAL_OK;

	if (!st)
		st = look(f, &p->story);
	if (!st)
		st = set_rights(p->conf, f, &p->story);
	f->changed = !st && !is_there(f);
	return st;
}

/* -- writing -------------------------------------------------------------------------------- */

/* All are written beside first; then one rename follows the other. */
static enum seal_status replace(struct put_files *p, struct story *s)
{
	enum seal_status st = SEAL_OK;

	for (size_t i = 0; i < p->n && !st; i++)
		if (p->at[i].changed)
			st = put_prepare(&p->at[i], s);
	for (size_t i = 0; i < p->n; i++) {
		struct put_file *f = &p->at[i];
		if (!st && f->changed)
			st = put_rename(f, s);
		else if (f->fresh)
			unlink(f->fresh);
	}
	for (size_t i = 0; i < p->n && !st; i++) {
		const char *path = p->at[i].path;
		scoped(free_p) char *folder = str_part(path, (size_t)(strrchr(path, '/') - path));
		if (p->at[i].changed)
			st = dir_sync(*folder ? folder : "/", s);
	}
	return st;
}

static enum seal_status overwrite(struct put_files *p, struct story *s)
{
	enum seal_status st = SEAL_OK;

	for (size_t i = 0; i < p->n && !st; i++)
		if (p->at[i].changed)
			st = put_in_place(&p->at[i], s);
	return st;
}

static enum seal_status write_them(struct put_files *p, struct story *s)
{
	return p->conf->write == WRITE_ATOMIC ? replace(p, s) : overwrite(p, s);
}

/* A dual certificate has a second pair, named after its kind of key. */
static bool has_pair(const struct put_files *p, const char *type)
{
	scoped(free_p) char *path = str_printf("%s/privkey%s.pem", p->dir, type);

	return !*type || file_exists(path);
}

static enum seal_status collect(struct put_files *p)
{
	static const char *const types[] = { "", ".ecdsa", ".rsa" };
	enum seal_status st = SEAL_OK;

	for (enum deploy_form f = 0; f < DEPLOY_FORMS && !st; f++)
		for (size_t i = 0; i < COUNT(types) && p->conf->file[f] && !st; i++)
			if (has_pair(p, types[i]))
				st = add(p, types[i], f);
	return st;
}

/* A key without its certificate is worse than an old pair. */
static void take_back(struct put_files *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->at[i].replaced && !p->at[i].existed)
			unlink(p->at[i].path);
	put_files_restore(p);
}

void put_files_write(struct put_files *p)
{
	enum seal_status st = collect(p);
	scoped(owner_back) struct owner_self self = owner_self();

	for (size_t i = 0; i < p->n && !st; i++)
		st = plan(p, &p->at[i]);
	if (!st)
		st = write_them(p, &p->story);
	for (size_t i = 0; i < p->n && !st; i++)
		p->n_changed += p->at[i].changed;
	if (st)
		take_back(p);
}

bool put_files_can_restore(const struct put_files *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->at[i].replaced && p->at[i].existed)
			return true;
	return false;
}

void put_files_restore(struct put_files *p)
{
	scoped(owner_back) struct owner_self self = owner_self();
	struct story story = { 0 };

	for (size_t i = 0; i < p->n; i++) {
		struct put_file *f = &p->at[i];
		struct buf content = f->content;
		f->changed = f->replaced && f->existed;
		f->content = f->before;
		f->before = content;
		f->uid = f->info.st_uid;
		f->gid = f->info.st_gid;
		f->mode = f->info.st_mode & 07777;
	}
	if (write_them(p, &story) && !p->story.st)
		p->story = story;
}

void put_files_free(struct put_files *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->at[i].path);
		free(p->at[i].fresh);
		buf_free(&p->at[i].content);
		buf_free(&p->at[i].before);
	}
	free(p->at);
	*p = (struct put_files){ 0 };
}
