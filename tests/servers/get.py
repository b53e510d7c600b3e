# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""get.py CA-FILE URL [JSON] - print what is there, or what is answered to the JSON."""
import ssl
import sys
import urllib.request

context = ssl.create_default_context(cafile=sys.argv[1])
body = sys.argv[3].encode() if len(sys.argv) > 3 else None
request = urllib.request.Request(sys.argv[2], body, {"Content-Type": "application/json"})
sys.stdout.buffer.write(urllib.request.urlopen(request, timeout=20, context=context).read())
