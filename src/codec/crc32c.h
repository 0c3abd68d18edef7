/*
 * crc32c.h
 *	  CRC32C of large buffers, where the processor helps.
 */
#ifndef RUSTS_CRC32C_H
#define RUSTS_CRC32C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ways to do it.  A machine that has one has those before it. */
typedef enum Crc32cWay
{
	CRC32C_NONE, CRC32C_LANES, CRC32C_FOLDING
} Crc32cWay;

/* Can this machine do it?  If not, crc32c_extend must not be called. */
extern bool crc32c_available(void);

/*
 * The CRC register after len more bytes.  The complement before the first
 * and after the last byte is the caller's.
 */
extern uint32_t crc32c_extend(uint32_t crc, const void *data, size_t len);

/* The best way of this machine, and crc32c_extend in any way up to that. */
extern Crc32cWay crc32c_best(void);
extern uint32_t crc32c_extend_by(Crc32cWay way, uint32_t crc, const void *data,
								 size_t len);

#endif							/* RUSTS_CRC32C_H */
