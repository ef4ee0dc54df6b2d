#!/usr/bin/env python3
"""The shared library exports exactly what jit.h declares with JIT_API. Usage: exports.py LIBTJS.so JIT_H"""
import re, shutil, subprocess, sys

# What the toolchain adds by itself to libraries with its instrumentation.
TOOLCHAIN = re.compile(r"^(__asan|__odr_asan|__ubsan|__sanitizer|__start_|__stop_|_init$|_fini$|__bss_start$|_edata$|_end$)")


def main(library, header):
    if not shutil.which("nm"):
        print("nm is not installed")
        return 77
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", open(header).read(), flags=re.S)
    declared = set(re.findall(r"JIT_API\b[^;]*?\b(jit_\w+)\s*\(", text))
    out = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    exported = {line.split()[-1].split("@")[0] for line in out.splitlines() if line.strip()}
    exported = {s for s in exported if not TOOLCHAIN.match(s)}
    for s in sorted(exported - declared):
        print("exported, but not public: " + s)
    for s in sorted(declared - exported):
        print("declared, but not exported: " + s)
    wrong = len(exported ^ declared)
    print("%d passed, %d failed" % (len(declared & exported), wrong))
    return 1 if wrong or not declared else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
