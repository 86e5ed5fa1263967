#ifndef FRAMEGATE_ROW_H
#define FRAMEGATE_ROW_H

// The loops over a row are compiled once for any processor and once for AVX2, which takes half of the time.
#if defined(__x86_64__) && defined(__GLIBC__)
#define FG_ROW __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define FG_ROW __attribute__((optimize("O3")))
#endif

#endif
