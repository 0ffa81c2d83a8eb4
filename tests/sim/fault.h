/**
 * fault.h - what befalls a world.                                [tests/sim]
 */
#ifndef FAULT_H
#define FAULT_H

#include "tests/sim/world.h"

/** Let the faults of this step strike, each with its chance in the plan: cuts,
 * freezes, deaths, revoked keys, a master that stands still, … */
void fault_strike(struct world *w);

#endif
