/*
 * intrle.c
 *	  Runs of equal integers.
 *
 * Layout: varint of the number of runs minus 1, frame of the runs' values,
 * frame of the runs' lengths minus 1.
 */
#include "codec/frame.h"
#include "codec/intcodec.h"

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

CodecStatus
intrle_read(CodecReader *r, uint64_t *values, int n)
{
	uint64_t	run_values[CODEC_BLOCK_ROWS];
	uint64_t	run_lengths[CODEC_BLOCK_ROWS];
	uint64_t	runs;
	CodecStatus status;
	int			row = 0;
	int			i;
	int			k;

	status = codec_get_varint(r, &runs);
	if (status != CODEC_OK)
		return status;
	if (runs >= (uint64_t) n)
		return CODEC_CORRUPT;
	runs++;
	status = read_runs(r, run_values, (int) runs);
	if (status == CODEC_OK)
		status = read_runs(r, run_lengths, (int) runs);
	for (i = 0; i < (int) runs && status == CODEC_OK; i++)
	{
		if (run_lengths[i] >= (uint64_t) (n - row))
			return CODEC_CORRUPT;
		for (k = 0; k <= (int) run_lengths[i]; k++)
			values[row + k] = run_values[i];
		row += (int) run_lengths[i] + 1;
	}
	if (status == CODEC_OK && row != n)
		return CODEC_CORRUPT;
	return status;
}
