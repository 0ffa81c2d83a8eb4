#include "common/path.h"

#include "common/text.h"

static size_t
part_length(struct slice name)
{
    size_t length = 0;

    while (length < name.length && name.bytes[length] != '/')
        length++;
    return length;
}

static bool
leads_nowhere(struct slice part)
{
    return part.length == 0 || slice_equal(part, slice_of("."));
}

bool
path_is_inner(struct slice name)
{
    if (name.length == 0 || name.length > PATH_INNER_MAX) return false;
    if (!text_is_plain(name)) return false;
    for (;;) {
        struct slice part = { name.bytes, part_length(name) };
        if (leads_nowhere(part) || slice_equal(part, slice_of(".."))
            || part.length > PATH_PART_MAX) {
            return false;
        }
        if (part.length == name.length) return true;
        name.bytes += part.length + 1;
        name.length -= part.length + 1;
    }
}

size_t
path_tidy(char *name, size_t length)
{
    size_t to = length > 0 && name[0] == '/' ? 1 : 0;
    size_t start = to;

    for (size_t at = to; at < length;) {
        struct slice rest = { (const uint8_t *)name + at, length - at };
        size_t part = part_length(rest);
        if (!leads_nowhere((struct slice){ rest.bytes, part })) {
            if (to > start) name[to++] = '/';
            memmove(name + to, name + at, part);
            to += part;
        }
        at += part + 1;
    }
    return to;
}

struct slice
path_last(struct slice name)
{
    for (size_t at = name.length; at > 0; at--) {
        if (name.bytes[at - 1] != '/') continue;
        return (struct slice){ name.bytes + at, name.length - at };
    }
    return name;
}
