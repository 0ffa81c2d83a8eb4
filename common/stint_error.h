/**
 * stint_error.h - every error there is, once.                 [layer: common]
 *
 * One numbering for the library, the store and the wire; installed beside
 * stint.h.  Numbers are for ever.
 *
 *   E(name, number, can a retry help?, text)
 */
#ifndef STINT_ERROR_H
#define STINT_ERROR_H

/* clang-format off */
#define STINT_ERRORS(E) \
    E(EINVAL,      -1,  0, "an argument is out of its bounds") \
    E(ENOMEM,      -2,  1, "no memory is left in this process") \
    E(ETIMEOUT,    -3,  1, "the deadline passed") \
    E(EEMPTY,      -4,  1, "the queue is empty") \
    E(EFULL,       -5,  1, "the queue is full") \
    E(ESHUTDOWN,   -6,  0, "the queue was shut down") \
    E(ESTALE,      -7,  0, "the lease is over: the task is somebody else's now") \
    E(EUNREACHABLE,-8,  1, "the master cannot be reached") \
    E(EAUTH,       -9,  0, "the master and this key do not know each other") \
    E(EROLE,       -10, 0, "this key's role does not allow that") \
    E(ENOQUEUE,    -11, 0, "there is no such queue") \
    E(ETOOLARGE,   -12, 0, "the payload is larger than the master takes") \
    E(EPROTO,      -13, 0, "the master speaks another version of the protocol") \
    E(EBUDGET,     -14, 1, "the master's memory budget is used up") \
    E(ECLOSED,     -15, 0, "the handle is closed") \
    E(EEXISTS,     -16, 0, "it exists already, and differently") \
    E(ENOTASK,     -17, 0, "there is no such task") \
    E(ECANCELLED,  -18, 0, "it was cancelled") \
    E(EDEAD,       -19, 0, "the task failed for good") \
    E(ELOST,       -20, 1, "the connection was gone too long; ask again") \
    E(ELIMIT,      -21, 1, "a limit of the master is reached") \
    E(EMALFORMED,  -22, 0, "the bytes are not a valid message") \
    E(ENOKEY,      -23, 0, "there is no such key") \
    E(EACCESS,     -24, 0, "the key file cannot be used") \
    E(ESYSTEM,     -25, 0, "the operating system refused") \
    E(EEXPIRED,    -26, 0, "the task expired before anybody ran it") \
    E(EWORKERLOST, -27, 1, "the worker was lost too often") \
    E(EPLUGIN,     -28, 0, "the plug-in cannot be used") \
    E(EBUSY,       -29, 1, "it is in use") \
    E(EDISK,       -30, 0, "the disk failed: nothing more was acknowledged") \
    E(EDAMAGED,    -31, 0, "the store is damaged") \
    E(ENOSPACE,    -32, 1, "the disk is full: no new work until there is room") \
    E(EFORMAT,     -33, 0, "the store is of another version") \
    E(ENOJOB,      -34, 0, "there is no such job") \
    E(ENOFILE,     -35, 0, "there is no such file") \
    E(ENOOBJECT,   -36, 0, "there is no such object") \
    E(ENOENTRY,    -37, 0, "there is no such entry") \
    E(ENOTHELD,    -38, 0, "it is not held") \
    E(EBROKEN,     -39, 0, "the barrier is broken") \
    E(ECHANGED,    -40, 1, "it was changed meanwhile") \
    E(ETYPE,       -41, 0, "it is of another type") \
    E(EOVERFLOW,   -42, 0, "the number does not fit") \
    E(EEOF,        -43, 0, "the other end is closed") \
    E(ENOTREADY,   -44, 1, "it has not ended yet") \
    E(ENOPROGRAM,  -45, 0, "there is no such program")
/* clang-format on */

enum stint_error {
    STINT_OK = 0,
#define STINT_ERROR_ENUM(name, number, retry, text) STINT_##name = (number),
    STINT_ERRORS(STINT_ERROR_ENUM)
#undef STINT_ERROR_ENUM
        STINT_ERROR_LAST_ = -45
};

#endif
