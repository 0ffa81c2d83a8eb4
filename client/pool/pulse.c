#include "client/pool/pulse.h"

void
pulse_reset(struct pulse *p)
{
    *p = (struct pulse){ .quiet = 0 };
}

unsigned
pulse_look(struct pulse *p, uint32_t beats)
{
    if (p->beats != beats) p->quiet = 0;
    p->beats = beats;
    return ++p->quiet;
}
