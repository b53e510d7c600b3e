// SPDX-License-Identifier: MIT
// SPDX-FileCopyrightText: the dnseal authors
//
// cloudflare-sdk.mjs add|remove ZONE NAME VALUE - one TXT record through Cloudflare's official SDK.
// $CLOUDFLARE_SDK is the folder it is in, $CLOUDFLARE_API_TOKEN the token.
import { createRequire } from 'node:module';

const require = createRequire(process.env.CLOUDFLARE_SDK + '/');
const { Cloudflare } = require('cloudflare');
const [what, zoneName, name, value] = process.argv.slice(2);
const client = new Cloudflare({ apiToken: process.env.CLOUDFLARE_API_TOKEN, maxRetries: 0 });

async function first(list) {
	for await (const item of list)
		return item;
	throw new Error('nothing found');
}

const zone_id = (await first(client.zones.list({ name: zoneName }))).id;
if (what === 'add') {
	const made = await client.dns.records.create({
		zone_id, type: 'TXT', name, content: JSON.stringify(value), ttl: 120 });
	console.log(made.id);
} else {
	for await (const record of client.dns.records.list({ zone_id, type: 'TXT', name: { exact: name } }))
		if (record.content === JSON.stringify(value))
			await client.dns.records.delete(record.id, { zone_id });
}
