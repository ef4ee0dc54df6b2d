#!/usr/bin/env python3
"""Installs a build into an empty folder and builds examples/embed.c against what lies there, found by pkg-config:
with the shared and with the static library. The compiler is the build's:
a static library asks for its OpenMP. Usage: install.py BUILD_DIR SOURCE_DIR SANITIZERS COMPILER…"""
import glob, os, shutil, subprocess, sys, tempfile


def run(cmd, env=None):
    r = subprocess.run(cmd, capture_output=True, text=True, env=env)
    if r.returncode:
        raise SystemExit("%s\n%s%s" % (" ".join(cmd), r.stdout, r.stderr))
    return r.stdout


def find(root, name):
    found = [p for p in glob.glob(root + "/**/" + name, recursive=True)]
    if not found:
        raise SystemExit("not installed: " + name)
    return found[0]


def build_and_run(root, source, sanitizers, compiler, static):
    env = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(find(root, "tjs.pc")), PKG_CONFIG_SYSROOT_DIR=root)
    flags = run(["pkg-config", "--cflags", "--libs"] + (["--static"] if static else []) + ["tjs"], env).split()
    if static:
        flags = [find(root, "libtjs.a") if f == "-ltjs" else f for f in flags]
    if sanitizers != "none":
        flags.append("-fsanitize=" + sanitizers)
    program = os.path.join(root, "embed")
    run([*compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", os.path.join(source, "examples/embed.c"), "-o",
         program, *flags])
    env["LD_LIBRARY_PATH"] = os.path.dirname(find(root, "libtjs.so"))
    got = run([program], env)
    want = open(os.path.join(source, "examples/embed.expected")).read()
    if got != want:
        raise SystemExit("embed.c printed\n%snot\n%s" % (got, want))


def main(build, source, sanitizers, *compiler):
    if not shutil.which("pkg-config"):
        print("pkg-config is not installed")
        return 77
    with tempfile.TemporaryDirectory() as root:
        run(["meson", "install", "-C", build, "--destdir", root, "--no-rebuild", "--quiet"])
        for name in ("jit.h", "tjs.pc", "libtjs.so", "libtjs.a"):
            find(root, name)
        if glob.glob(root + "/**/jit_debug.h", recursive=True):
            raise SystemExit("jit_debug.h is not for installation")
        print(run([find(root, "bin/tjs"), "--version"]).strip())
        build_and_run(root, source, sanitizers, compiler, False)
        build_and_run(root, source, sanitizers, compiler, True)
    print("3 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
