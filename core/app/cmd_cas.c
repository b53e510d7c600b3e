/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/app.h"
#include "app/cas.h"

#include <stdio.h>

static struct json_object *as_json(const struct ca_preset *ca)
{
	struct json_object *o = json_object_new_object();

	json_text(o, "name", ca->name);
	json_text(o, "label", ca->label);
	json_text(o, "url", ca->url);
	json_text(o, "test_ca", ca->test);
	json_text(o, "caa", ca->caa);
	json_object_object_add(o, "eab", json_object_new_boolean(ca->eab == EAB_NEEDED));
	json_object_object_add(o, "test", json_object_new_boolean(ca->is_test));
	json_text(o, "limits", ca->limits);
	json_text(o, "note", ca->note);
	return o;
}

static void put(const char *label, const char *text)
{
	if (text)
		printf("  %-10s %s\n", label, text);
}

static void about(const struct ca_preset *ca)
{
	printf("%s - %s\n", ca->name, ca->label);
	put("directory", ca->url);
	put("rehearse", ca->test);
	put("EAB",
	    ca->eab == EAB_NEEDED ? "needed: eab { kid ... hmac ... } in the account block" : NULL);
	put("CAA", ca->caa);
	put("limits", ca->limits);
	put("note", ca->note);
}

static int unknown(struct app *a, const char *name)
{
	struct story story = { 0 };
	const char *near = ca_nearest(name);

	story_fail(&story, SEAL_ECONFIG, "no CA has the short name '%s'", clean(name));
	if (near)
		story_hint(&story, "did you mean '%s'?", near);
	else
		story_hint(&story,
			   "dnseal cas lists them; any other can be given by its directory's URL");
	return app_fail(a, NULL, &story);
}

static void all_as_json(void)
{
	struct json_object *o = event_new("cas", NULL), *list = json_object_new_array();

	for (size_t i = 0; i < n_ca_presets; i++)
		json_object_array_add(list, as_json(&ca_presets[i]));
	json_object_object_add(o, "cas", list);
	json_print(o);
}

int cmd_cas(struct app *a)
{
	const struct ca_preset *one = a->args.n ? ca_find(a->args.at[0]) : NULL;

	if (a->args.n && !one)
		return unknown(a, a->args.at[0]);
	if (one && a->ui.mode == UI_JSON)
		json_print(as_json(one));
	else if (one)
		about(one);
	else if (a->ui.mode == UI_JSON)
		all_as_json();
	for (size_t i = 0; !one && a->ui.mode != UI_JSON && i < n_ca_presets; i++)
		printf("%-20s %-34s %s%s\n", ca_presets[i].name, ca_presets[i].label,
		       ca_presets[i].eab == EAB_NEEDED ? "needs EAB  " : "",
		       ca_presets[i].url ? ca_presets[i].url : ca_presets[i].note);
	return EXIT_DONE;
}
