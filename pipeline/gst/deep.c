#include "deep.h"

#include <string.h>

#include "row.h"

enum { AT_ONCE = 4 }; // how many rows are added up at once

void fg_deep_init(fg_deep *d, int width, int height) {
	const gsize chroma = (gsize)((width + 1) / 2) * ((height + 1) / 2);
	d->planes[0] = g_new(guint16, (gsize)width * height);
	d->planes[1] = g_new(guint16, chroma);
	d->planes[2] = g_new(guint16, chroma);
	d->rows = g_new(gint32, width + 2);
	for (gsize i = 0; i < chroma; i++)
		d->planes[1][i] = d->planes[2][i] = 128 << 8;
}

void fg_deep_clear(fg_deep *d) {
	for (int i = 0; i < 3; i++)
		g_free(d->planes[i]);
	g_free(d->rows);
	*d = (fg_deep){0};
}

// fg_widen_of is inlined with the usual steps, for which the compiler vectorises it.
static inline __attribute__((always_inline)) void fg_widen_of(
	guint16 *restrict to, const guint16 *restrict from, int n, int step, int up) {
	for (int i = 0; i < n; i++)
		to[i] = GUINT16_FROM_LE(from[i * step]) << up;
}

// fg_widen gives samples of 8+shift bits 256 for each step of 8 bits.
FG_ROW void fg_widen(guint16 *restrict to, const guint8 *restrict from, int n, int step, int shift) {
	const guint16 *words = (const guint16 *)from; // GStreamer aligns rows, and samples in them
	if (step == 2)
		fg_widen_of(to, words, n, 1, 8 - shift);
	else if (step == 4)
		fg_widen_of(to, words, n, 2, 8 - shift);
	else
		fg_widen_of(to, words, n, step / 2, 8 - shift);
}

FG_ROW void fg_add_wide(guint32 *restrict sums, const guint16 *restrict a, int n, guint32 w) {
	for (int i = 0; i < n; i++)
		sums[i] += a[i] * w;
}

// The weights of rows and of columns add up to 1 << 16.
FG_ROW void fg_narrow_wide(guint16 *restrict to, const guint32 *restrict sums, int n) {
	for (int i = 0; i < n; i++)
		to[i] = (sums[i] + (1 << 15)) >> 16;
}

// fg_wide_rows adds up at most AT_ONCE rows whose samples follow each other. Their weights are so much larger that the samples need not be
// widened first.
FG_ROW void fg_wide_rows(guint16 *restrict to, const guint16 *restrict a, const guint16 *restrict b,
	const guint16 *restrict c, const guint16 *restrict d, int n, const guint32 *w) {
	const guint32 u = w[0], v = w[1], x = w[2], y = w[3];
	for (int i = 0; i < n; i++)
		to[i] = (GUINT16_FROM_LE(a[i]) * u + GUINT16_FROM_LE(b[i]) * v + GUINT16_FROM_LE(c[i]) * x +
				GUINT16_FROM_LE(d[i]) * y + (1 << 15)) >>
			16;
}

// fg_sum_wide adds up the rows of which a row of the result is made.
static void fg_sum_wide(fg_area *a, fg_samples from, int row) {
	const guint32 *weights = a->y.weights + (gsize)row * a->y.taps;
	const guint8 *first = from.data + (gssize)a->y.first[row] * from.stride;
	const int taps = a->y.taps, width = a->x.in;
	if (taps <= AT_ONCE && from.step == sizeof(guint16)) {
		const guint16 *r[AT_ONCE];
		guint32 w[AT_ONCE];
		for (int i = 0; i < AT_ONCE; i++) {
			r[i] = (const guint16 *)(first + (gssize)(i < taps ? i : 0) * from.stride);
			w[i] = i < taps ? weights[i] << (8 - from.shift) : 0;
		}
		fg_wide_rows(a->sums, r[0], r[1], r[2], r[3], width, w);
		return;
	}
	memset(a->many, 0, width * sizeof *a->many);
	for (int t = 0; t < taps; t++) {
		fg_widen(a->wide, first + (gssize)t * from.stride, width, from.step, from.shift);
		fg_add_wide(a->many, a->wide, width, weights[t]);
	}
	fg_narrow_wide(a->sums, a->many, width);
}

