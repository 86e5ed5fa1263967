/*
 * A driver that can be taken away: a libnvcuvid.so.1 that hands every call to NVIDIA's, and answers each with an error of
 * CUDA's as long as a file exists. It stands in for a card that falls off its bus, which nothing can bring about at will.
 *
 *   FRAMEGATE_CUVID   the real library
 *   FRAMEGATE_LOST    the file
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEVICE_UNAVAILABLE = 46 }; /* CUDA_ERROR_DEVICE_UNAVAILABLE of cuda.h */

typedef uintptr_t word;
typedef int (*function)(word, word, word, word, word, word);

static void *driver;

__attribute__((constructor)) static void load(void) {
	const char *path = getenv("FRAMEGATE_CUVID");
	driver = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (driver == NULL)
		fprintf(stderr, "FRAMEGATE_CUVID: %s\n", path == NULL ? "not set" : dlerror());
}

static int lost(void) {
	const char *path = getenv("FRAMEGATE_LOST");
	return path != NULL && access(path, F_OK) == 0;
}

/* call hands a call on. Arguments are words, no more than six: all of them go in registers, on x86-64 and arm64. */
static int call(const char *name, int fails, word a, word b, word c, word d, word e, word f) {
	function real = driver == NULL ? NULL : (function)dlsym(driver, name);
	if (real == NULL || (fails && lost()))
		return DEVICE_UNAVAILABLE;
	return real(a, b, c, d, e, f);
}

/* What frees and unlocks goes on working: GStreamer expects that. */
#define HAND_ON(name, fails) \
	int name(word a, word b, word c, word d, word e, word f) { return call(#name, fails, a, b, c, d, e, f); }

HAND_ON(cuvidCtxLockCreate, 1)
HAND_ON(cuvidCtxLockDestroy, 0)
HAND_ON(cuvidCtxLock, 0)
HAND_ON(cuvidCtxUnlock, 0)
HAND_ON(cuvidGetDecoderCaps, 1)
HAND_ON(cuvidCreateDecoder, 1)
HAND_ON(cuvidReconfigureDecoder, 1)
HAND_ON(cuvidDestroyDecoder, 0)
HAND_ON(cuvidDecodePicture, 1)
HAND_ON(cuvidGetDecodeStatus, 1)
HAND_ON(cuvidMapVideoFrame, 1)
HAND_ON(cuvidMapVideoFrame64, 1)
HAND_ON(cuvidUnmapVideoFrame, 0)
HAND_ON(cuvidUnmapVideoFrame64, 0)
HAND_ON(cuvidCreateVideoSource, 1)
HAND_ON(cuvidCreateVideoParser, 1)
HAND_ON(cuvidParseVideoData, 1)
HAND_ON(cuvidDestroyVideoParser, 0)
