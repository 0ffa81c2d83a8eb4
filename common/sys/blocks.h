/**
 * blocks.h - how malloc treats big blocks.                      [layer: sys]
 */
#ifndef BLOCKS_H
#define BLOCKS_H

/**
 * Keep blocks of up to 32 MiB for the next use rather than return them: for
 * each message of a MiB libzmq and CURVE ask for four of them, and the kernel
 * would clear every page anew, which costs more than the cipher.  Settings of
 * the whole process; once is enough.
 */
void blocks_keep(void);

#endif