// fg_wide_columns_of adds up columns, with a number of taps that the compiler knows for the usual ones.
static inline __attribute__((always_inline)) void fg_wide_columns_of(
	const fg_axis *a, guint16 *restrict to, const guint16 *restrict s, int taps) {
	const guint32 *w = a->weights;
	for (int x = 0; x < a->out; x++, w += taps) {
		const guint16 *p = s + a->first[x];
		guint32 v = 1 << 15;
		for (int t = 0; t < taps; t++)
			v += p[t] * w[t];
		to[x] = v >> 16;
	}
}

static void fg_wide_columns(const fg_axis *a, guint16 *to, const guint16 *s) {
	switch (a->taps) {
	case 1:
		fg_wide_columns_of(a, to, s, 1);
		break;
	case 2:
		fg_wide_columns_of(a, to, s, 2);
		break;
	case 3:
		fg_wide_columns_of(a, to, s, 3);
		break;
	case 4:
		fg_wide_columns_of(a, to, s, 4);
		break;
	case 5:
		fg_wide_columns_of(a, to, s, 5);
		break;
	default:
		fg_wide_columns_of(a, to, s, a->taps);
	}
}

void fg_deep_scale(fg_deep *d, int plane, fg_area *a, fg_samples from) {
	from.data += (gssize)a->y.start * from.stride + (gssize)a->x.start * from.step;
	guint16 *to = d->planes[plane];
	for (int y = 0; y < a->y.out; y++, to += a->x.out) {
		fg_sum_wide(a, from, y);
		fg_wide_columns(&a->x, to, a->sums);
	}
}

enum { WIDE_BITS = FG_COLOUR_BITS + 8 };

FG_ROW void fg_wide_chroma_row(const fg_colours *c, const guint16 *restrict from_u, const guint16 *restrict from_v,
	guint8 *restrict to_u, guint8 *restrict to_v, gint32 *restrict rows, int n) {
	const gint32 y_of_u = c->y_of_u, y_of_v = c->y_of_v, offset = c->wide_offset,
		     middle = (128 << WIDE_BITS) + (1 << (WIDE_BITS - 1));
	const gint32 u_of_u = c->u_of_u, u_of_v = c->u_of_v, v_of_u = c->v_of_u, v_of_v = c->v_of_v;
	for (int i = 0; i < n; i++) {
		const gint32 u = from_u[i] - (128 << 8), v = from_v[i] - (128 << 8);
		const gint32 u2 = (u * u_of_u + v * u_of_v + middle) >> WIDE_BITS;
		const gint32 v2 = (u * v_of_u + v * v_of_v + middle) >> WIDE_BITS;
		rows[2 * i] = rows[2 * i + 1] = u * y_of_u + v * y_of_v + offset;
		to_u[i] = CLAMP(u2, 0, 255);
		to_v[i] = CLAMP(v2, 0, 255);
	}
}

FG_ROW void fg_wide_luma_row(
	const guint16 *restrict from, guint8 *restrict to, const gint32 *restrict rows, int n, gint32 luma) {
	for (int i = 0; i < n; i++) {
		const gint32 y = (from[i] * luma + rows[i]) >> WIDE_BITS;
		to[i] = CLAMP(y, 0, 255);
	}
}

void fg_deep_convert(
	const fg_deep *d, const fg_colours *c, guint8 *planes[3], const int strides[3], int width, int height) {
	const int chroma = (width + 1) / 2;
	for (int y = 0; y < height; y += 2) {
		const gssize row = y / 2;
		fg_wide_chroma_row(c, d->planes[1] + row * chroma, d->planes[2] + row * chroma,
			planes[1] + row * strides[1], planes[2] + row * strides[2], d->rows, chroma);
		for (int i = y; i < MIN(y + 2, height); i++)
			fg_wide_luma_row(d->planes[0] + (gssize)i * width, planes[0] + (gssize)i * strides[0], d->rows,
				width, c->wide_luma);
	}
}
