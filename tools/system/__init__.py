# SPDX-License-Identifier: MIT
"""Systems: reading, checking and compiling systems/*.toml (tools/system.py)."""
