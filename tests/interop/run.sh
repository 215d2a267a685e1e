#!/bin/sh
# Runs the foreign peers against Inro's binaries.
#   INRO_BIN_DIR  folder with inro-issuer, inro-verifier and inro-wallet (default: debug/ of the cargo target folder)
#   INRO_VENV     folder of the Python environment, made when missing (default: interop-venv/ of the cargo target folder)
# Arguments go to pytest.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
target=$(absolute "${CARGO_TARGET_DIR:-$here/../../target}")
venv=$(absolute "${INRO_VENV:-$target/interop-venv}")
INRO_BIN_DIR=$(absolute "${INRO_BIN_DIR:-$target/debug}")
export INRO_BIN_DIR PYTHONDONTWRITEBYTECODE=1

python=${PYTHON:-python3}
if ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Python 3.11 with venv is missing; on Debian: apt-get install -y python3 python3-venv" >&2
    exit 1
fi

# The copy of the requirements is written last, so an installation that was cut short is done again.
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    "$python" -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/requirements.txt"
fi

cd "$here"
exec "$venv/bin/python" -m pytest -q "$@"
