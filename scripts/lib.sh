# Sourced by the other commands. Sets $root and $venv; `set_up FILE` fills an environment from one lock file, once.
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
venv=$root/.venv

find_python() { # prints a Python of 3.12 or newer that really runs (a pyenv shim on PATH may not)
    pyenv=${PYENV_ROOT:-${HOME:-}/.pyenv}/versions
    for candidate in ${PYTHON:-} python3.14 python3.13 python3.12 "$pyenv"/3.14*/bin/python "$pyenv"/3.13*/bin/python \
        "$pyenv"/3.12*/bin/python python3; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    echo "no Python of 3.12 or newer with venv found; install one, e.g. apt-get install python3.13-venv or pyenv install 3.13" >&2
    return 1
}

set_up() ( # FILE [ENVIRONMENT], .venv unless told; safe when two commands start at once, and does nothing where it holds FILE
    cd "$root"
    environment=${2:-.venv}
    exec 9<pyproject.toml
    command -v flock >/dev/null && flock 9
    dev=$(cat requirements-dev.lock pyproject.toml | cksum)
    want=$(cat "$1" pyproject.toml | cksum)
    have=$(cat "$environment/countersign-stamp" 2>/dev/null || true)
    if "$environment/bin/python" -c '' 2>/dev/null; then
        if [ "$have" = "$want" ] || [ "$have" = "$dev" ]; then return; fi
    else
        python=$(find_python) || exit 1
        "$python" -m venv --clear "$environment"
    fi
    echo "setting up $environment from $1 with $("$environment/bin/python" -V), once ..." >&2
    # --no-deps: the lock file is complete, so nothing that it does not name gets in
    install="$environment/bin/python -m pip install -qq --disable-pip-version-check --no-deps"
    $install --require-hashes -r "$1" &&
        if [ "$environment" = .venv ]; then $install --no-build-isolation -e .; fi ||
        { echo "setting up $environment from $1 failed; the package index must be reachable" >&2; exit 1; }
    echo "$want" >"$environment/countersign-stamp"
)
