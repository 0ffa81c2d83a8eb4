#!/usr/bin/env bats
# What can be said without a master: help, mistakes, values, completions.

load helper

@test "no command at all is 64 and says how to begin" {
    run -64 --separate-stderr stint
    is_one_error
    [[ $stderr == *"stint help"* ]]
    [ -z "$output" ]
}

@test "help lists every command, --help and -h too" {
    stint completion commands >commands
    [ "$(wc -l <commands)" -ge 20 ]
    stint help >help
    while read -r command; do grep -q "^  $command " help; done <commands
    stint --help | cmp - help
    stint -h | cmp - help
}

# Few processes for each command, as there are many commands.
@test "every command has a help with usage, then examples, then options" {
    while read -r command; do
        # shellcheck disable=SC2086 # "key new" is two words
        stint $command --help >"$T/help"
        # shellcheck disable=SC2086
        stint help $command | cmp - "$T/help"
        awk -v usage="^Usage: stint $command" '
            /^Usage/ && !first { first = NR }
            $0 ~ usage { found = 1 }
            /^Examples:/ && !examples { examples = NR }
            / --/ { options = 1 }
            /--quiet/ && !quiet { quiet = NR }
            END { exit !(found && options && first < examples &&
                         examples < quiet) }' "$T/help" ||
            { echo "$command"; false; }
    done < <(stint completion commands)
}

@test "every option's variable is in the help" {
    while read -r command; do
        # shellcheck disable=SC2086
        stint $command --help >"$T/help"
        awk -v command="$command" '
            { text = text $0 "\n" }
            match($0, /^ +(-., )?  ?--[a-z-]+/) {
                option = substr($0, RSTART, RLENGTH)
                sub(/.*[ ,]--/, "", option)
                if (option != "help" && option != "usage") options[option]
            }
            END {
                scope = toupper(command)
                gsub(/[ -]/, "_", scope)
                for (option in options) {
                    name = toupper(option)
                    gsub(/-/, "_", name)
                    if (text !~ "\\[STINT_(" scope "_|WORKER_|MASTER_|RUN_)?" name "\\]") {
                        print command " --" option
                        bad = 1
                    }
                }
                exit bad
            }' "$T/help"
    done < <(stint completion commands)
}

@test "a misspelt command is 64 and the right one is named" {
    run -64 --separate-stderr stint stauts
    is_one_error
    [[ $stderr == *"did you mean \`stint status\`"* ]]
    run -64 --separate-stderr stint banana
    [[ $stderr == *"stint help"* ]]
}

@test "a verb behind its noun is 64 and the command is named" {
    run -64 --separate-stderr stint job cancel 3
    is_one_error
    [[ $stderr == *"did you mean \`stint cancel --job 3\`"* ]]
    run -64 --separate-stderr stint task retry 3
    [[ $stderr == *"\`stint retry 3\`"* ]]
    run -64 --separate-stderr stint run --retry 3 true
    [[ $stderr == *"did you mean --retries"* ]]
}

@test "half a command names its other halves" {
    run -64 --separate-stderr stint key
    [[ $stderr == *"stint key generate"* && $stderr == *"stint key revoke"* ]]
    run -64 --separate-stderr stint key lst
    [[ $stderr == *"'lst'"* ]]
}

@test "a misspelt option is 64 and the right one is named" {
    run -64 --separate-stderr stint put --prioritty 4 q v
    is_one_error
    [[ $stderr == *"did you mean --priority"* ]]
    run -64 --separate-stderr stint put -x q v
    is_one_error
}

@test "an option without its value, or with one too many, is 64" {
    run -64 --separate-stderr stint put q v --delay
    is_one_error
    [[ $stderr == *"--delay TIME"* ]]
    run -64 --separate-stderr stint put q v --lines=3
    is_one_error
    run -64 --separate-stderr stint put --re q v
    [ -z "$output" ]
}

@test "a value of the wrong kind is 64 and says what is wanted" {
    run -64 --separate-stderr stint put q v --delay 5x
    [[ $stderr == *"duration such as 90s"* && $stderr == *"'5x'"* ]]
    run -64 --separate-stderr stint master --memory-max lots
    [[ $stderr == *"size such as 64k"* ]]
    run -64 --separate-stderr stint worker -j many -- true
    [[ $stderr == *"whole number"* ]]
    run -64 --separate-stderr stint status --color sometimes
    [[ $stderr == *"auto|always|never"* ]]
}

