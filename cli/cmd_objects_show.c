/* objects show: who holds a named object, who waits, and what is in it. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <stint_objects.h>

#include "cli/command.h"
#include "cli/connect.h"
#include "cli/exit.h"
#include "cli/mem.h"
#include "cli/objects.h"
#include "cli/packed.h"
#include "cli/value.h"

static const struct opt options[] = {
    { "limit", 0, OPT_COUNT, "N", "1000",
        "Entries, and those who wait, at most; 0 for all" },
    { 0 },
};
static const struct opt_group group = { "objects show", "What:", options };

/* What is being shown. */
struct show {
    const struct run *run;
    enum stint_object_kind kind;
    enum stint_value_type type;
    struct table *row, *users;
    struct table *entries; /* NULL: each is printed at once, as JSON. */
    uint64_t limit;        /* 0: none. */
    uint64_t users_count, entries_count;
    bool cut; /* There is more than that. */
};

static bool
has_entries(const struct show *show)
{
    return show->kind >= STINT_OBJECT_DICT && show->kind <= STINT_OBJECT_VALUES;
}

static int
see_object(void *arg, const struct stint_object_row *row)
{
    struct show *show = arg;

    show->kind = row->kind;
    show->type = row->type;
    objects_add(show->row, row);
    return 0;
}

/* Other than 0: enough of them were seen. */
static int
count(struct show *show, uint64_t *seen)
{
    if (show->limit > 0 && *seen == show->limit) {
        show->cut = true;
        return 1;
    }
    *seen += 1;
    return 0;
}

static int
see_user(void *arg, const struct stint_object_user *user)
{
    struct show *show = arg;

    if (count(show, &show->users_count) != 0) return 1;
    objects_add_user(show->users, show->kind, user);
    return 0;
}

/* ---- entries ------------------------------------------------------------- */

static const struct column dict_columns[] = {
    { .name = "entry", .is_id = true },
    { "value", CELL_TEXT, COLUMN_SHOWN, false },
    { "form", CELL_WORD, COLUMN_SHOWN, false },
    { "version", CELL_NUMBER, COLUMN_SPARE, false },
    { 0 },
};

/* Values that were declared to be numbers are packed, and bytes are bytes. */
static enum packed_first
first_of(const struct show *show)
{
    bool bytes = show->kind == STINT_OBJECT_VALUES && show->type == STINT_BYTES;

    return bytes ? PACKED_TEXT_ONLY : PACKED_VALUE_FIRST;
}

static bool
is_number(const struct show *show)
{
    return show->kind == STINT_OBJECT_VALUES && show->type != STINT_BYTES;
}

static void
print_entry(const struct show *show, const struct packed *key,
    const struct packed *value, uint64_t version)
{
    json_t *json = json_object();

    if (show->kind == STINT_OBJECT_DICT) {
        json_object_set(json, "key", key->json);
        json_object_set_new(json, "key_form", json_string(packed_word(key)));
    } else {
        json_object_set_new(
            json, "place", json_integer((json_int_t)(show->entries_count - 1)));
    }
    json_object_set(json, "value", value->json);
    json_object_set_new(json, "form", json_string(packed_word(value)));
    if (value->plain != NULL && !is_number(show))
        json_object_set_new(json, "text", json_string(value->plain));
    json_object_set_new(json, "version", json_integer((json_int_t)version));
    fputs(show->entries_count > 1 ? ",\n    " : "\n    ", stdout);
    json_dumpf(json, stdout, JSON_REAL_PRECISION(15));
    json_decref(json);
}

static void
add_entry(const struct show *show, const struct packed *key,
    const struct packed *value, uint64_t version)
{
    char *place = mem_format("%" PRIu64, show->entries_count - 1);
    char *number = is_number(show) ? json_dumps(
                       value->json, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15))
                                   : NULL;

    table_add(show->entries,
        (const struct cell[]){
            TABLE_TEXT(show->kind == STINT_OBJECT_DICT ? key->text : place),
            TABLE_TEXT(number != NULL ? number : value->text),
            TABLE_TEXT(packed_word(value)), TABLE_NUMBER(version) });
    free(number);
    free(place);
}

