#ifndef FRAMEGATE_ROW_H
#define FRAMEGATE_ROW_H

// The loops over a row are compiled once for any processor and once for AVX2, which takes half of the time. They are hidden and not
// static, because ld of binutils 2.38 (Ubuntu 22.04) loses the relocations of static ones in a stripped program, which then does not
// start: "unexpected PLT reloc type 0x00".
#if defined(__x86_64__) && defined(__GLIBC__)
#define FG_ROW __attribute__((target_clones("avx2", "default"), optimize("O3"), visibility("hidden")))
#else
#define FG_ROW __attribute__((optimize("O3"), visibility("hidden")))
#endif

#endif
