#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/complete.h"
#include "cli/exit.h"
#include "cli/setting.h"
#include "cli/table.h"

static bool
is_shown(const struct command *c, const struct setting *s)
{
    if (c->implies != NULL && strcmp(c->implies, s->opt->name) == 0)
        return false;
    return s->opt->kind != OPT_SECRET;
}

static void
each_option(const struct command *c,
    void (*print)(const struct command *c, const struct opt *o))
{
    struct run run;

    setting_init(&run, c);
    for (size_t i = 0; i < run.count; i++)
        if (is_shown(c, &run.settings[i])) print(c, run.settings[i].opt);
    setting_fini(&run);
}

/* First words of commands, each once. */
static void
print_first_words(const char *between)
{
    for (size_t i = 0; i < command_count; i++) {
        const char *name = command_table[i]->name;
        size_t length = strcspn(name, " ");

        if (i > 0 && strncmp(command_table[i - 1]->name, name, length) == 0
            && command_table[i - 1]->name[length] == ' ')
            continue;
        printf("%s%.*s", i > 0 ? between : "", (int)length, name);
    }
}

/* "key", "config", …: first words that want a second one. */
static void
each_half(void (*print)(const char *word, int length))
{
    for (size_t i = 0; i < command_count; i++) {
        const char *name = command_table[i]->name;
        size_t length = strcspn(name, " ");

        if (name[length] == '\0') continue;
        if (i > 0 && strncmp(command_table[i - 1]->name, name, length + 1) == 0)
            continue;
        print(name, (int)length);
    }
}

/* The command that a first word is by itself, as "objects" is; or NULL. */
static const struct command *
whole_of_half(const char *word, int length)
{
    for (size_t i = 0; i < command_count; i++) {
        const char *name = command_table[i]->name;

        if (strncmp(name, word, (size_t)length) == 0 && name[length] == '\0')
            return command_table[i];
    }
    return NULL;
}

/* What its words are; NULL: it is no command, or they are nothing known. */
static const char *
names_of_half(const char *word, int length)
{
    const struct command *c = whole_of_half(word, length);

    return c != NULL ? complete_words(c) : NULL;
}

static void
print_second_words(const char *word, int length)
{
    for (size_t i = 0; i < command_count; i++)
        if (strncmp(command_table[i]->name, word, (size_t)length + 1) == 0)
            printf(" %s", command_table[i]->name + length + 1);
}

/* ---- bash ---------------------------------------------------------------- */

static void
print_bash_option(const struct command *c, const struct opt *o)
{
    (void)c;
    printf(" --%s", o->name);
    if (o->letter != 0) printf(" -%c", o->letter);
}

static void
print_bash_values(const struct command *c, const struct opt *o)
{
    if (o->kind == OPT_FILE)
        printf("    '%s --%s') COMPREPLY=($(compgen -f -- \"$word\")); return "
               ";;\n",
            c->name, o->name);
    else if (complete_option(c, o) != NULL)
        printf("    '%s --%s') words=$(_stint_names %s) ;;\n", c->name, o->name,
            complete_option(c, o));
    else if (o->kind != OPT_CHOICE && o->kind != OPT_FLAG
             && complete_words(c) != NULL)
        printf("    '%s --%s') return ;;\n", c->name, o->name);
    if (o->kind != OPT_CHOICE) return;
    printf("    '%s --%s') words='", c->name, o->name);
    for (const char *at = o->arg; *at != '\0'; at++)
        putchar(*at == '|' ? ' ' : *at);
    printf("' ;;\n");
}

static void
print_bash_half(const char *word, int length)
{
    printf("    %.*s) [ \"$COMP_CWORD\" -gt 2 ] && case '", length, word);
    print_second_words(word, length);
    printf(" ' in *\" ${COMP_WORDS[2]} \"*) "
           "command=\"$command ${COMP_WORDS[2]}\" ;; esac ;;\n");
}

static void
print_bash_second(const char *word, int length)
{
    const char *names = names_of_half(word, length);

    printf("        %.*s) words=\"", length, word);
    print_second_words(word, length);
    if (names != NULL) printf(" $(_stint_names %s)", names);
    printf("\" ;;\n");
}

static void
print_bash_valued(const struct command *c, const struct opt *o)
{
    (void)c;
    if (o->kind == OPT_FLAG) return;
    printf("|--%s", o->name);
    if (o->letter != 0) printf("|-%c", o->letter);
}

/* The first word that is neither an option nor the value of one is a program;
 * what is behind it are files. */
static void
print_bash_programs(void)
{
    printf("    local i=2 program=\n"
           "    case \"$command\" in\n");
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = command_table[i];

        if (!complete_is_program(c)) continue;
        printf("    '%s')\n"
               "        while [ \"$i\" -lt \"$COMP_CWORD\" ]; do\n"
               "            case \"${COMP_WORDS[i]}\" in\n"
               "            =",
            c->name);
        each_option(c, print_bash_valued);
        printf(") i=$((i+1)); [ \"${COMP_WORDS[i]}\" = = ] && i=$((i+1)) ;;\n"
               "            -*) ;;\n"
               "            *) program=${COMP_WORDS[i]}; break ;;\n"
               "            esac\n"
               "            i=$((i+1))\n"
               "        done\n"
               "        if [ -z \"$program$words\" ] && [[ $word != -* ]]"
               " && [ \"$i\" -eq \"$COMP_CWORD\" ]; then\n"
               "            COMPREPLY=($(compgen -c -- \"$word\"))\n"
               "            return\n"
               "        fi ;;\n");
    }
    printf("    esac\n");
}

