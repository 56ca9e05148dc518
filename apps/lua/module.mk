# SPDX-License-Identifier: MIT
# Lua's own interpreter, from Debian's source package and nothing else (docs/libc.md).
module := apps/lua
kind := program
libc := musl
package := lua5.4
package_ways := user
package_sources := src/*.c
package_omit := src/luac.c
package_headers := debian
# Debian's, but for what needs shared libraries and readline.
package_cflags := -DLUA_COMPAT_5_3 -DLUA_USE_POSIX -w
