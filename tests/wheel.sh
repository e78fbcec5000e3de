#!/bin/sh
# Builds the Python package as a wheel, installs it into a Python environment and prints the path of its python.
#
# usage: tests/wheel.sh [DIR]      (default target/wheel)
#
# The environment is made once and kept; the wheel is built and installed anew each time. cargo builds it in the same
# target folder and with the same features as the command line, so that little is compiled.
#
# needs: python3 with venv, cargo, and the Python package index or a mirror of it
# env:   PYTHON   the python to start from (default python3)
#        GUMMEL_TORCH   where the index of PyTorch without CUDA cannot be reached: `cuda` takes the one with it, a path names
#                       a python of the same version that has PyTorch (default /usr/bin/python3; Debian's python3-torch)
# exit:  0 done; 3 Python or its packages cannot be had here; 1 the wheel does not build or install
set -eu

missing() {
    echo "wheel.sh: $1" >&2
    echo "wheel.sh: install Python 3.10 or newer with venv and pip, and let pip reach a package index" >&2
    exit 3
}

fail() {
    echo "wheel.sh: $1" >&2
    exit 1
}

install() {
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >&2
}

root=$(CDPATH='' cd "$(dirname "$0")/.." && pwd)
dir=${1:-$root/target/wheel}
mkdir -p "$dir" || fail "cannot create $dir"
dir=$(CDPATH='' cd "$dir" && pwd)
venv=$dir/venv
complete=$venv/.complete

# What the tests of the package need; a change of this list makes a new environment.
packages='maturin>=1.7,<2 pytest>=7 numpy>=1.24 polars>=1.0 pandas>=2.2 pyarrow>=16 tqdm>=4.64 scikit-learn>=1.2
onnxruntime>=1.20 nbclient>=0.8 ipykernel>=6 matplotlib>=3.7'
# What some Pythons have no wheels of; tests that need one of them skip without.
extras='ray>=2.9 torch>=1.13'
# Builds of PyTorch without CUDA. Those of the usual index for Linux bring six gigabytes of it, which one test is not worth.
torch_index=https://download.pytorch.org/whl/cpu
usual_torch() {
    if [ "$(uname)" = Linux ] && [ "${GUMMEL_TORCH:-}" != cuda ]; then false; else install "$1"; fi
}
# The folder of another python's packages, PyTorch among them.
case ${GUMMEL_TORCH:-} in */*) other=$GUMMEL_TORCH ;; *) other=/usr/bin/python3 ;; esac
other_torch=$("$other" -c 'import os, torch; print(os.path.dirname(os.path.dirname(torch.__file__)))' 2>/dev/null || true)
version() {
    "$1" -c 'import sys; print(*sys.version_info[:2])'
}
borrowed_torch() {
    [ -n "$other_torch" ] && [ "$(version "$other")" = "$(version "$venv/bin/python")" ] || return 1
    packages_of=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    # What the environment has itself comes before.
    echo "$other_torch" > "$packages_of/borrowed-torch.pth"
    "$venv/bin/python" -W ignore -c 'import torch' 2>/dev/null || { rm "$packages_of/borrowed-torch.pth"; return 1; }
}

made="$packages $extras ${GUMMEL_TORCH:-} $other_torch"
if [ "$(cat "$complete" 2>/dev/null || true)" != "$made" ]; then
    rm -rf "$venv"
    "${PYTHON:-python3}" -m venv "$venv" >&2 || missing "cannot make a virtual environment in $venv"
    # shellcheck disable=SC2086
    install $packages || missing "pip could not install the packages"
    # One by one: what cannot be had takes nothing else along.
    for extra in $extras; do
        case $extra in
            torch*)
                install --retries 1 --timeout 15 --index-url "$torch_index" "$extra" || usual_torch "$extra" || borrowed_torch
                ;;
            *) install "$extra" ;;
        esac || echo "wheel.sh: no $extra here; tests that need it will skip" >&2
    done
    printf '%s' "$made" > "$complete"
fi

# The path of a Python changes with the environment it is in; cargo must not build anew for that.
rm -rf "$dir/dist"
(cd "$root" && CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}" \
    "$venv/bin/python" -m maturin build --quiet --release --locked --out "$dir/dist") >&2 || fail "the wheel does not build"
"$venv/bin/python" -m pip uninstall --quiet --yes --disable-pip-version-check gummel >&2 || true
install --no-deps "$dir"/dist/*.whl || fail "the wheel does not install"
echo "$venv/bin/python"
