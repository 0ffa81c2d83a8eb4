#include "client/rpc/answer.h"

#include "common/stint_error.h"

int
answer_ends(const struct rpc_request *r, const struct msg *m, uint32_t *ended)
{
    *ended = r->open;
    if (m->type == MSG_tasks) *ended = 0;
    if (m->type == MSG_put_ok) {
        if (m->as.put_ok.request != r->next || m->as.put_ok.count > r->open) {
            return STINT_EMALFORMED;
        }
        *ended = (uint32_t)m->as.put_ok.count;
    }
    if (m->type == MSG_error && m->as.error.count > 0
        && m->as.error.count < r->open) {
        *ended = (uint32_t)m->as.error.count;
    }
    return 0;
}

int
answer_code(const struct msg *m)
{
    if (m->type == MSG_error) return (int)m->as.error.code;
    if (m->type == MSG_get_end) return (int)m->as.get_end.code;
    return 0;
}
