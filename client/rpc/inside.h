/**
 * inside.h - what the parts of an rpc share.                     [layer: rpc]
 */
#ifndef RPC_INSIDE_H
#define RPC_INSIDE_H

#include "client/rpc/numbers.h"
#include "client/rpc/parcel.h"
#include "client/rpc/pulse.h"
#include "client/rpc/rpc.h"
#include "proto/stream.h"

enum { REFUSAL_TEXT = 1025 };

struct rpc {
    struct rpc_config config;
    struct stream stream;
    struct numbers table;        /* Number to struct rpc_request. */
    struct list open;            /* All of these, by number. */
    struct parcels parcels;      /* Where they travel. */
    uint64_t last;               /* Number given last. */
    struct rpc_request *begun;   /* Its message comes next, or NULL. */
    struct rpc_request *growing; /* Its message is the last one, or NULL. */
    bool answered;               /* Since the last seal. */
    tick_ns gather_since;        /* The open frame waits; 0: it does not. */

    enum rpc_state state;
    struct msg_welcome welcome;
    uint8_t master[PROTO_SESSION_BYTES]; /* Of the welcome. */
    bool welcomed;                       /* Ever. */
    bool hello_due;
    int refusal;
    char refusal_text[REFUSAL_TEXT];

    struct pulse pulse;
    bool ping_asked;
    uint64_t ping_echo;
    bool blocked; /* The connection takes nothing. */
};

#endif
