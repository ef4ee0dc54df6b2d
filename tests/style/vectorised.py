#!/usr/bin/env python3
"""Tile kernels call the vector functions of libmvec: vectorised.py LIBRARY… A kernel that calls exp() and its like for one element at
a time takes twenty times as long, and nothing else would tell: a branch in an expression of pointwise.def is enough."""
import re, subprocess, sys

# What libmvec lacks, or what is exact only so.
ONE_BY_ONE = {"fmod", "lgamma_r", "nextafter", "pow"}
FUNCTION = re.compile(r"^[0-9a-f]+ <(.*)>:$")
CALL = re.compile(r"R_X86_64_(?:PLT32|PC32|GOTPCRELX?)\s+([A-Za-z]\w*)-0x")


def scalar_calls(library):
    """-> {kernel: functions of libm that it calls for single elements}"""
    text = subprocess.run(["objdump", "-dr", "--no-show-raw-insn", library], check=True, stdout=subprocess.PIPE, text=True).stdout
    found, kernel = {}, None
    for line in text.splitlines():
        m = FUNCTION.match(line)
        kernel = m.group(1) if m else kernel
        m = CALL.search(line)
        name = m.group(1) if m else ""
        plain = name[:-1] if name.endswith("f") else name
        if name and not name.startswith("special_") and plain not in ONE_BY_ONE:
            found.setdefault(kernel, set()).add(name)
    return {k: v for k, v in found.items() if k.startswith("tile_")}


def main(libraries):
    bad = 0
    for library in libraries:
        for kernel, names in sorted(scalar_calls(library).items()):
            print("%s: %s calls %s for one element at a time" % (library, kernel, ", ".join(sorted(names))))
            bad += 1
    print("%d passed, %d failed" % (not bad, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
