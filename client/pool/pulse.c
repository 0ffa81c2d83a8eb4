#include "client/pool/pulse.h"

unsigned
pulse_look(struct pulse *p, uint32_t beats)
{
    if (p->beats != beats) p->quiet = 0;
    p->beats = beats;
    return ++p->quiet;
}
