#!/usr/bin/env bash
# Bring .venv to what the lock says. Needs a Python 3.11 to 3.14 and nothing else (where there is none, uv
# fetches one); a second call that finds nothing changed leaves at once.
#
#   PYTHON=python3.13 scripts/install.sh             use this Python for a new .venv
#   VENV=/other/folder scripts/install.sh            build the environment elsewhere
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
unset PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONPATH VIRTUAL_ENV CONDA_PREFIX

VENV=${VENV:-.venv}
LOCK=requirements-dev.txt
STAMP=$VENV/.evergreen-installed
# In `if` conditions `set -e` is off, so every step that may fail says so itself.
IN_RANGE='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'
# The image's Python first, then by how long each has been tried.
CANDIDATES="python3.12 python3.11 python3.13 python3.14 python3 python"
FETCHED=3.12

say() { printf '\033[32m==>\033[0m %s\n' "$*"; }

fail() {
    printf '\033[31merror:\033[0m %s\n' "$*" >&2
    exit 1
}

# uv is in the lock like all else, so pip checks its hash. $1: the environment that it goes into.
install_uv() {
    local block
    block=$(awk '/^uv==/ { on = 1 } on { print; if ($0 !~ /\\$/) exit }' "$LOCK")
    printf '%s\n' "$block" >"$1/uv.lock.txt"
    say "installing $(printf '%s' "$block" | head -n 1 | cut -d' ' -f1) (hash-checked) into $1"
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary uv \
        --no-deps --require-hashes -r "$1/uv.lock.txt" && "$1/bin/uv" --version >/dev/null
}

runs_us() { "$1" -c "$IN_RANGE" >/dev/null 2>&1; }

has_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

# A shim of pyenv answers only for the version that is selected; pyenv knows where the others are.
located() {
    if ! "$1" -c '' >/dev/null 2>&1 && command -v pyenv >/dev/null; then
        pyenv whence --path "$1" 2>/dev/null | tail -n 1 | grep . && return
    fi
    printf '%s\n' "$1"
}

# The uv of the PATH, or else the locked one, put into folder $1 by whatever Python there is.
find_uv() {
    local candidate
    command -v uv && return
    for candidate in python3 python; do
        has_venv "$candidate" || continue
        "$candidate" -m venv "$1" && install_uv "$1" >&2 && printf '%s\n' "$1/bin/uv" && return
    done
    return 1
}

# uv keeps the Pythons that it fetches in its own folder, by default below ~/.local/share/uv.
fetch_python() {
    local folder uv status=0
    folder=$(mktemp -d)
    {
        uv=$(find_uv "$folder/uv") \
            && say "no Python 3.11 to 3.14 on the PATH; fetching Python $FETCHED with uv" >&2 \
            && "$uv" python install "$FETCHED" >&2 \
            && "$uv" python find --managed-python "$FETCHED"
    } || status=$?
    rm -rf "$folder"
    return "$status"
}

find_python() {
    local candidate without_venv=""
    if [ -n "${PYTHON:-}" ]; then
        candidate=$(located "$PYTHON")
        runs_us "$candidate" || fail "PYTHON=$PYTHON is not a Python 3.11 to 3.14; name another one"
        has_venv "$candidate" || fail "PYTHON=$PYTHON lacks venv or ensurepip; on Debian: apt install python3-venv"
        printf '%s\n' "$candidate"
        return
    fi
    for candidate in $CANDIDATES; do
        runs_us "$candidate" || continue
        if has_venv "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
        without_venv=${without_venv:-$candidate}
    done
    [ -z "$without_venv" ] || fail "$without_venv lacks venv or ensurepip (Debian and Ubuntu ship them apart):" \
        "apt install ${without_venv}-venv, or run: make install PYTHON=/path/to/a/full/python"
    fetch_python || fail "no Python 3.11 to 3.14 on the PATH (looked for ${CANDIDATES// /, })," \
        "and uv could not fetch one; install one, or run: make install PYTHON=/path/to/python3.12"
}

# What is installed depends on these, and on which Python the environment has.
state() {
    { cat "$LOCK" pyproject.toml scripts/install.sh; "$VENV/bin/python" -VV; pwd; } | cksum
}

create_venv() {
    local python
    python=$(find_python)
    say "creating $VENV with $("$python" --version) ($(command -v "$python"))"
    "$python" -m venv --clear "$VENV"
}

# Where no wheel of uv fits, pip does the whole work.
provide_uv() {
    local wanted
    wanted=$(sed -n 's/^uv==\([^ ;]*\).*/\1/p' "$LOCK")
    if [ "$("$VENV/bin/uv" --version 2>/dev/null | cut -d' ' -f2)" = "$wanted" ]; then
        return 0
    fi
    "$VENV/bin/python" -m pip --version >/dev/null 2>&1 || "$VENV/bin/python" -m ensurepip >/dev/null
    install_uv "$VENV"
}

install_lock() {
    local n_packages
    n_packages=$(grep -c '==' "$LOCK")
    if provide_uv; then
        say "installing up to $n_packages locked packages with uv, hashes checked, bytecode compiled"
        say "(the first time all of them are downloaded; later calls reuse what is there)"
        # sync, not install: a package that left the lock must leave the environment too.
        "$VENV/bin/uv" pip sync $([ -t 2 ] || echo --quiet) --python "$VENV/bin/python" \
            --require-hashes --compile-bytecode "$LOCK"
    else
        say "uv does not run here; installing up to $n_packages locked packages with pip (slower)"
        # --no-deps: the lock is whole, and pip takes "celery[redis]" for a requirement without a hash.
        "$VENV/bin/python" -m pip install --disable-pip-version-check --no-deps --require-hashes \
            --compile -r "$LOCK"
    fi
}

# setuptools is in the lock, so the package builds without an isolated environment, online or not.
install_package() {
    say "installing evergreen itself (editable)"
    if "$VENV/bin/uv" --version >/dev/null 2>&1; then
        "$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" --no-deps --no-build-isolation -e .
    else
        "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
            --no-deps --no-build-isolation -e .
    fi
    "$VENV/bin/python" -m compileall -q include/evergreen
}

if [ ! -x "$VENV/bin/python" ] || ! runs_us "$VENV/bin/python"; then
    create_venv
elif [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$(state)" ]; then
    exit 0
else
    say "$VENV is there but not what the lock says; bringing it up to date"
fi
rm -f "$STAMP"
install_lock
install_package
state >"$STAMP"
say "ready: $("$VENV/bin/python" --version) in $VENV"
