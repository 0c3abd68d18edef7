/*
 * intrle.c
 *	  Runs of equal integers.
 *
 * Layout: varint of the number of runs minus 1, frame of the runs' values,
 * frame of the runs' lengths minus 1.
 */
#include "codec/frame.h"
#include "codec/intcodec.h"

/* values of a run that are written in any case */
#define AT_ONCE 8

uint8_t *
intrle_write(const uint64_t *values, int n, uint8_t *out)
{
	uint64_t	run_values[CODEC_BLOCK_ROWS];
	uint64_t	run_lengths[CODEC_BLOCK_ROWS];
	int			runs = 0;
	int			start = 0;
	int			i;

	for (i = 1; i <= n; i++)
	{
		if (i < n && values[i] == values[start])
			continue;
		run_values[runs] = values[start];
		run_lengths[runs] = (uint64_t) (i - start - 1);
		runs++;
		start = i;
	}
	out = codec_put_varint(out, (uint64_t) runs - 1);
	out = frame_write(run_values, runs, FRAME_ROWS, out);
	return frame_write(run_lengths, runs, FRAME_ROWS, out);
}

/* Unpack one of the two frames. */
static CodecStatus
read_runs(CodecReader *r, uint64_t *values, int runs)
{
	Frame		frame;
	CodecStatus status = frame_read(r, runs, &frame);

	if (status == CODEC_OK)
		frame_values(&frame, values);
	return status;
}

/*
 * Write a run of 1 <= length <= room values.  Most runs are short, and the end
 * of a short loop is mispredicted; so the first few values are written without
 * looking at the length where there is room, and overwritten by the next run.
 */
static inline void
write_run(uint64_t *out, uint64_t value, int length, int room)
{
	int			i = 0;

	if (room >= AT_ONCE)
	{
		for (i = 0; i < AT_ONCE; i++)
			out[i] = value;
	}
	for (; i < length; i++)
		out[i] = value;
}

static CodecStatus
expand_runs(const uint64_t *run_values, const uint64_t *run_lengths, int runs,
			uint64_t *values, int n)
{
	int			row = 0;
	int			i;

	for (i = 0; i < runs; i++)
	{
		if (run_lengths[i] >= (uint64_t) (n - row))
			return CODEC_CORRUPT;
		write_run(values + row, run_values[i], (int) run_lengths[i] + 1,
				  n - row);
		row += (int) run_lengths[i] + 1;
	}
	return row == n ? CODEC_OK : CODEC_CORRUPT;
}

CodecStatus
intrle_read(CodecReader *r, uint64_t *values, int n)
{
	uint64_t	run_values[CODEC_BLOCK_ROWS];
	uint64_t	run_lengths[CODEC_BLOCK_ROWS];
	uint64_t	runs;
	CodecStatus status;

	status = codec_get_varint(r, &runs);
	if (status != CODEC_OK)
		return status;
	if (runs >= (uint64_t) n)
		return CODEC_CORRUPT;
	runs++;
	status = read_runs(r, run_values, (int) runs);
	if (status == CODEC_OK)
		status = read_runs(r, run_lengths, (int) runs);
	if (status != CODEC_OK)
		return status;
	return expand_runs(run_values, run_lengths, (int) runs, values, n);
}
