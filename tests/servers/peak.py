# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""peak.py FILE COMMAND... - run it; its peak memory in KiB goes to FILE.  Status: the command's."""
import resource
import subprocess
import sys

status = subprocess.run(sys.argv[2:], check=False).returncode
with open(sys.argv[1], "w", encoding="ascii") as f:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=f)
sys.exit(status if status >= 0 else 128 - status)
