#!/usr/bin/env bash
# Bring .venv to what the lock says. Needs a Python >= 3.11, < 3.13 and nothing else; a second call that
# finds nothing changed leaves at once.
#
#   PYTHON=/path/to/python3.12 scripts/install.sh    use this Python for a new .venv
#   VENV=/other/folder scripts/install.sh            build the environment elsewhere
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
unset PYTHONDONTWRITEBYTECODE PYTHONHOME PYTHONPATH VIRTUAL_ENV CONDA_PREFIX

VENV=${VENV:-.venv}
LOCK=requirements-dev.txt
STAMP=$VENV/.evergreen-installed
# In `if` conditions `set -e` is off, so every step that may fail says so itself.
IN_RANGE='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))'

say() { printf '\033[32m==>\033[0m %s\n' "$*"; }

fail() {
    printf '\033[31merror:\033[0m %s\n' "$*" >&2
    exit 1
}

runs_us() { "$1" -c "$IN_RANGE" >/dev/null 2>&1; }

has_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

find_python() {
    local candidate without_venv=""
    if [ -n "${PYTHON:-}" ]; then
        runs_us "$PYTHON" || fail "PYTHON=$PYTHON is not a Python >= 3.11, < 3.13; name another one"
        has_venv "$PYTHON" || fail "PYTHON=$PYTHON lacks venv or ensurepip; on Debian: apt install python3-venv"
        printf '%s\n' "$PYTHON"
        return
    fi
    for candidate in python3.12 python3.11 python3 python; do
        runs_us "$candidate" || continue
        if has_venv "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
        without_venv=$candidate
    done
    [ -z "$without_venv" ] || fail "$without_venv lacks venv or ensurepip (Debian and Ubuntu ship them apart):" \
        "apt install ${without_venv}-venv, or run: make install PYTHON=/path/to/a/full/python"
    fail "no Python >= 3.11, < 3.13 on the PATH (looked for python3.12, python3.11, python3, python);" \
        "install one, or run: make install PYTHON=/path/to/python3.12"
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

# uv is in the lock like all else, so pip checks its hash; where no wheel fits, pip does the whole work.
provide_uv() {
    local wanted block
    block=$(awk '/^uv==/ { on = 1 } on { print; if ($0 !~ /\\$/) exit }' "$LOCK")
    wanted=$(printf '%s\n' "$block" | sed -n 's/^uv==\([^ ;]*\).*/\1/p')
    if [ "$("$VENV/bin/uv" --version 2>/dev/null | cut -d' ' -f2)" = "$wanted" ]; then
        return 0
    fi
    "$VENV/bin/python" -m pip --version >/dev/null 2>&1 || "$VENV/bin/python" -m ensurepip >/dev/null
    say "installing uv $wanted (hash-checked) into $VENV"
    printf '%s\n' "$block" >"$VENV/uv.lock.txt"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary uv \
        --no-deps --require-hashes -r "$VENV/uv.lock.txt" && "$VENV/bin/uv" --version >/dev/null
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
