#!/usr/bin/env bash
# Print the path of a Chromium for the browser tests; install the distribution's one where that may be done.
#
#   CHROMIUM=/path/to/chrome scripts/chromium.sh     use this one
set -euo pipefail

NAMES=(chromium chromium-browser google-chrome google-chrome-stable)
LIMIT_SECONDS=180

say() { printf '\033[32m==>\033[0m %s\n' "$*" >&2; }

fail() {
    printf '\033[31merror:\033[0m %s\n' "$*" >&2
    exit 1
}

# Ubuntu's chromium-browser is a stub that asks for a snap: only what tells its version counts.
runs() { timeout 30 "$1" --version >/dev/null 2>&1; }

find_chromium() {
    local name path
    for name in "${NAMES[@]}"; do
        path=$(command -v "$name") || continue
        if runs "$path"; then
            printf '%s\n' "$path"
            return 0
        fi
    done
    return 1
}

# As root, or as somebody whom sudo lets through without asking.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

may_install() { command -v apt-get >/dev/null && as_root true 2>/dev/null; }

apt() { as_root env DEBIAN_FRONTEND=noninteractive timeout "$LIMIT_SECONDS" apt-get -qq "$@" >&2; }

if [ -n "${CHROMIUM:-}" ]; then
    runs "$CHROMIUM" || fail "CHROMIUM=$CHROMIUM does not run; name another one, or leave it unset"
    printf '%s\n' "$CHROMIUM"
    exit 0
fi
find_chromium && exit 0
if may_install; then
    say "installing the distribution's Chromium for the browser tests"
    { apt update && apt install --yes --no-install-recommends chromium; } || true
    find_chromium && exit 0
fi
fail "the browser tests need Chromium and found none of ${NAMES[*]}, nor could it be installed here;" \
    "on Debian: sudo apt-get install chromium; elsewhere set CHROMIUM=/path/to/chrome"
