#include "area.h"

#include <math.h>
#include <string.h>

#include "row.h"

enum {
	ROW_SUM = 1 << 8, // of the weights of rows: 255 times it fits in 16 bits
	MANY_ROWS = 64, // where more make one, their weights are those of columns, so that each has one
	COLUMN_SUM = 1 << 16, // of those of columns: a sum of rows times it fits in 32 bits
	AT_ONCE = 4, // how many rows are added up at once
};

// fg_cover returns of which pixels that are read pixel i of the scaled side is made: from first to the one before end.
static void fg_cover(const fg_axis *a, int i, int *first, int *end) {
	const double scale = a->length / a->out,
		     slack = 1e-6; // the slack is for where the sum of two fractions is a whole number
	if (scale >= 1) {
		*first = CLAMP((int)floor(a->from + i * scale + slack), 0, a->in - 1);
		*end = CLAMP((int)ceil(a->from + (i + 1) * scale - slack), *first + 1, a->in);
		return;
	}
	const double at = a->from + (i + 0.5) * scale - 0.5;
	*first = CLAMP((int)floor(at), 0, MAX(a->in - 2, 0));
	*end = MIN(*first + 2, a->in);
}

// fg_weight is the share of pixel p in pixel i, 0 to 1. Those of a pixel at the end of the side may add up to less.
static double fg_weight(const fg_axis *a, int i, int p) {
	const double scale = a->length / a->out;
	if (scale >= 1)
		return MAX(0, MIN(a->from + (i + 1) * scale, p + 1) - MAX(a->from + i * scale, p)) / scale;
	const double at = CLAMP(a->from + (i + 0.5) * scale - 0.5, 0, a->in - 1);
	return MAX(0, 1 - fabs(at - p));
}

static void fg_axis_init(fg_axis *a, fg_span part, int out, guint32 sum) {
	int first, end;
	const double slack = 1e-6;
	*a = (fg_axis){.start = floor(part.from + slack), .out = out, .length = part.length};
	a->from = MAX(part.from - a->start, 0) + part.shift;
	a->in = MAX(1, (int)ceil(part.from + part.length - slack) - a->start);
	a->late = part.shift == 0.25;
	if (a->from - part.shift < slack && (a->late || part.shift == 0) && fabs(part.length - a->in) < slack &&
		a->in % out == 0 && a->in / out <= 4)
		a->factor = a->in / out;
	for (int i = 0; i < out; i++) {
		fg_cover(a, i, &first, &end);
		a->taps = MAX(a->taps, end - first);
	}
	a->first = g_new(guint32, out);
	a->weights = g_new(guint32, (gsize)out * a->taps);
	for (int i = 0; i < out; i++) {
		fg_cover(a, i, &first, &end);
		first = MIN(first, a->in - a->taps);
		a->first[i] = first;
		// The sum is rounded, not each weight, so that all of them add up to it.
		double share = 0; // of the taps so far
		guint32 given = 0;
		for (int t = 0; t < a->taps; t++) {
			share += fg_weight(a, i, first + t);
			const guint32 upto = t == a->taps - 1 ? sum : MIN(sum, (guint32)lrint(share * sum));
			a->weights[(gsize)i * a->taps + t] = upto - given;
			given = upto;
		}
	}
}

void fg_area_init(fg_area *a, fg_span x, fg_span y, int out_width, int out_height, gboolean deep) {
	fg_axis_init(&a->x, x, out_width, COLUMN_SUM);
	fg_axis_init(&a->y, y, out_height, ROW_SUM);
	const gboolean many = deep || a->y.taps > MANY_ROWS;
	if (many) {
		g_free(a->y.first), g_free(a->y.weights);
		fg_axis_init(&a->y, y, out_height, COLUMN_SUM);
	}
	a->many = many ? g_new(guint32, a->x.in) : NULL;
	a->sums = g_new(guint16, a->x.in + 1);
	a->rows = g_new(guint8, (gsize)a->x.in * AT_ONCE);
	a->wide = deep ? g_new(guint16, a->x.in) : NULL;
}

void fg_area_clear(fg_area *a) {
	g_free(a->x.first), g_free(a->x.weights), g_free(a->y.first), g_free(a->y.weights);
	g_free(a->sums), g_free(a->many), g_free(a->rows), g_free(a->wide);
	*a = (fg_area){0};
}

FG_ROW void fg_unpack8(guint8 *restrict to, const guint8 *restrict from, int n, int step) {
	if (step == 2) // the usual one, which the compiler vectorises
		for (int i = 0; i < n; i++)
			to[i] = from[2 * i];
	else
		for (int i = 0; i < n; i++)
			to[i] = from[i * step];
}

