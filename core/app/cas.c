/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/cas.h"

#include "acme/order.h"
#include "base/text.h"

#include <string.h>

/* Directories and numbers as their operators published them in 2026. */
const struct ca_preset ca_presets[] = {
	{ .name = "letsencrypt",
	  .label = "Let's Encrypt",
	  .url = "https://acme-v02.api.letsencrypt.org/directory",
	  .test = "letsencrypt-staging",
	  .caa = "letsencrypt.org",
	  .limits = "a week: 50 certificates a registered domain, 5 with the same names; "
		    "300 orders in 3 hours; 5 failed validations a name and hour",
	  .note = "100 names a certificate, 25 with profile tlsserver or shortlived; sends no "
		  "mail" },
	{ .name = "letsencrypt-staging",
	  .label = "Let's Encrypt, staging",
	  .url = "https://acme-staging-v02.api.letsencrypt.org/directory",
	  .test = "letsencrypt-staging",
	  .is_test = true,
	  .caa = "letsencrypt.org",
	  .limits = "a week: 30000 certificates a registered domain; 1500 orders in 3 hours; "
		    "200 failed validations a name and hour",
	  .note = "for rehearsals: trusted by nobody" },
	{ .name = "zerossl",
	  .label = "ZeroSSL",
	  .url = "https://acme.zerossl.com/v2/DV90",
	  .eab = EAB_NEEDED,
	  .caa = "sectigo.com",
	  .limits = "about 7 requests a second",
	  .note = "an EAB pair works once: keep the account; issuance may take minutes" },
	{ .name = "google",
	  .label = "Google Trust Services",
	  .url = "https://dv.acme-v02.api.pki.goog/directory",
	  .test = "google-staging",
	  .eab = EAB_NEEDED,
	  .caa = "pki.goog",
	  .note = "an EAB pair works once and ends 7 days after it was made; not for client "
		  "authentication" },
	{ .name = "google-staging",
	  .label = "Google Trust Services, staging",
	  .url = "https://dv.acme-v02.test-api.pki.goog/directory",
	  .test = "google-staging",
	  .eab = EAB_NEEDED,
	  .is_test = true,
	  .caa = "pki.goog",
	  .note = "for rehearsals: trusted by nobody; wants an EAB pair of its own" },
	{ .name = "sslcom-ecc",
	  .label = "SSL.com, ECDSA certificates",
	  .url = "https://acme.ssl.com/sslcom-dv-ecc",
	  .eab = EAB_NEEDED,
	  .caa = "ssl.com",
	  .note = "its directory says that it needs no EAB, and it does" },
	{ .name = "sslcom-rsa",
	  .label = "SSL.com, RSA certificates",
	  .url = "https://acme.ssl.com/sslcom-dv-rsa",
	  .eab = EAB_NEEDED,
	  .caa = "ssl.com",
	  .note = "its directory says that it needs no EAB, and it does; take an RSA key" },
	{ .name = "actalis",
	  .label = "Actalis",
	  .url = "https://acme-api.actalis.com/acme/directory",
	  .eab = EAB_NEEDED,
	  .caa = "actalis.it" },
	{ .name = "buypass",
	  .label = "Buypass Go SSL",
	  .note = "closed: no new accounts since 2025-09-15, last certificate 2025-10-31" },
};
const size_t n_ca_presets = COUNT(ca_presets);

const struct ca_preset *ca_find(const char *name)
{
	for (size_t i = 0; i < n_ca_presets; i++)
		if (word_same(ca_presets[i].name, name))
			return &ca_presets[i];
	return NULL;
}

const struct ca_preset *ca_find_url(const char *url)
{
	for (size_t i = 0; i < n_ca_presets; i++)
		if (ca_presets[i].url && !strcmp(ca_presets[i].url, url))
			return &ca_presets[i];
	return NULL;
}

const char *ca_nearest(const char *name)
{
	const char *names[COUNT(ca_presets)];

	for (size_t i = 0; i < n_ca_presets; i++)
		names[i] = ca_presets[i].name;
	return word_nearest(name, names, n_ca_presets);
}

size_t ca_names_max(const char *url, const char *profile)
{
	const struct ca_preset *ca = ca_find_url(url);
	bool small = profile && (!strcmp(profile, "tlsserver") || !strcmp(profile, "shortlived"));

	return small && ca && !strcmp(ca->caa, "letsencrypt.org") ? 25 : ORDER_NAMES_MAX;
}