static int
see_entry(void *arg, const struct stint_entry *entry)
{
    struct show *show = arg;
    struct packed key, value;

    if (count(show, &show->entries_count) != 0) return 1;
    packed_read(&key, entry->key, PACKED_TEXT_FIRST);
    packed_read(&value, entry->value, first_of(show));
    if (show->entries == NULL)
        print_entry(show, &key, &value, entry->version);
    else
        add_entry(show, &key, &value, entry->version);
    packed_fini(&key);
    packed_fini(&value);
    return 0;
}

/* Of one that was deleted meanwhile there is nothing more. */
static int
read_entries(struct stint *s, struct show *show)
{
    int code = 0;

    if (has_entries(show))
        code = stint_object_each(s, show->run->words[0], see_entry, show);
    return code >= 0 ? EXIT_FINE : exit_error(code);
}

/* ---- printing ------------------------------------------------------------ */

/* Page after page, without holding all of it. */
static int
print_json(struct stint *s, struct show *show)
{
    int status;

    table_begin_json(show->row);
    printf(",\n  \"users\": ");
    table_dump_json(show->users);
    printf(",\n  \"entries\": [");
    status = read_entries(s, show);
    printf("%s]\n}\n", show->entries_count > 0 ? "\n  " : "");
    return status != EXIT_FINE ? status : table_flush();
}

static int
print_people(const struct show *show)
{
    int status = table_print_record(show->row, show->run);

    if (status == EXIT_FINE && table_rows(show->users) > 0) {
        putchar('\n');
        status = table_print(show->users, show->run);
    }
    if (status == EXIT_FINE && table_rows(show->entries) > 0) {
        putchar('\n');
        status = table_print(show->entries, show->run);
    }
    return status;
}

static int
print(struct stint *s, struct show *show)
{
    int status;

    if (table_form(show->run) == TABLE_JSON) return print_json(s, show);
    show->entries = table_new(dict_columns);
    status = read_entries(s, show);
    if (status != EXIT_FINE) return status;
    if (table_form(show->run) == TABLE_PEOPLE) return print_people(show);
    return table_print(
        has_entries(show) ? show->entries : show->users, show->run);
}

static int
show_it(struct stint *s, struct show *show)
{
    const char *name = show->run->words[0];
    int64_t timeout_ms = setting_ms(show->run, "timeout");
    int status;
    int code = stint_list_objects(s, name, see_object, show, timeout_ms);

    if (code == 0)
        code = stint_list_object_users(s, name, see_user, show, timeout_ms);
    if (code == STINT_ENOOBJECT) return objects_say_none(name);
    if (code < 0) return exit_error(code);
    status = print(s, show);
    if (show->cut)
        exit_note("(the first %" PRIu64 "; --limit 0 shows all)", show->limit);
    return status;
}

static int
run_show(struct run *run)
{
    struct show show = { .run = run,
        .row = objects_table(),
        .users = objects_users_table(),
        .limit = (uint64_t)setting_number(run, "limit") };
    struct stint *s;
    int status = connect_as(run, STINT_TOOL, &s);

    if (status == EXIT_FINE) {
        status = show_it(s, &show);
        stint_close(s);
    }
    table_free(show.row);
    table_free(show.users);
    table_free(show.entries);
    return status;
}

const struct command command_objects_show = {
    .name = "objects show",
    .group = "Look",
    .args = "OBJECT",
    .summary = "Show who holds a named object, who waits, and what is in it",
    .examples = "stint objects show ledger\n"
                "stint objects show ages --json | jq '.entries[].value'\n"
                "stint objects show ages --limit 0 --plain\n",
    .notes =
        "Values that are msgpack (stint_value.h) are shown as JSON, others "
        "as text, or as hexadecimal digits.  --plain and -q print the "
        "entries of a dict, a list or values, of other objects who holds "
        "them and who waits.",
    .args_min = 1,
    .args_max = 1,
    .groups = { &group, &opt_output, &opt_connection, &opt_general },
    .run = run_show,
};
