#!/usr/bin/env bash
# Print the path of a promtool, Prometheus' own checker of rules; fetch the distribution's one where there is none.
#
#   PROMTOOL=/path/to/promtool scripts/promtool.sh     use this one
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

FOLDER=.tools

fail() {
    printf '\033[31merror:\033[0m %s\n' "$*" >&2
    exit 1
}

for found in "${PROMTOOL:-}" "$(command -v promtool || true)" "$FOLDER/usr/bin/promtool"; do
    if [ -x "$found" ]; then
        printf '%s\n' "$found"
        exit 0
    fi
done
# Unpacked, not installed: that needs no root, and starts no server.
if command -v apt-get >/dev/null && command -v dpkg >/dev/null; then
    mkdir -p "$FOLDER"
    if (cd "$FOLDER" && apt-get -qq download prometheus >&2 && dpkg -x prometheus_*.deb . && rm prometheus_*.deb); then
        printf '%s\n' "$FOLDER/usr/bin/promtool"
        exit 0
    fi
fi
fail "no promtool here, nor could it be fetched; install Prometheus, or set PROMTOOL=/path/to/promtool"
