#!/usr/bin/env bash
# Print the path of actionlint, which checks GitHub's workflows; build it with Go where there is none.
#
#   ACTIONLINT=/path/to/actionlint scripts/actionlint.sh     use this one
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

FOLDER=.tools
VERSION=v1.7.12

fail() {
    printf '\033[31merror:\033[0m %s\n' "$*" >&2
    exit 1
}

for found in "${ACTIONLINT:-}" "$(command -v actionlint || true)" "$FOLDER/bin/actionlint"; do
    if [ -x "$found" ]; then
        printf '%s\n' "$found"
        exit 0
    fi
done
# Go checks what it fetches against its checksum database. On PyPI there is only a script that downloads.
if command -v go >/dev/null && GOBIN=$PWD/$FOLDER/bin go install "github.com/rhysd/actionlint/cmd/actionlint@$VERSION" >&2; then
    printf '%s\n' "$FOLDER/bin/actionlint"
    exit 0
fi
fail "no actionlint here, nor could it be built; install it or Go, or set ACTIONLINT=/path/to/actionlint"
