tree_test.o: tests/boot/cores/tree_test.c \
  tests/boot/include/boot_test/special.h abi/include/abi/types.h \
  /usr/lib/llvm-14/lib/clang/14.0.6/include/stdint.h \
  /usr/include/stdint.h tests/boot/include/boot_test/test.h \
  /usr/lib/llvm-14/lib/clang/14.0.6/include/stdbool.h \
  /usr/lib/llvm-14/lib/clang/14.0.6/include/stddef.h \
  /usr/lib/llvm-14/lib/clang/14.0.6/include/__stddef_max_align_t.h \
  abi/include/abi/errors.h abi/include/abi/errors.def \
  tests/boot/cores/crew.h tests/boot/include/boot_test/make.h \
  abi/include/abi/boot_info.h build/gen/include/abi/kernel_calls.h \
  tests/boot/include/boot_test/worker.h \
  build/gen/include/pith/kernel_calls.h lib/pith/include/pith/syscall.h
