/*
 * frame.c
 *	  Frame of reference with patches: what all integer encodings build on.
 *
 * Values that do not fit the width are not stored in full: their low bits are
 * packed like those of all others, and the patch adds the rest.  So unpacking
 * needs no branch, and patches are applied by addition, which also works after
 * the low parts have been summed.
 */
#include "codec/frame.h"

#include "codec/bitpack.h"
#include "codec/framewidth.h"
#include "codec/lanes.h"

#define HAS_PATCHES 0x80

/*
 * Sums of 32 numbers below 2^26 in magnitude are below 2^31: with the packed
 * part under 2^25 and patches up to 2^25 a lane's sum fits 32 signed bits.
 */
#define NARROW_WIDTH 25

/* ------------------------------------------------------------- encoding */

static void
find_patches(const uint64_t *values, int n, const FrameWindow *window,
			 Patches *patches)
{
	uint64_t	base = window->base;
	unsigned	width = window->width;
	int			count = 0;
	int			i;

	/* always store, advance when it counts: no branch to mispredict */
	for (i = 0; i < n; i++)
	{
		int64_t		high = (int64_t) (values[i] - base) >> width;

		patches->rows[count] = (uint16_t) i;
		patches->values[count] = codec_zigzag((uint64_t) high) - 1;
		count += high != 0;
	}
	patches->count = count;
}

/*
 * Choose the window and collect its patches; the full window when the chosen
 * one turns out to be no smaller.
 */
static void
split_values(const uint64_t *values, int n, FrameWindow *window,
			 Patches *patches)
{
	FrameWindow full;

	framewidth_choose(values, n, &full, window);
	patches->count = 0;
	if (window->width == full.width)
	{
		*window = full;
		return;
	}
	find_patches(values, n, window, patches);
	if (patches->count > 0 &&
		bitpack_size(n, window->width) + patches_size(patches, n) >=
		bitpack_size(n, full.width))
	{
		patches->count = 0;
		*window = full;
	}
}

CODEC_CLONES static void
subtract_base(const uint64_t *restrict values, int n, uint64_t base,
			  uint64_t *restrict out)
{
	int			i;

	for (i = 0; i < n; i++)
		out[i] = values[i] - base;
}

uint8_t *
frame_write(const uint64_t *values, int n, FrameOrder order, uint8_t *out)
{
	FrameWindow window;
	Patches		patches;
	uint64_t	low[CODEC_BLOCK_ROWS];
	uint64_t	slots[CODEC_BLOCK_ROWS];
	bool		lanes = order == FRAME_LANES && n == CODEC_BLOCK_ROWS;

	split_values(values, n, &window, &patches);
	*out++ = (uint8_t) (window.width | (patches.count > 0 ? HAS_PATCHES : 0));
	out = codec_put_varint(out, codec_zigzag(window.base));
	if (window.width > 0)
	{
		subtract_base(values, n, window.base, low);
		if (lanes)
			lanes_from_rows(low, slots);
		bitpack_pack(lanes ? slots : low, n, window.width, out);
		out += bitpack_size(n, window.width);
	}
	if (patches.count > 0)
		out = patches_write(&patches, n, out);
	return out;
}

/* ------------------------------------------------------------- decoding */

CodecStatus
frame_read(CodecReader *r, int n, Frame *frame)
{
	CodecStatus status;
	uint8_t		head;
	uint64_t	base;
	int			i;

	status = codec_get_byte(r, &head);
	if (status != CODEC_OK)
		return status;
	frame->n = n;
	frame->width = head % HAS_PATCHES;
	frame->patches.count = 0;
	/* a frame as wide as the values has nothing to patch */
	if (frame->width > (head < HAS_PATCHES ? 64u : 63u))
		return CODEC_CORRUPT;
	status = codec_get_varint(r, &base);
	if (status != CODEC_OK)
		return status;
	frame->base = codec_unzigzag(base);
	status = codec_get_bytes(r, bitpack_size(n, frame->width), &frame->packed);
	if (status != CODEC_OK || head < HAS_PATCHES)
		return status;
	status = patches_read(r, n, &frame->patches);
	if (status != CODEC_OK)
		return status;
	for (i = 0; i < frame->patches.count; i++)
		frame->patches.values[i] =
			codec_unzigzag(frame->patches.values[i] + 1) << frame->width;
	return CODEC_OK;
}

CODEC_CLONES static void
add_base32(const uint32_t *restrict low, uint64_t base, uint64_t *restrict out)
{
	int			i;

	for (i = 0; i < CODEC_BLOCK_ROWS; i++)
		out[i] = base + low[i];
}

CODEC_CLONES static void
add_base(uint64_t *restrict values, int n, uint64_t base)
{
	int			i;

	for (i = 0; i < n; i++)
		values[i] += base;
}

static void
fill(uint64_t *values, int n, uint64_t value)
{
	int			i;

	for (i = 0; i < n; i++)
		values[i] = value;
}

