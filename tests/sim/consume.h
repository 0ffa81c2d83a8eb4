/**
 * consume.h - what a worker does, well or badly.                 [tests/sim]
 */
#ifndef CONSUME_H
#define CONSUME_H

#include "tests/sim/client.h"

/** Ask for tasks. */
void consume_get(struct client *c);

/** Tasks came (I8, where nothing goes wrong). */
void consume_tasks(struct client *c, struct proto_list list);

/** Finish what is due: done, fail, release or renew, many in a message. */
void consume_finish(struct client *c);

/** Say what is held: the master was restarted. */
void consume_show(struct client *c);

/** Show a fence that is not one's own, or never was (I5). */
void consume_forge(struct client *c);

#endif
