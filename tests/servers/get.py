# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""get.py CA-FILE URL - print what is there."""
import ssl
import sys
import urllib.request

context = ssl.create_default_context(cafile=sys.argv[1])
sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[2], timeout=20, context=context).read())
