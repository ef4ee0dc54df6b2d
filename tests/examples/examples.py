#!/usr/bin/env python3
"""Runs every example and compares what it prints with its `.expected` file, recorded from PyTorch where it prints
the same (tests/examples/record.py). Numbers may differ in the last digits. Usage: examples.py TJS SOURCE_DIR"""
import glob, os, re, subprocess, sys

NUMBER = re.compile(r"-?\d+\.\d*(?:e[-+]?\d+)?")


def is_close(a, b):
    return abs(a - b) <= 1e-6 + 1e-4 * abs(b)


def is_same(got, want):
    """Equal text around numbers, close numbers."""
    return (NUMBER.sub("#", got) == NUMBER.sub("#", want)
            and all(is_close(float(a), float(b)) for a, b in zip(NUMBER.findall(got), NUMBER.findall(want))))


def command(tjs, program):
    cmd = [tjs, "run", program]
    for name in ("features.npy", "labels.npy"):
        path = os.path.join(os.path.dirname(program), name)
        if os.path.exists(path):
            cmd += ["--args", path]
    return cmd


def main(tjs, root):
    passed = failed = 0
    for program in sorted(glob.glob(root + "/examples/**/*.tjs", recursive=True)):
        name = os.path.relpath(program, root)
        expected = program[:-4] + ".expected"
        r = subprocess.run(command(tjs, program), capture_output=True, text=True)
        if not os.path.exists(expected):
            print("%s: nothing to compare with" % name)
            failed += 1
        elif r.returncode or r.stderr or not is_same(r.stdout, open(expected).read()):
            print("%s: exit code %d\n%s%s" % (name, r.returncode, r.stdout, r.stderr))
            failed += 1
        else:
            passed += 1
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
