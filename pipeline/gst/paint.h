#ifndef FRAMEGATE_PAINT_H
#define FRAMEGATE_PAINT_H

#include <gst/video/video.h>
#include <math.h>
#include <string.h>

typedef struct {
	double x, y, width, height;
} fg_mask;

typedef struct {
	gsize n;
	fg_mask masks[];
} fg_masks;

fg_masks *fg_masks_new(gsize n);

void fg_masks_set(fg_masks *all, gsize i, fg_mask m);

// fg_masks_install paints the masks on what comes out of a pad. It takes over all.
void fg_masks_install(fg_masks *all, void *pad);

#endif