// fg_row returns a row of the source, unpacked into a buffer unless it is as it is needed.
static const guint8 *fg_row(fg_samples from, int row, int width, guint8 *buffer) {
	const guint8 *data = from.data + (gssize)row * from.stride;
	if (from.step > 1)
		fg_unpack8(buffer, data, width, from.step);
	else
		return data;
	return buffer;
}

FG_ROW void fg_set1(guint16 *restrict sums, const guint8 *restrict a, int n, guint16 w) {
	for (int i = 0; i < n; i++)
		sums[i] = a[i] * w;
}

FG_ROW void fg_set2(guint16 *restrict sums, const guint8 *restrict a, const guint8 *restrict b, int n, const guint16 *w) {
	const guint16 u = w[0], v = w[1];
	for (int i = 0; i < n; i++)
		sums[i] = a[i] * u + b[i] * v;
}

FG_ROW void fg_set4(guint16 *restrict sums, const guint8 *restrict a, const guint8 *restrict b, const guint8 *restrict c,
	const guint8 *restrict d, int n, const guint16 *w) {
	const guint16 u = w[0], v = w[1], x = w[2], y = w[3];
	for (int i = 0; i < n; i++)
		sums[i] = a[i] * u + b[i] * v + c[i] * x + d[i] * y;
}

FG_ROW void fg_add4(guint16 *restrict sums, const guint8 *restrict a, const guint8 *restrict b, const guint8 *restrict c,
	const guint8 *restrict d, int n, const guint16 *w) {
	const guint16 u = w[0], v = w[1], x = w[2], y = w[3];
	for (int i = 0; i < n; i++)
		sums[i] += a[i] * u + b[i] * v + c[i] * x + d[i] * y;
}

// fg_sum adds up the rows of which a row of the result is made.
static void fg_sum(fg_area *a, fg_samples from, int row) {
	const guint32 *weights = a->y.weights + (gsize)row * a->y.taps;
	const int first = a->y.first[row], width = a->x.in, taps = a->y.taps;
	for (int done = 0; done < taps; done += AT_ONCE) {
		const guint8 *r[AT_ONCE];
		guint16 w[AT_ONCE] = {0};
		const int n = MIN(AT_ONCE, taps - done);
		for (int i = 0; i < AT_ONCE; i++) {
			r[i] = i < n ? fg_row(from, first + done + i, width, a->rows + (gsize)i * width) : r[0];
			w[i] = i < n ? weights[done + i] : 0;
		}
		if (done > 0)
			fg_add4(a->sums, r[0], r[1], r[2], r[3], width, w);
		else if (n > 2)
			fg_set4(a->sums, r[0], r[1], r[2], r[3], width, w);
		else if (n == 2)
			fg_set2(a->sums, r[0], r[1], width, w);
		else
			fg_set1(a->sums, r[0], width, w[0]);
	}
}

FG_ROW void fg_add_many(guint32 *restrict sums, const guint8 *restrict a, int n, guint32 w) {
	for (int i = 0; i < n; i++)
		sums[i] += a[i] * w;
}

FG_ROW void fg_narrow(guint16 *restrict to, const guint32 *restrict sums, int n) {
	for (int i = 0; i < n; i++)
		to[i] = (sums[i] + COLUMN_SUM / ROW_SUM / 2) / (COLUMN_SUM / ROW_SUM);
}

// fg_sum_many is fg_sum for many rows.
static void fg_sum_many(fg_area *a, fg_samples from, int row) {
	const guint32 *weights = a->y.weights + (gsize)row * a->y.taps;
	memset(a->many, 0, a->x.in * sizeof *a->many);
	for (int t = 0; t < a->y.taps; t++)
		fg_add_many(a->many, fg_row(from, a->y.first[row] + t, a->x.in, a->rows), a->x.in, weights[t]);
	fg_narrow(a->sums, a->many, a->x.in);
}

// The sums of rows are ROW_SUM times too large.
FG_ROW void fg_columns1(guint8 *restrict to, const guint16 *restrict s, int n) {
	for (int x = 0; x < n; x++)
		to[x] = (s[x] + 128u) >> 8;
}

FG_ROW void fg_columns2(guint8 *restrict to, const guint16 *restrict s, int n) {
	for (int x = 0; x < n; x++)
		to[x] = ((guint32)s[2 * x] + s[2 * x + 1] + 256) >> 9;
}

