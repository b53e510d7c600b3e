/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * ari.h - ACME Renewal Information (RFC 9773): when the CA would like a certificate renewed. */
#ifndef ACME_ARI_H
#define ACME_ARI_H

#include "acme/ca.h"
#include "crypto/cert.h"

/* "base64url(keyIdentifier).base64url(serial)" of a leaf (RFC 9773 4.1); NULL when it has no
 * authority key identifier.  The caller's. */
char *ari_cert_id(const struct cert_info *);

struct ari_get {
	/* asked */
	struct ca *ca; /* its directory is known */
	const char *cert_id;

	/* answered */
	struct story story; /* SEAL_EUNSUPPORTED: the CA offers none; SEAL_ENOTFOUND: it does not
			     * know this certificate; SEAL_EPROTO: no sensible window */
	int64_t start, end; /* wall clock, start < end */
	int64_t retry_s;    /* ask again after; 60..86400; 21600 when the CA does not say */
	char *explanation;  /* URL for people, cleaned, or NULL; never fetched */

	/* private */
	struct task task, *waiter;
	struct http_call call;
	char *url;
	int step;
	bool canceled;
};
/* A plain GET (POST-as-GET is not for this resource), once: who asks has better things to do than
 * to wait for a CA that is down. */
void ari_get_start(struct ari_get *, struct task *waiter); /* expects */
void ari_get_cancel(struct ari_get *);
void ari_get_free(struct ari_get *);

#endif
