/*
 * A driver that fails on command: a libnvcuvid.so.1 that forwards every call to NVIDIA's, and returns an error of CUDA
 * instead as long as a file exists. It stands in for a card that falls off its bus, which cannot be caused at will.
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

/* call forwards a call. Arguments are at most six words, which x86-64 and arm64 pass in registers. */
static int call(const char *name, int fails, word a, word b, word c, word d, word e, word f) {
	function real = driver == NULL ? NULL : (function)dlsym(driver, name);
	if (real == NULL || (fails && lost()))
		return DEVICE_UNAVAILABLE;
	return real(a, b, c, d, e, f);
}

/* What frees and unlocks never fails: GStreamer expects that. */
#define FORWARD(name, fails) \
	int name(word a, word b, word c, word d, word e, word f) { return call(#name, fails, a, b, c, d, e, f); }

FORWARD(cuvidCtxLockCreate, 1)
FORWARD(cuvidCtxLockDestroy, 0)
FORWARD(cuvidCtxLock, 0)
FORWARD(cuvidCtxUnlock, 0)
FORWARD(cuvidGetDecoderCaps, 1)
FORWARD(cuvidCreateDecoder, 1)
FORWARD(cuvidReconfigureDecoder, 1)
FORWARD(cuvidDestroyDecoder, 0)
FORWARD(cuvidDecodePicture, 1)
FORWARD(cuvidGetDecodeStatus, 1)
FORWARD(cuvidMapVideoFrame, 1)
FORWARD(cuvidMapVideoFrame64, 1)
FORWARD(cuvidUnmapVideoFrame, 0)
FORWARD(cuvidUnmapVideoFrame64, 0)
FORWARD(cuvidCreateVideoSource, 1)
FORWARD(cuvidCreateVideoParser, 1)
FORWARD(cuvidParseVideoData, 1)
FORWARD(cuvidDestroyVideoParser, 0)