FG_ROW void fg_columns3(guint8 *restrict to, const guint16 *restrict s, int n) {
	for (int x = 0; x < n; x++)
		to[x] = (((guint32)s[3 * x] + s[3 * x + 1] + s[3 * x + 2]) * 21845u + (1 << 23)) >> 24;
}

FG_ROW void fg_columns4(guint8 *restrict to, const guint16 *restrict s, int n) {
	for (int x = 0; x < n; x++)
		to[x] = ((guint32)s[4 * x] + s[4 * x + 1] + s[4 * x + 2] + s[4 * x + 3] + 512) >> 10;
}

// The same for samples that lie a quarter of one before the middle of what they cover: a quarter of the first belongs to the pixel before, and
// a quarter of the one after the last to this one.
FG_ROW void fg_late_columns1(guint8 *restrict to, const guint16 *restrict s, int n) {
	for (int x = 0; x < n; x++)
		to[x] = (3u * s[x] + s[x + 1] + 512) >> 10;
}

FG_ROW void fg_late_columns2(guint8 *restrict to, const guint16 *restrict s, int n) {
	for (int x = 0; x < n; x++)
		to[x] = (3u * s[2 * x] + 4u * s[2 * x + 1] + s[2 * x + 2] + 1024) >> 11;
}

FG_ROW void fg_late_columns3(guint8 *restrict to, const guint16 *restrict s, int n) {
	for (int x = 0; x < n; x++) {
		const guint32 sum = 3u * s[3 * x] + 4u * s[3 * x + 1] + 4u * s[3 * x + 2] + s[3 * x + 3];
		to[x] = (((sum + 2) >> 2) * 21845u + (1 << 23)) >> 24;
	}
}

FG_ROW void fg_late_columns4(guint8 *restrict to, const guint16 *restrict s, int n) {
	for (int x = 0; x < n; x++)
		to[x] = (3u * s[4 * x] + 4u * s[4 * x + 1] + 4u * s[4 * x + 2] + 4u * s[4 * x + 3] + s[4 * x + 4] + 2048) >>
			12;
}

static void fg_late_columns(const fg_axis *a, guint8 *to, guint16 *s) {
	s[a->in] = s[a->in - 1];
	switch (a->factor) {
	case 1:
		fg_late_columns1(to, s, a->out);
		break;
	case 2:
		fg_late_columns2(to, s, a->out);
		break;
	case 3:
		fg_late_columns3(to, s, a->out);
		break;
	case 4:
		fg_late_columns4(to, s, a->out);
		break;
	}
}

// fg_columns adds up columns, with a number of taps that the compiler knows for the usual ones.
static inline __attribute__((always_inline)) void fg_columns_of(
	const fg_axis *a, guint8 *restrict to, const guint16 *restrict s, int taps) {
	const guint32 *w = a->weights;
	for (int x = 0; x < a->out; x++, w += taps) {
		const guint16 *p = s + a->first[x];
		guint32 v = 1 << 23;
		for (int t = 0; t < taps; t++)
			v += p[t] * w[t];
		to[x] = v >> 24;
	}
}

static void fg_columns(const fg_axis *a, guint8 *to, guint16 *s) {
	if (a->late && a->factor > 0) {
		fg_late_columns(a, to, s);
		return;
	}
	switch (a->factor) {
	case 1:
		fg_columns1(to, s, a->out);
		return;
	case 2:
		fg_columns2(to, s, a->out);
		return;
	case 3:
		fg_columns3(to, s, a->out);
		return;
	case 4:
		fg_columns4(to, s, a->out);
		return;
	}
	switch (a->taps) {
	case 2:
		fg_columns_of(a, to, s, 2);
		break;
	case 3:
		fg_columns_of(a, to, s, 3);
		break;
	case 4:
		fg_columns_of(a, to, s, 4);
		break;
	case 5:
		fg_columns_of(a, to, s, 5);
		break;
	default:
		fg_columns_of(a, to, s, a->taps);
	}
}

void fg_area_scale(fg_area *a, fg_samples from, guint8 *to, int stride) {
	from.data += (gssize)a->y.start * from.stride + (gssize)a->x.start * from.step;
	for (int y = 0; y < a->y.out; y++) {
		if (a->many != NULL)
			fg_sum_many(a, from, y);
		else
			fg_sum(a, from, y);
		fg_columns(&a->x, to + (gssize)y * stride, a->sums);
	}
}

enum { COLOUR_BITS = FG_COLOUR_BITS, LUMA_BITS = 7, LUMA_ABOVE = 128 };

static gint32 fg_fixed(double v) { return lrint(v * (1 << COLOUR_BITS)); }

