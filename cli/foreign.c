#include "cli/foreign.h"

#include <stddef.h>
#include <string.h>

#include "cli/command.h"
#include "cli/joboptions.h"

static const char pieces[] =
    "a task gets one value; with --stdin it is its standard input, and -0 ends "
    "a value with a NUL, so that it may have several lines";
static const char seen[] = "how far it is stands on stderr anyway; where that "
                           "is no terminal, --progress always says it every "
                           "second";
static const char thanks[] = "leave it out, nothing asks for it here";
static const char hosts[] =
    "start stint worker --allow-exec on that host, and all jobs run there, too "
    "(stint help worker)";
static const char files[] =
    "--put FILE sends a file along, --get FILE brings one back";
static const char load[] = "--cpus N and --memory SIZE say what a task needs, "
                           "and -j N how many run side by side";
static const char many[] = "a task gets one line of the input; put several "
                           "values on a line (paste -d, - -) and part them "
                           "with --colsep ,";
static const char beside[] = "write :::+ for the second ::: (::::+ for ::::), "
                             "which goes side by side with the first";
static const char holes[] = "{} is always called so; see stint help run for "
                            "{.} {/} {//} {/.} {#} {1}";
static const char alive[] =
    "what a task prints comes in one piece when it ends; stint logs -f TASK "
    "follows one that runs";
static const char anyway[] = "leave it out, it is so anyway";
static const char what[] = "--dry-run prints what would run";
static const char side[] = "-j N is how many run side by side";
static const char kept[] = "--results DIR writes what tasks print into files";
static const char inputs[] =
    "a value is a line, or with -0 what ends with a NUL; tr makes one of "
    "anything else";

struct foreign {
    const char *name; /* "": it has a letter only. */
    int letter;       /* Or 0. */
    const char *instead;
};

static const struct foreign options[] = {
    { "pipe", 0, pieces },
    { "spreadstdin", 0, pieces },
    { "pipepart", 0, pieces },
    { "pipe-part", 0, pieces },
    { "block", 0, pieces },
    { "recstart", 0, pieces },
    { "recend", 0, pieces },
    { "round-robin", 0, pieces },
    { "cat", 0, pieces },
    { "fifo", 0, pieces },
    { "tee", 0, pieces },
    { "bar", 0, seen },
    { "eta", 0, seen },
    { "will-cite", 0, thanks },
    { "willcite", 0, thanks },
    { "citation", 0, thanks },
    { "bibtex", 0, thanks },
    { "no-notice", 0, thanks },
    { "gnu", 0, thanks },
    { "sshlogin", 'S', hosts },
    { "sshloginfile", 0, hosts },
    { "slf", 0, hosts },
    { "ssh", 0, hosts },
    { "controlmaster", 'M', hosts },
    { "hostgroups", 0, "--need LABEL runs it on workers that have the label" },
    { "hgrp", 0, "--need LABEL runs it on workers that have the label" },
    { "basefile", 0, files },
    { "bf", 0, files },
    { "transferfile", 0, files },
    { "transfer", 0, files },
    { "tf", 0, files },
    { "return", 0, files },
    { "trc", 0, files },
    { "cleanup", 0, "what --put and --get carry is removed anyway" },
    { "workdir", 0, "--cwd DIR is where it runs" },
    { "wd", 0, "--cwd DIR is where it runs" },
    { "load", 0, load },
    { "memfree", 0, load },
    { "memsuspend", 0, load },
    { "noswap", 0, load },
    { "delay", 0,
        "-j N bounds how many run side by side; nothing delays them" },
    { "nice", 0,
        "put it before the command (nice -n 5 COMMAND), or start the worker "
        "with it" },
    { "max-args", 'n', many },
    { "max-replace-args", 'N', many },
    { "max-lines", 'L', many },
    { "max-chars", 's', many },
    { "xargs", 'X', many },
    { "", 'm', many },
    { "link", 0, beside },
    { "xapply", 0, beside },
    { "replace", 'I', holes },
    { "", 'i', holes },
    { "", 'U', holes },
    { "rpl", 0, holes },
    { "plus", 0, holes },
    { "parens", 0, holes },
    { "extensionreplace", 0, holes },
    { "basenamereplace", 0, holes },
    { "dirnamereplace", 0, holes },
    { "header", 0,
        "take the first line off (tail -n +2), and call the columns {1} {2}" },
    { "tagstring", 0, "--tag prints the values before each line" },
    { "line-buffer", 0, alive },
    { "linebuffer", 0, alive },
    { "lb", 0, alive },
    { "ungroup", 'u', alive },
    { "tmux", 0, alive },
    { "latest-line", 0, alive },
    { "group", 0, anyway },
    { "quote", 0, "leave it out, no shell reads the command" },
    { "verbose", 'v', what },
    { "", 't', what },
    { "interactive", 'p', what },
    { "dryrun", 0, what },
    { "shuf", 0, "shuffle what goes in: … | shuf | stint run …" },
    { "delimiter", 'd', inputs },
    { "arg-sep", 0, "values stand behind :::" },
    { "arg-file-sep", 0, "files with values stand behind ::::" },
    { "max-procs", 'P', side },
    { "procs", 0, side },
    { "", 'C', "--colsep REGEX parts a line" },
    { "retry-failed", 0,
        "stint retry --failed tries again what failed of a job, and "
        "--resume-failed what a --joblog has so" },
    { "halt-on-error", 0, "--halt soon,fail=1 or now,fail=1" },
    { "files", 0, kept },
    { "tmpdir", 0, kept },
    { "compress", 0, kept },
    { "silent", 0, "-q says only what is wrong" },
    { "no-run-if-empty", 'r',
        "each line is a value; grep . leaves out the empty ones" },
    { "cpus-per-task", 'c', "--cpus N is how many cores each task needs" },
    { "gres", 0, "--need gpus=1 is a count of what each task needs" },
    { "time-limit", 0, "--timeout TIME fails an attempt that takes longer" },
    { "requeue", 0,
        "a task whose worker was lost runs again anyway; see "
        "--losses" },
    { "crash-limit", 0, "--losses N is one less: so many losses are free" },
    { "max-fails", 0, "--halt soon,fail=N ends it when so many failed" },
    { "each-line", 0, "-a FILE, or :::: FILE behind the command" },
};

enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

/* Of `submit`, what only `run` has. */
static const char *
of_run(const char *name, int letter)
{
    for (const struct opt *o = joboptions_output.options; o->name != NULL; o++)
        if (name != NULL ? strcmp(o->name, name) == 0
                         : o->letter != 0 && o->letter == letter)
            return "that is for stint run: submit leaves before anything is "
                   "printed, and stint results prints it in the order of the "
                   "input (--json: with all there is)";
    return NULL;
}

static const char *
find(const struct command *command, const char *name, int letter)
{
    bool is_run = strcmp(command->name, "run") == 0;

    if (!is_run && strcmp(command->name, "submit") != 0) return NULL;
    for (size_t i = 0; i < OPTIONS; i++)
        if (name != NULL ? strcmp(options[i].name, name) == 0
                         : options[i].letter == letter)
            return options[i].instead;
    return is_run ? NULL : of_run(name, letter);
}

const char *
foreign_option(const struct command *command, const char *name)
{
    return *name != '\0' ? find(command, name, 0) : NULL;
}

const char *
foreign_letter(const struct command *command, int letter)
{
    return find(command, NULL, letter);
}