/* What the words of a command are, where no option asked for something. */
static void
print_bash_words(void)
{
    printf("    if [ -z \"$words\" ] && [[ $word != -* ]]; then\n"
           "        case \"$command\" in\n");
    for (size_t i = 0; i < command_count; i++)
        if (complete_words(command_table[i]) != NULL)
            printf("        '%s') words=$(_stint_names %s) ;;\n",
                command_table[i]->name, complete_words(command_table[i]));
    printf("        esac\n    fi\n");
}

static void
print_bash(void)
{
    printf("# bash completion for stint: source <(stint completion bash)\n"
           "_stint_names()\n{\n"
           "    \"${COMP_WORDS[0]}\" __complete \"$1\" 2>/dev/null | cut -f 1\n"
           "}\n"
           "_stint()\n{\n"
           "    local word=\"${COMP_WORDS[COMP_CWORD]}\" words=\n"
           "    local previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
           "    local command=\"${COMP_WORDS[1]}\"\n"
           "    if [ \"$word\" = = ]; then word=\n"
           "    elif [ \"$previous\" = = ]; then "
           "previous=\"${COMP_WORDS[COMP_CWORD-2]}\"; fi\n"
           "    case \"$command\" in\n");
    each_half(print_bash_half);
    printf("    esac\n"
           "    case \"$command\" in\n");
    for (size_t i = 0; i < command_count; i++) {
        printf(
            "    '%s') [[ $word == -* ]] && words='", command_table[i]->name);
        each_option(command_table[i], print_bash_option);
        printf(" --help' ;;\n");
    }
    printf("    esac\n    case \"$command $previous\" in\n");
    for (size_t i = 0; i < command_count; i++)
        each_option(command_table[i], print_bash_values);
    printf("    esac\n    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words='");
    print_first_words(" ");
    printf("'\n    elif [ \"$COMP_CWORD\" -eq 2 ] && [[ $word != -* ]]; then\n"
           "        case \"$command\" in\n");
    each_half(print_bash_second);
    printf("        completion) words='bash zsh fish' ;;\n"
           "        help) words='");
    print_first_words(" ");
    printf("' ;;\n        esac\n    fi\n");
    print_bash_words();
    print_bash_programs();
    printf("    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
           "complete -o default -F _stint stint\n");
}

/* ---- zsh ----------------------------------------------------------------- */

/* A text between single quotes inside _arguments, where : [ ] mean more. */
static void
print_zsh_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr(":[]\\", *text) != NULL) putchar('\\');
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    }
}

static void
print_zsh_option(const struct command *c, const struct opt *o)
{
    const char *names = complete_option(c, o);

    printf(" \\\n        %s", o->kind == OPT_LIST ? "'*'" : "");
    if (o->letter != 0 && o->kind != OPT_LIST)
        printf("'(-%c --%s)'", o->letter, o->name);
    if (o->letter != 0)
        printf("{-%c%s,--%s%s}'[", o->letter, o->kind == OPT_FLAG ? "" : "+",
            o->name, o->kind == OPT_FLAG ? "" : "=");
    else
        printf("--%s%s'[", o->name, o->kind == OPT_FLAG ? "" : "=");
    print_zsh_text(o->help);
    putchar(']');
    if (o->kind == OPT_FILE)
        printf(":file:_files");
    else if (names != NULL)
        printf(":%s: _stint_names %s", names, names);
    else if (o->kind == OPT_CHOICE) {
        printf(":value:(");
        for (const char *at = o->arg; *at != '\0'; at++)
            putchar(*at == '|' ? ' ' : *at);
        putchar(')');
    } else if (o->kind != OPT_FLAG)
        printf(":value:");
    putchar('\'');
}

static void
print_zsh_words(const struct command *c)
{
    const char *names = complete_words(c);

    if (complete_is_program(c))
        printf(" '1:command: _command_names -e' '*:file:_files' ;;\n");
    else if (names != NULL)
        printf(" '*:%s: _stint_names %s' ;;\n", names, names);
    else
        printf(" '*:file:_files' ;;\n");
}

static void
print_zsh_half(const char *word, int length)
{
    printf("    %.*s)\n        local -a halves=(", length, word);
    print_second_words(word, length);
    printf(" )\n        if (( CURRENT == 3 )); then\n"
           "            compadd -a halves\n");
    if (whole_of_half(word, length) == NULL) printf("            return\n");
    printf("        elif (( ${halves[(Ie)$words[3]]} )); then\n"
           "            command=\"$command $words[3]\"\n"
           "        fi ;;\n");
}

