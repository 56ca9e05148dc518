# SPDX-License-Identifier: MIT
"""The interface generator: reads abi/idl, writes headers, dispatch and the manual. See docs/idl.md."""
