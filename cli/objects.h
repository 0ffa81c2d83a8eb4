/**
 * objects.h - named objects as rows of a table.                [layer: cli]
 */
#ifndef CLI_OBJECTS_H
#define CLI_OBJECTS_H

#include <stint_objects.h>

#include "cli/table.h"

/** An empty table for objects_add(). */
struct table *objects_table(void);

void objects_add(struct table *table, const struct stint_object_row *row);

/** "lock", "dict", … */
const char *objects_kind(enum stint_object_kind kind);

/** "3 entries", "2 of 5 free"; NULL: it has no size.  Gives it. */
char *objects_size(const struct stint_object_row *row);

/** Whether `word` is a pattern, and not a name. */
bool objects_is_pattern(const char *word);

/** Says that there is no such object.  Returns EXIT_FAILED. */
int objects_say_none(const char *word);

/** Those who hold an object or wait for it. */
struct table *objects_users_table(void);
void objects_add_user(struct table *table, enum stint_object_kind kind,
    const struct stint_object_user *user);

#endif