void
frame_values(const Frame *frame, uint64_t *values)
{
	const Patches *patches = &frame->patches;
	int			i;

	if (frame->width == 0)
		fill(values, frame->n, frame->base);
	else if (frame->n == CODEC_BLOCK_ROWS && frame->width <= 32)
	{
		uint32_t	low[CODEC_BLOCK_ROWS];

		bitpack_unpack32(frame->packed, frame->width, low);
		add_base32(low, frame->base, values);
	}
	else
	{
		bitpack_unpack(frame->packed, frame->n, frame->width, values);
		add_base(values, frame->n, frame->base);
	}
	for (i = 0; i < patches->count; i++)
		values[patches->rows[i]] += patches->values[i];
}

/*
 * From the lanes' totals to what each lane's sums start from.  The base is in
 * none of the sums: it is the step from row to row.
 */
static void
offsets_from_totals(const uint64_t *totals, uint64_t before, uint64_t base,
					LanesOffset *offset)
{
	uint64_t	sum = before + base;
	int			j;

	for (j = 0; j < LANES_COUNT; j++)
	{
		offset->start[j] = sum;
		sum += totals[j] + base * LANES_COUNT;
	}
	offset->step = base;
}

/*
 * Sums of a full block whose lane sums fit 32 bits.  Patches that would not
 * are left out of the sums: they are added to the totals, and at the end to
 * the rows of their own lane that follow them.
 */
static void
narrow_sums(const Frame *frame, uint64_t before, bool rows, uint64_t *out)
{
	const Patches *patches = &frame->patches;
	const uint64_t limit = (uint64_t) 1 << NARROW_WIDTH;
	uint32_t	slots[CODEC_BLOCK_ROWS];
	uint64_t	totals[LANES_COUNT];
	LanesOffset offset;
	uint16_t	late[CODEC_BLOCK_ROWS];
	int			nlate = 0;
	int			i;
	int			row;

	bitpack_unpack32(frame->packed, frame->width, slots);
	for (i = 0; i < patches->count; i++)
	{
		if (patches->values[i] + limit <= 2 * limit)
			slots[LANES_SLOT(patches->rows[i])] += (uint32_t) patches->values[i];
		else
			late[nlate++] = (uint16_t) i;
	}
	lanes_sum32(slots, totals);
	for (i = 0; i < nlate; i++)
		totals[patches->rows[late[i]] / 32] += patches->values[late[i]];
	offsets_from_totals(totals, before, frame->base, &offset);
	if (rows)
		lanes_rows32(slots, &offset, out);
	else
		lanes_add32(slots, &offset, out);
	for (i = 0; i < nlate; i++)
	{
		row = patches->rows[late[i]];
		do
			out[rows ? row : LANES_SLOT(row)] += patches->values[late[i]];
		while (++row % 32 != 0);
	}
}

/* The same with 64-bit sums, patches and all. */
static void
wide_sums(const Frame *frame, uint64_t before, bool rows, uint64_t *out)
{
	const Patches *patches = &frame->patches;
	uint64_t	slots[CODEC_BLOCK_ROWS];
	uint64_t	totals[LANES_COUNT];
	LanesOffset offset;
	int			i;

	bitpack_unpack(frame->packed, frame->n, frame->width, slots);
	for (i = 0; i < patches->count; i++)
		slots[LANES_SLOT(patches->rows[i])] += patches->values[i];
	lanes_sum64(slots, totals);
	offsets_from_totals(totals, before, frame->base, &offset);
	if (rows)
		lanes_rows64(slots, &offset, out);
	else
		lanes_add64(slots, &offset, out);
}

/* rows from..to - 1 as an arithmetic progression; returns its last value */
CODEC_CLONES static uint64_t
progression(uint64_t *rows, int from, int to, uint64_t before, uint64_t step)
{
	int			i;

	for (i = from; i < to; i++)
		rows[i] = before + step * (uint64_t) (i - from + 1);
	return before + step * (uint64_t) (to - from);
}

/* Nothing packed: progressions, each patch a step between two of them. */
static void
constant_sums(const Frame *frame, uint64_t before, uint64_t *rows)
{
	const Patches *patches = &frame->patches;
	int			from = 0;
	int			i;

	for (i = 0; i < patches->count; i++)
	{
		before = progression(rows, from, patches->rows[i], before, frame->base);
		before += patches->values[i];
		from = patches->rows[i];
	}
	progression(rows, from, frame->n, before, frame->base);
}

void
frame_sums(const Frame *frame, uint64_t before, uint64_t *rows)
{
	uint64_t	sum = before;
	int			i;

	if (frame->width == 0)
		constant_sums(frame, before, rows);
	else if (frame->n < CODEC_BLOCK_ROWS)
	{
		frame_values(frame, rows);
		for (i = 0; i < frame->n; i++)
			rows[i] = sum += rows[i];
	}
	else if (frame->width <= NARROW_WIDTH)
		narrow_sums(frame, before, true, rows);
	else
		wide_sums(frame, before, true, rows);
}

void
frame_sums_lanes(const Frame *frame, uint64_t before, uint64_t *slots)
{
	if (frame->width <= NARROW_WIDTH)
		narrow_sums(frame, before, false, slots);
	else
		wide_sums(frame, before, false, slots);
}
