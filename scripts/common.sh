# Shared by the scripts of this folder: installing what is missing, building. Source it.
# shellcheck shell=bash
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

build_packages="gcc libc6-dev libdnnl-dev pkg-config re2c bison meson ninja-build libzip-dev zlib1g-dev"
build_commands="cc pkg-config re2c bison meson ninja"
test_packages="g++ clang libclang-rt-14-dev libcmocka-dev liblapack3 python3"
bench_packages="python3 python3-torch"

# Without Debian's package manager: says what is needed; goes on if at least the build can.
need_elsewhere() {
    local missing=() c
    for c in $build_commands; do
        command -v "$c" >/dev/null || missing+=("$c")
    done
    echo "This is not Debian; what is needed has these names there: $*" >&2
    [ ${#missing[@]} -eq 0 ] && return 0
    echo "Missing commands: ${missing[*]}" >&2
    exit 1
}

# need PACKAGE…: installs the Debian packages that are missing and says which.
need() {
    local missing=() p
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        need_elsewhere "$@"
        return 0
    fi
    for p in "$@"; do
        dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing+=("$p")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    echo "Installing: ${missing[*]}"
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "Please install as root: apt-get install ${missing[*]}" >&2; exit 1; }
        sudo=(sudo)
    fi
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# configure DIR OPTION…: sets a build directory up once.
configure() {
    local dir=$1
    shift
    [ -f "$dir/build.ninja" ] || meson setup "$dir" "$@" >"$dir.setup.log" 2>&1 || { cat "$dir.setup.log" >&2; exit 1; }
}

# build TYPE [TARGET…]: sets build/TYPE up and builds the targets, or all.
build() {
    mkdir -p build
    case $1 in
    release) configure build/release --buildtype=release ;;
    debug) configure build/debug --buildtype=debug ;;
    sanitize) configure build/sanitize --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false -Db_ndebug=false -Dwerror=true ;;
    fuzz) CC=clang configure build/fuzz --buildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false -Dlibfuzzer=true ;;
    thread) configure build/thread --buildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false -Db_ndebug=false ;;
    clang) CC=clang configure build/clang --buildtype=debugoptimized -Dwerror=true ;;
    esac
    ninja -C "build/$1" --quiet "${@:2}"
}
