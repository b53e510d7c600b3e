/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "dns/rdata_field.h"

#include "dns/wire.h"

#include <strings.h>

/* The types that are known by name, and what their data consists of. */
static const struct rdata_type types[] = {
	{ "A", TYPE_A, { RDATA_A } },
	{ "AAAA", TYPE_AAAA, { RDATA_AAAA } },
	{ "CAA", TYPE_CAA, { RDATA_U8, RDATA_TAG, RDATA_TEXT } }, /* RFC 8659 4.1 */
	{ "CNAME", TYPE_CNAME, { RDATA_NAME } },
	{ "DNAME", TYPE_DNAME, { RDATA_NAME } },
	{ "DNSKEY", 48, { RDATA_U16, RDATA_U8, RDATA_U8, RDATA_BASE64 } }, /* RFC 4034 2.1 */
	{ "DS", 43, { RDATA_U16, RDATA_U8, RDATA_U8, RDATA_HEX } },	   /* RFC 4034 5.1 */
	{ "HINFO", 13, { RDATA_STRING, RDATA_STRING } },
	{ "HTTPS", 65, { RDATA_U16, RDATA_NAME, RDATA_PARAMS } }, /* RFC 9460 */
	{ "MX", TYPE_MX, { RDATA_U16, RDATA_NAME } },
	{ "NAPTR",
	  35, /* RFC 3403 4 */
	  { RDATA_U16, RDATA_U16, RDATA_STRING, RDATA_STRING, RDATA_STRING, RDATA_NAME } },
	{ "NS", TYPE_NS, { RDATA_NAME } },
	{ "OPENPGPKEY", 61, { RDATA_BASE64 } }, /* RFC 7929 2.1 */
	{ "PTR", TYPE_PTR, { RDATA_NAME } },
	{ "RP", 17, { RDATA_NAME, RDATA_NAME } },		       /* RFC 1183 2.2 */
	{ "SMIMEA", 53, { RDATA_U8, RDATA_U8, RDATA_U8, RDATA_HEX } }, /* RFC 8162 2 */
	{ "SOA",
	  TYPE_SOA,
	  { RDATA_NAME, RDATA_NAME, RDATA_U32, RDATA_U32, RDATA_U32, RDATA_U32, RDATA_U32 } },
	{ "SRV", TYPE_SRV, { RDATA_U16, RDATA_U16, RDATA_U16, RDATA_NAME } },
	{ "SSHFP", 44, { RDATA_U8, RDATA_U8, RDATA_HEX } }, /* RFC 4255 3 */
	{ "SVCB", 64, { RDATA_U16, RDATA_NAME, RDATA_PARAMS } },
	{ "TLSA", TYPE_TLSA, { RDATA_U8, RDATA_U8, RDATA_U8, RDATA_HEX } }, /* RFC 6698 2.1 */
	{ "TXT", TYPE_TXT, { RDATA_RAW } },
	{ "URI", 256, { RDATA_U16, RDATA_U16, RDATA_TEXT } }, /* RFC 7553 4 */
};

const struct rdata_type *rdata_type_find(uint16_t type, const char *name)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (name ? !strcasecmp(types[i].name, name) : types[i].type == type)
			return types + i;
	return NULL;
}
