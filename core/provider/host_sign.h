/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * host_sign.h - the inside of host->aws_sign(), for its test.  IAM User Guide, "Create a signed AWS
 * API request"; services other than S3. */
#ifndef PROVIDER_HOST_SIGN_H
#define PROVIDER_HOST_SIGN_H

#include "base/arena.h"

#include <dnseal/provider.h>

struct aws_canonical {
	char *text;	      /* the canonical request */
	char *signed_headers; /* "host;x-amz-date" */
};
/* headers: all that are signed but host, which is taken from the absolute URL when it is not among
 * them; NULL-ended, may be NULL.  False: no such URL. */
bool aws_canonical(struct arena *, const struct seal_http *, const char *url,
		   const char *const *headers, struct aws_canonical *ret);
/* Set x->headers, as of this moment (seconds since 1970).  False: no such URL. */
bool aws_sign_at(struct arena *, struct seal_http *, const char *url, const struct seal_aws_key *,
		 int64_t wall);

#endif
