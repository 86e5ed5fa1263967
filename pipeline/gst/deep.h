#ifndef FRAMEGATE_DEEP_H
#define FRAMEGATE_DEEP_H

#include "area.h"

// fg_deep scales planes of samples with more than 8 bits and converts their colours. They are rounded to 8 bits once, at the end: rounded
// before, a colour would be off by up to 1.6 of 255 more.
typedef struct {
	guint16 *planes[3]; // scaled, 256 for each step of 8 bits; rows follow each other
	gint32 *rows; // what is added to a row of Y
} fg_deep;

// fg_deep_init prepares planes of this size. Those of chroma are grey, and stay so in a picture that has none.
void fg_deep_init(fg_deep *d, int width, int height);

void fg_deep_clear(fg_deep *d);

// fg_deep_scale scales one of the planes, whose area was prepared for such samples.
void fg_deep_scale(fg_deep *d, int plane, fg_area *a, fg_samples from);

// fg_deep_convert converts the scaled planes to those of I420.
void fg_deep_convert(const fg_deep *d, const fg_colours *c, guint8 *planes[3], const int strides[3], int width, int height);

#endif
