#!/bin/sh
# Makes a Python environment with the packages that check exports and prints the path of its python.
#
# usage: tests/python.sh [DIR]      (default target/python)
#
# A second run finds the first one's result and only prints the path; concurrent runs do not disturb each other.
#
# needs: python3 with venv, and the Python package index or a mirror of it
# env:   PYTHON   the python to start from (default python3)
set -eu

fail() {
    echo "python.sh: $1" >&2
    echo "python.sh: install onnxruntime, verilogae and numpy by hand and set GUMMEL_PYTHON=/path/to/python" >&2
    exit 1
}

works() {
    [ -x "$1" ] && "$1" -c 'import numpy, onnxruntime, verilogae' >/dev/null 2>&1
}

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
dir=${1:-$root/target/python}
mkdir -p "$(dirname "$dir")" || fail "cannot create $(dirname "$dir")"
dir=$(CDPATH='' cd "$(dirname "$dir")" && pwd)/$(basename "$dir")

if works "$dir/bin/python"; then
    echo "$dir/bin/python"
    exit 0
fi

# An environment knows its own path and cannot be renamed: a lock keeps others out until it is complete.
lock=$dir.lock
tries=0
until mkdir "$lock" 2>/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || fail "$lock has been there for five minutes; remove it if nothing runs"
    sleep 1
done
trap 'rmdir "$lock"' EXIT
trap 'exit 1' HUP INT TERM

if ! works "$dir/bin/python"; then
    "${PYTHON:-python3}" -m venv "$dir" >&2 || fail "cannot make a virtual environment in $dir"
    "$dir/bin/python" -m pip install --quiet --disable-pip-version-check \
        'numpy>=1.26' 'onnxruntime>=1.20' 'verilogae>=1.0' >&2 || fail "pip could not install the packages"
    works "$dir/bin/python" || fail "the packages do not start"
    # Compares with compiled Verilog-A in a benchmark; there are wheels for some versions of Python only.
    "$dir/bin/python" -m pip install --quiet --disable-pip-version-check 'openvaf-py>=0.1.5' >&2 \
        || echo "python.sh: no openvaf-py for this Python; the benchmark of rings leaves Verilog-A out" >&2
fi
echo "$dir/bin/python"
