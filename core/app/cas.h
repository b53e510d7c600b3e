/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cas.h - certificate authorities known by a short name. */
#ifndef APP_CAS_H
#define APP_CAS_H

#include <stdbool.h>
#include <stddef.h>

enum ca_eab { EAB_NONE, EAB_NEEDED };
struct ca_preset {
	const char *name, *label;
	const char *url;  /* of the directory; NULL: closed, see note */
	const char *test; /* short name of where to rehearse, or NULL */
	enum ca_eab eab;  /* external account binding (RFC 8555 7.3.4) */
	bool is_test;	  /* its certificates are trusted by nobody */
	const char *caa;  /* value of `issue` in a CAA record */
	const char *limits, *note;
};
extern const struct ca_preset ca_presets[];
extern const size_t n_ca_presets;

const struct ca_preset *ca_find(const char *name);
const struct ca_preset *ca_find_url(const char *url);
const char *ca_nearest(const char *name); /* or NULL */

/* Names one certificate may have at this directory with this profile (NULL: the usual one). */
size_t ca_names_max(const char *url, const char *profile);

#endif
