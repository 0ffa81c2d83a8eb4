#include "common/error.h"

#include <stddef.h>

#include "common/base.h"

static const struct error_row {
    int code;
    bool can_retry;
    const char *name;
    const char *text;
} rows[] = { { STINT_OK, false, "OK", "no error" },
#define ROW(label, number, retry, words) \
    { number, (retry) != 0, #label, words },
    /* clang-format off */
    STINT_ERRORS(ROW)
/* clang-format on */
#undef ROW
};

static const struct error_row *
find(int code)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].code == code) return &rows[i];
    }
    return NULL;
}

const char *
error_name(int code)
{
    const struct error_row *row = find(code);

    return row != NULL ? row->name : "EUNKNOWN";
}

const char *
error_text(int code)
{
    const struct error_row *row = find(code);

    return row != NULL ? row->text : "an error this version does not know";
}

bool
error_can_retry(int code)
{
    const struct error_row *row = find(code);

    return row != NULL && row->can_retry;
}
