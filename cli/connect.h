/**
 * connect.h - the way from the settings to a master.           [layer: cli]
 */
#ifndef CLI_CONNECT_H
#define CLI_CONNECT_H

#include <stint.h>

#include "cli/setting.h"

/** What the settings say of the connection.  Lends their texts. */
void connect_options(const struct run *run, struct stint_options *options);

/** stint_connect(), but after a second without an answer it says, on a
 * terminal, that it goes on trying. */
int connect_aloud(const struct stint_options *options, struct stint **out);

/** The same; returns the exit status, having said why. */
int connect_with(const struct stint_options *options, struct stint **out);

/** Both, for a tool that looks or a client that puts and gets. */
int connect_as(
    const struct run *run, enum stint_peer_kind kind, struct stint **out);

/** Whether a call that ended so may do better: the master may only be away for
 * a while. */
bool connect_may_come(int code);

/** Open a queue, making it if the master allows it; as above. */
int connect_queue(struct stint *s, const char *name, struct stint_queue **out);

#endif