@test "too few and too many words are 64" {
    run -64 --separate-stderr stint get
    [[ $stderr == *"stint get QUEUE"* ]]
    run -64 --separate-stderr stint get a b
    [[ $stderr == *"'b'"* ]]
    run -64 --separate-stderr stint worker ./sim
    [[ $stderr == *"-- ./sim"* ]]
    run -64 --separate-stderr stint worker
    [[ $stderr == *"--plugin"* ]]
}

@test "an option before the command is 64 and says where it goes" {
    run -64 --separate-stderr stint --master tcp://x status
    [[ $stderr == *"the command comes first"* ]]
}

@test "version" {
    run -0 stint version
    [[ $output == "stint "[0-9]*.[0-9]*.[0-9]* ]]
    run -0 stint --version
    [[ $output == "stint "* ]]
    [ "$(stint version --json | json .stint)" = "${output#stint }" ]
}

@test "completions are made for bash, zsh and fish" {
    for shell in bash zsh fish; do
        stint completion "$shell" >"$shell"
        grep -q authkey-file "$shell"
        grep -q revoke "$shell"
    done
    bash -n bash
    run -64 --separate-stderr stint completion tcsh
    is_one_error
}

@test "bash completes commands, options and choices" {
    stint completion bash >bash
    # shellcheck disable=SC1091
    source ./bash
    complete_at() { COMP_CWORD=$(($# - 1)); COMP_WORDS=("$@"); COMPREPLY=(); _stint; echo "${COMPREPLY[*]}"; }
    [ "$(complete_at stint sta)" = status ]
    [[ $(complete_at stint put q --pri) == --priority ]]
    [[ $(complete_at stint key new n --ro) == --role ]]
    [ "$(complete_at stint key new n --role ad)" = admin ]
    [ "$(complete_at stint key new n --role = ad)" = admin ]
    [[ $(complete_at stint key new n --role =) == *submit* ]]
    [ "$(complete_at stint completion --qu)" = --quiet ]
}

@test "an authkey on the command line does not exist" {
    run -64 --separate-stderr stint status --authkey secret
    [[ $stderr == *"--authkey"* ]]
    stint status --help | lacks -- '--authkey[^-]'
}

@test "a terminal on stdin where input is expected is 64" {
    run -64 script -qec "'$STINT' put q" /dev/null
    [[ $output == *"put what?"* ]]
}

@test "help of half a command lists its other halves" {
    run -0 stint key --help
    [[ $output == *"key generate"* && $output == *"key revoke"* ]]
    [ "$(stint help key)" = "$output" ]
    [ "$(stint key -h)" = "$output" ]
    run -0 stint help config
    [[ $output == *"config show"* ]]
    run -64 --separate-stderr stint keys
    is_one_error
    [[ $stderr == *"stint key list"* ]]
}

@test "json and plain at once are 64, and so are no pings and no tasks" {
    run -64 --separate-stderr stint queues --json --plain
    is_one_error
    run -64 stint ping -c 0
    run -64 stint get q -n 0
}

@test "bash offers options only after a dash" {
    stint completion bash >bash
    # shellcheck disable=SC1091
    source ./bash
    complete_at() { COMP_CWORD=$(($# - 1)); COMP_WORDS=("$@"); COMPREPLY=(); _stint; echo "${COMPREPLY[*]}"; }
    [ -z "$(complete_at stint put "")" ]
    [[ $(complete_at stint put -) == *--lines* ]]
    [ "$(complete_at stint key "")" = "generate new list revoke" ]
}

@test "the help says nothing of getopt" {
    stint put --help | lacks 'Mandatory or optional'
    stint help put | lacks 'Mandatory or optional'
}

@test "help of local says nothing of --allow-exec, which it does anyway" {
    stint local --help | lacks -e --allow-exec
    stint worker --help | grep -q -e --allow-exec
    run -64 --separate-stderr stint local --allow-exec -- </dev/null
    [[ $stderr == *"no command follows"* ]]
}
