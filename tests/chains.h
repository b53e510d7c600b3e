/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * chains.h - a small CA for tests: root and intermediate in memory, leaves good and bad. */
#ifndef TESTS_CHAINS_H
#define TESTS_CHAINS_H

#include "crypto/key.h"

enum { /* what is wrong with a chain */
	CHAIN_LEAF_IS_CA = 1,     /* basicConstraints CA:TRUE */
	CHAIN_CLIENT_ONLY = 2,    /* EKU clientAuth alone */
	CHAIN_NO_EKU = 4,         /* nothing wrong: no EKU at all */
	CHAIN_SHA1 = 8,           /* leaf signed over SHA-1 */
	CHAIN_WEAK_ISSUER = 16,   /* intermediate with RSA 1024 */
	CHAIN_WITH_ADDRESS = 32,  /* 192.0.2.1 beside the names */
	CHAIN_FORGED = 64,        /* intermediate of the right name, another key's signature */
};

struct recipe {
	const struct key *key; /* the leaf's; or a request: */
	const void *csr;
	size_t csr_len;
	const char *names;    /* blank-separated; NULL: those of the request */
	int64_t from, until;  /* seconds since 1970 */
	const char *order;    /* 0 leaf, 1 intermediate, 2 root; NULL: "01" */
	unsigned flags;
};

struct test_ca;
/* Ends the process when GnuTLS refuses: a test without a CA has nothing to say. */
struct test_ca *test_ca_new(int64_t now);
void test_ca_free(struct test_ca *);
char *test_ca_issue(const struct test_ca *, const struct recipe *); /* PEM; the caller's */

#endif
