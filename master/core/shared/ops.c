#include "master/core/shared/ops.h"

#include "master/core/shared/dict_ops.h"
#include "master/core/shared/list_ops.h"

int
ops_run(struct step *step)
{
    step->done = (struct rec_op_done){ .number = 0 };
    return shelf_is_dict(step->shelf) ? dict_ops(step) : list_ops(step);
}