static void
print_zsh(void)
{
    printf("#compdef stint\n"
           "# zsh completion for stint: stint completion zsh > "
           "\"${fpath[1]}/_stint\"\n"
           "_stint_names() {\n"
           "    local line\n"
           "    local -a names\n"
           "    for line in ${(f)\"$($words[1] __complete $1 2>/dev/null)\"}; "
           "do\n"
           "        names+=(\"${line/$'\\t'/:}\")\n"
           "    done\n"
           "    _describe -V $1 names\n"
           "}\n"
           "_stint() {\n"
           "    local command=\"$words[2]\"\n"
           "    if (( CURRENT == 2 )); then\n        compadd ");
    print_first_words(" ");
    printf("\n        return\n    fi\n"
           "    case $command in\n");
    each_half(print_zsh_half);
    printf("    completion|help)\n"
           "        if [[ $words[CURRENT] != -* ]]; then\n"
           "            if [[ $command == help ]]; then compadd ");
    print_first_words(" ");
    printf("\n            else compadd bash zsh fish; fi\n"
           "            return\n        fi ;;\n"
           "    esac\n    case $command in\n");
    for (size_t i = 0; i < command_count; i++) {
        printf("    '%s') _arguments", command_table[i]->name);
        each_option(command_table[i], print_zsh_option);
        print_zsh_words(command_table[i]);
    }
    printf("    esac\n}\n_stint \"$@\"\n");
}

/* ---- fish ---------------------------------------------------------------- */

static void
print_fish_text(const char *text)
{
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\') putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

static void
print_fish_names(const char *kind)
{
    printf(" -x -a '(stint __complete %s 2>/dev/null)'", kind);
}

static void
print_fish_option(const struct command *c, const struct opt *o)
{
    printf("complete -c stint -n '__stint_is \"%s\"' -l %s", c->name, o->name);
    if (o->letter != 0) printf(" -s %c", o->letter);
    if (o->kind == OPT_FILE)
        printf(" -r -F");
    else if (complete_option(c, o) != NULL)
        print_fish_names(complete_option(c, o));
    else if (o->kind == OPT_CHOICE) {
        printf(" -x -a '");
        for (const char *at = o->arg; *at != '\0'; at++)
            putchar(*at == '|' ? ' ' : *at);
        printf("'");
    } else if (o->kind != OPT_FLAG)
        printf(" -x");
    printf(" -d ");
    print_fish_text(o->help);
    putchar('\n');
}

static void
print_fish_second_words(void)
{
    for (size_t i = 0; i < command_count; i++) {
        const char *name = command_table[i]->name;
        const char *blank = strchr(name, ' ');

        if (blank == NULL) continue;
        printf("complete -c stint -n '__stint_is %.*s' -x -a %s\n",
            (int)(blank - name), name, blank + 1);
    }
}

static void
print_fish_half(const char *word, int length)
{
    printf(" %.*s", length, word);
}

static void
print_fish(void)
{
    printf("# fish completion for stint: stint completion fish > "
           "~/.config/fish/completions/stint.fish\n"
           "function __stint_is\n"
           "    set -l words (commandline -opc)\n"
           "    string match -q -- \"$argv[1]\" "
           "\"$words[2]\" \"$words[2] $words[3]\"\nend\n");
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = command_table[i];

        if (strchr(c->name, ' ') == NULL) {
            printf("complete -c stint -n __fish_use_subcommand -x -a %s -d ",
                c->name);
            print_fish_text(c->summary);
            putchar('\n');
        }
        each_option(c, print_fish_option);
        if (complete_is_program(c))
            printf("complete -c stint -n '__stint_is \"%s\"' -a "
                   "'(__fish_complete_subcommand --fcs-skip=2)'\n",
                c->name);
        if (complete_words(c) == NULL) continue;
        printf("complete -c stint -n '__stint_is \"%s\"'", c->name);
        print_fish_names(complete_words(c));
        putchar('\n');
    }
    printf("complete -c stint -n __fish_use_subcommand -x -a '");
    each_half(print_fish_half);
    printf("'\n");
    print_fish_second_words();
    printf("complete -c stint -n '__stint_is completion' -x -a 'bash zsh "
           "fish'\n");
}

/* For scripts that go through all of them, such as the check of the manual. */
static void
print_commands(void)
{
    for (size_t i = 0; i < command_count; i++)
        puts(command_table[i]->name);
}

static int
run_completion(struct run *run)
{
    const char *shell = run->words[0];

    if (strcmp(shell, "bash") == 0)
        print_bash();
    else if (strcmp(shell, "zsh") == 0)
        print_zsh();
    else if (strcmp(shell, "fish") == 0)
        print_fish();
    else if (strcmp(shell, "commands") == 0)
        print_commands();
    else
        return exit_say(EXIT_USAGE,
            "'%s' is not known here; there is bash, zsh and fish", shell);
    return table_flush();
}

const struct command command_completion = {
    .name = "completion",
    .group = "Admin",
    .args = "bash|zsh|fish",
    .summary = "Print completions for a shell",
    .examples = "source <(stint completion bash)\n"
                "stint completion zsh > \"${fpath[1]}/_stint\"\n",
    .args_min = 1,
    .args_max = 1,
    .groups = { &opt_general },
    .run = run_completion,
};
