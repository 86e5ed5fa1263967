#ifndef FRAMEGATE_AREA_H
#define FRAMEGATE_AREA_H

#include <glib.h>

// fg_span is a part of a side, in samples. It need not begin or end between two of them. Each sample is that of the middle of what it covers,
// or of a place shift before it. Nothing beyond the part is read for it: the last sample counts for what follows.
typedef struct {
	double from, length, shift;
} fg_span;

// fg_axis says of which pixels of a part of a side each pixel of the scaled side is made.
typedef struct {
	int start; // the first pixel of the side that is read
	int in, out; // how many are read, and how many are made of them
	double from, length; // the part, from the first pixel that is read, moved by its shift
	int taps; // how many pixels each is made of
	int factor; // length/out where that is 1 to 4 without a rest, the part begins with a pixel and its shift is 0 or 1/4; else 0
	gboolean late; // the shift is 1/4
	guint32 *first;
	guint32 *weights; // taps for each pixel
} fg_axis;

// fg_area scales a part of one plane: by the average of the area that a pixel covers where a side gets smaller, and linearly where it grows.
typedef struct {
	fg_axis x, y;
	guint16 *sums; // of a row of the result, still of the width of the source, and the last one again
	guint32 *many; // the same where many rows make one or samples have more than 8 bits, else NULL
	guint8 *rows; // of the source, unpacked
	guint16 *wide; // a row of samples with more than 8 bits, else NULL
} fg_area;

// fg_samples is a plane of the source.
typedef struct {
	const guint8 *data;
	int stride; // bytes from row to row
	int step; // bytes from sample to sample
	int shift; // of samples of 16 bits, little endian, to 8 bits; 0 for samples of 8 bits
} fg_samples;

// fg_area_init prepares to scale a part of a plane, which has samples in all of it: by fg_area_scale, or by fg_deep_scale if they have more
// than 8 bits.
void fg_area_init(fg_area *a, fg_span x, fg_span y, int out_width, int out_height, gboolean deep);

void fg_area_clear(fg_area *a);

void fg_area_scale(fg_area *a, fg_samples from, guint8 *to, int stride);

enum { FG_COLOUR_BITS = 14 }; // of the fractions in fg_colours

// fg_colours converts planes of I420 from one matrix and range to the matrix of ITU-R BT.601 and full or limited range.
typedef struct {
	guint16 luma; // of Y
	gint32 offset, y_of_u, y_of_v; // what is added to it, by the chroma too
	gint32 u_of_u, u_of_v, v_of_u, v_of_v; // of U and V
	gint32 wide_luma, wide_offset; // luma and offset for samples with more than 8 bits
	guint16 *rows; // what is added to a row of Y
} fg_colours;

// fg_colours_init sets the conversion from a matrix, given by the shares of red and blue in the luma, and a range of samples of depth bits.
void fg_colours_init(fg_colours *c, double red, double blue, int depth, gboolean full, gboolean to_full, int width);

void fg_colours_clear(fg_colours *c);

void fg_colours_convert(const fg_colours *c, guint8 *planes[3], const int strides[3], int width, int height);

#endif
