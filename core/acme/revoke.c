/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/revoke.h"

#include "base/encode.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	unsigned code;
} reasons[] = {
	{ "unspecified", REVOKE_UNSPECIFIED },
	{ "keyCompromise", REVOKE_KEY_COMPROMISE },
	{ "affiliationChanged", 3 },
	{ "superseded", 4 },
	{ "cessationOfOperation", 5 },
	{ "privilegeWithdrawn", 9 },
};
const char revoke_reasons[] = "unspecified, keyCompromise, affiliationChanged, superseded, "
			      "cessationOfOperation, privilegeWithdrawn";

bool revoke_reason_read(const char *word, unsigned *ret)
{
	uint64_t code = UINT64_MAX;

	(void)parse_uint(word, 10, &code);
	for (size_t i = 0; i < COUNT(reasons); i++)
		if (!strcasecmp(reasons[i].name, word) || reasons[i].code == code) {
			*ret = reasons[i].code;
			return true;
		}
	return false;
}

const char *revoke_reason_name(unsigned reason)
{
	for (size_t i = 0; i < COUNT(reasons); i++)
		if (reasons[i].code == reason)
			return reasons[i].name;
	return "unknown";
}

char *revoke_payload(const void *cert_der, size_t len, unsigned reason)
{
	scoped(json_put_p) struct json_object *o = json_object_new_object();
	scoped(free_p) char *code = base64url(cert_der, len);

	json_object_object_add(o, "certificate", json_object_new_string(code));
	if (reason != REVOKE_UNSPECIFIED)
		json_object_object_add(o, "reason", json_object_new_int((int)reason));
	return json_write(o);
}

bool revoke_is_done(const struct post *p)
{
	return !p->story.st || p->problem.type == PROBLEM_ALREADY_REVOKED;
}
