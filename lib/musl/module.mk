# SPDX-License-Identifier: MIT
module := lib/musl
kind := lib
target_sources := src/syscall_cp.S
uses := lib/posix
fpu := yes
package := musl
package_ways := user
package_sources := src/*/*.c src/malloc/mallocng/*.c src/*/x86_64/*.[cs]
package_arch := x86_64
# These hold system calls in assembly: musl's own C ones take their place, and src/syscall_cp.S.
package_omit := src/thread/x86_64/clone.s src/thread/x86_64/syscall_cp.s src/thread/x86_64/__unmapself.s \
                src/thread/x86_64/__set_thread_area.s src/process/x86_64/vfork.s \
                src/signal/x86_64/restore.s src/thread/clone.c src/thread/__unmapself.c
package_extra := src/tls.c src/clone.c
package_headers := arch
package_inner := arch/x86_64 arch/generic src/include src/internal
package_includes := include arch/x86_64 arch/generic
package_prepare := prepare.sh
package_cflags := -nostdinc -D_XOPEN_SOURCE=700 -frounding-math -w
