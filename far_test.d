far_test.o: tests/boot/memory/far_test.c \
  tests/boot/include/boot_test/make.h \
  /usr/lib/llvm-14/lib/clang/14.0.6/include/stdint.h \
  /usr/include/stdint.h abi/include/abi/boot_info.h \
  build/gen/include/abi/kernel_calls.h abi/include/abi/errors.h \
  abi/include/abi/errors.def abi/include/abi/types.h \
  tests/boot/include/boot_test/test.h \
  /usr/lib/llvm-14/lib/clang/14.0.6/include/stdbool.h \
  /usr/lib/llvm-14/lib/clang/14.0.6/include/stddef.h \
  /usr/lib/llvm-14/lib/clang/14.0.6/include/__stddef_max_align_t.h \
  lib/pith/include/pith/clock.h build/gen/include/pith/kernel_calls.h \
  lib/pith/include/pith/syscall.h
