# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""wait_port.py ADDRESS PORT SECONDS - until somebody listens there; 1 when nobody does."""
import socket
import sys
import time

address, port, limit = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
end = time.monotonic() + limit
while time.monotonic() < end:
    try:
        socket.create_connection((address, port), timeout=1).close()
        sys.exit(0)
    except OSError:
        time.sleep(0.02)
sys.exit(1)
