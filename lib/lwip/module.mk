# SPDX-License-Identifier: MIT
module := lib/lwip
kind := lib
sources := src/port.c src/input.c src/nd6_check.c src/tcp_check.c src/ip6_check.c src/frame.c src/isn.c src/names.c src/lease.c
uses := lib/pith
tests := test/stack_test.c test/input_test.c test/isn_test.c test/services_test.c
test_uses := tests/net
package := lwip
package_sources := src/core/*.c src/core/ipv4/*.c src/core/ipv6/*.c src/netif/ethernet.c
package_includes := src/include
package_headers := freestanding
# src/nd6_check.c, src/tcp_check.c and src/names.c stand before them.
package_renames := src/core/dns.c:dns_setserver=dns_setserver_unchecked \
                   src/core/ipv6/nd6.c:nd6_input=nd6_input_unchecked \
                   src/core/tcp_in.c:tcp_input=tcp_input_unchecked \
                   src/core/tcp_out.c:tcp_write=tcp_write_unchecked
# It shifts bytes to the top of an int and takes the address of the first member of nothing, which
# compilers define and C does not. A real access through a null pointer still faults.
package_cflags := -fno-sanitize=shift-base,null
