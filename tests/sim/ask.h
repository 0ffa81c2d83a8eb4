/**
 * ask.h - requests of a simulated client, and their answers.    [tests/sim]
 */
#ifndef ASK_H
#define ASK_H

#include "tests/sim/client.h"

/** Put some tasks, as the seed will have it. */
void ask_put(struct client *c);

/** Ask for tasks. */
void ask_get(struct client *c);

/** Finish what is due. */
void ask_finish(struct client *c);

/** Show a fence that is not one's own, or never was. */
void ask_forge(struct client *c);

/** Cancel something of one's own. */
void ask_cancel(struct client *c);

/** Try what the role does not allow. */
void ask_trespass(struct client *c);

/** join, status, list. */
void ask_look(struct client *c);

void ask_declare(struct client *c, uint32_t queue, const struct msg_declare *d);
void ask_shutdown(struct client *c, uint32_t queue, bool immediate);
void ask_bye(struct client *c);

/** The result of a task came. */
void ask_result(struct client *c, const struct rec_result *r);

#endif