void fg_colours_init(fg_colours *c, double red, double blue, int depth, gboolean full, gboolean to_full, int width) {
	// With y from 0 to 1 and u and v from -1/2 to 1/2 (ITU-R BT.601-7, 2.5; BT.709-6, 3):
	//   R = y + r_of_v v,  B = y + b_of_u u,  G = y - g_of_u u - g_of_v v
	const double to_red = 0.299, to_blue = 0.114, green = 1 - red - blue, to_green = 1 - to_red - to_blue;
	const double r_of_v = 2 * (1 - red), b_of_u = 2 * (1 - blue);
	const double g_of_u = blue * b_of_u / green, g_of_v = red * r_of_v / green;
	const double y_of_u = to_blue * b_of_u - to_green * g_of_u, y_of_v = to_red * r_of_v - to_green * g_of_v;
	const double most =
		256 - ldexp(1, 8 - depth); // the largest sample, in steps of 8 bits: 255, or 255.75 with 10 bits
	const double luma = (full ? 255 / most : 255.0 / 219) * (to_full ? 1 : 219.0 / 255);
	const double chroma = (full ? 255 / most : 255.0 / 224) * (to_full ? 1 : 224.0 / 255);
	const double offset = (full ? 0 : -16 * luma) + (to_full ? 0 : 16) + 0.5;
	*c = (fg_colours){
		.luma = lrint(luma * (1 << LUMA_BITS)),
		.offset = fg_fixed(offset + LUMA_ABOVE),
		.wide_luma = fg_fixed(luma),
		.wide_offset = lrint(offset * (1 << (COLOUR_BITS + 8))),
		.y_of_u = fg_fixed(chroma * y_of_u),
		.y_of_v = fg_fixed(chroma * y_of_v),
		.u_of_u = fg_fixed(chroma * (b_of_u - y_of_u) / (2 * (1 - to_blue))),
		.u_of_v = fg_fixed(chroma * -y_of_v / (2 * (1 - to_blue))),
		.v_of_u = fg_fixed(chroma * -y_of_u / (2 * (1 - to_red))),
		.v_of_v = fg_fixed(chroma * (r_of_v - y_of_v) / (2 * (1 - to_red))),
		.rows = g_new(guint16, width + 2),
	};
}

void fg_colours_clear(fg_colours *c) {
	g_free(c->rows);
	*c = (fg_colours){0};
}

FG_ROW void fg_chroma_row(const fg_colours *c, guint8 *restrict us, guint8 *restrict vs, guint16 *restrict rows, int n) {
	const gint32 y_of_u = c->y_of_u, y_of_v = c->y_of_v, offset = c->offset,
		     middle = (128 << COLOUR_BITS) + (1 << (COLOUR_BITS - 1));
	const gint32 u_of_u = c->u_of_u, u_of_v = c->u_of_v, v_of_u = c->v_of_u, v_of_v = c->v_of_v;
	for (int i = 0; i < n; i++) {
		const gint32 u = us[i] - 128, v = vs[i] - 128;
		const gint32 u2 = (u * u_of_u + v * u_of_v + middle) >> COLOUR_BITS;
		const gint32 v2 = (u * v_of_u + v * v_of_v + middle) >> COLOUR_BITS;
		rows[2 * i] = rows[2 * i + 1] = (u * y_of_u + v * y_of_v + offset) >> (COLOUR_BITS - LUMA_BITS);
		us[i] = CLAMP(u2, 0, 255);
		vs[i] = CLAMP(v2, 0, 255);
	}
}

// In 16 bits without a sign, which takes half of the time of 32: LUMA_ABOVE keeps every sum between 0 and 65535.
FG_ROW void fg_luma_row(guint8 *restrict ys, const guint16 *restrict rows, int n, guint16 luma) {
	for (int i = 0; i < n; i++) {
		const guint16 sum = ys[i] * luma + rows[i];
		const gint16 y = (gint16)(sum >> LUMA_BITS) - LUMA_ABOVE;
		ys[i] = CLAMP(y, 0, 255);
	}
}

void fg_colours_convert(const fg_colours *c, guint8 *planes[3], const int strides[3], int width, int height) {
	for (int y = 0; y < height; y += 2) {
		const gssize row = y / 2;
		fg_chroma_row(c, planes[1] + row * strides[1], planes[2] + row * strides[2], c->rows, (width + 1) / 2);
		for (int i = y; i < MIN(y + 2, height); i++)
			fg_luma_row(planes[0] + (gssize)i * strides[0], c->rows, width, c->luma);
	}
}
