/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/app.h"

#include <ares.h>
#include <curl/curl.h>
#include <gnutls/gnutls.h>
#include <idn2.h>
#include <json-c/json.h>
#include <stdio.h>

static const char *ares_text(void)
{
	return ares_version(NULL);
}

static const char *gnutls_text(void)
{
	return gnutls_check_version(NULL);
}

static const char *curl_text(void)
{
	return curl_version_info(CURLVERSION_NOW)->version;
}

static const char *idn_text(void)
{
	return idn2_check_version(NULL);
}

static const struct {
	const char *name;
	const char *(*version)(void);
} libraries[] = {
	{ "gnutls", gnutls_text }, { "libcurl", curl_text }, { "json-c", json_c_version },
	{ "c-ares", ares_text },   { "libidn2", idn_text },
};

static void list(const struct words *names, const char *kind, struct json_object *to)
{
	for (size_t i = 0; i < names->n; i++) {
		struct json_object *o = json_object_new_object();
		json_text(o, "name", names->at[i]);
		json_text(o, "kind", kind);
		json_object_array_add(to, o);
	}
}

static void build_json(struct app *a, const struct words *builtin, const struct words *found)
{
	struct json_object *o = event_new("version", NULL), *l = json_object_new_object();
	struct json_object *p = json_object_new_array();

	json_text(o, "version", PACKAGE_VERSION);
	json_number(o, "abi", SEAL_ABI);
	for (size_t i = 0; i < COUNT(libraries); i++)
		json_text(l, libraries[i].name, libraries[i].version());
	json_object_object_add(o, "libraries", l);
	list(builtin, "static", p);
	list(found, "module", p);
	json_object_object_add(o, "providers", p);
	json_text(o, "plugin_dir", a->opt.plugin_dir ? a->opt.plugin_dir : PLUGIN_DIR);
	json_print(o);
}

static void build_text(struct app *a, const struct words *builtin, const struct words *found)
{
	scoped(free_p) char *in = words_join(builtin, " ");
	scoped(free_p) char *modules = words_join(found, " ");

	printf("dnseal %s\n", PACKAGE_VERSION);
	for (size_t i = 0; i < COUNT(libraries); i++)
		printf("%-14s %s\n", libraries[i].name, libraries[i].version());
	printf("%-14s %u\n%-14s %s\n%-14s %s\n%-14s %s\n", "plugin ABI", SEAL_ABI, "built in",
	       *in ? in : "-", "plugins", *modules ? modules : "-", "plugin folder",
	       a->opt.plugin_dir ? a->opt.plugin_dir : PLUGIN_DIR);
}

int cmd_version(struct app *a)
{
	struct words builtin = { 0 }, found = { 0 }, known = { 0 };

	if (!a->opt.build && a->ui.mode == UI_JSON) {
		struct json_object *o = event_new("version", NULL);
		json_text(o, "version", PACKAGE_VERSION);
		json_print(o);
		return EXIT_DONE;
	}
	if (!a->opt.build) {
		printf("dnseal %s\n", PACKAGE_VERSION);
		return EXIT_DONE;
	}
	app_plugins(a);
	plugins_list(&builtin, &found, &known);
	if (a->ui.mode == UI_JSON)
		build_json(a, &builtin, &found);
	else
		build_text(a, &builtin, &found);
	words_free(&builtin);
	words_free(&found);
	words_free(&known);
	return EXIT_DONE;
}
