# The words of the table (tests/parallel/cases), for WHO = parallel or stint.
# shellcheck shell=bash
set -o pipefail

if [ "$WHO" = parallel ]; then
    run() { parallel --will-cite -k "$@"; }
    shell() { run "$@"; }
    by_end() { parallel --will-cite "$@"; }
else
    run() { "$STINT" run "$@"; }
    shell() { run --shell "$@"; }
    by_end() { shell --as-completed "$@"; }
fi

# joblog FILE: its columns but for host and times, in the order of places.
joblog() {
    cut -f 1,5- "$1" | sort -n
}

# tree DIR: its files with what is in them.
tree() {
    find "$1" -type f | sort | while IFS= read -r file; do
        printf '%s: ' "$file"
        tr '\n' '|' <"$file"
        echo
    done
}
