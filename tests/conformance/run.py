#!/usr/bin/env python3
"""Runs `tjs test` over a folder of the corpus: run.py TJS FOLDER.

Cases that need what is not built yet are listed in known_failures.txt as FOLDER/FILE:LINE. They must fail: a listed
case that passes is reported, so the list only shrinks."""
import os, re, subprocess, sys


def main(tjs, folder):
    here = os.path.dirname(os.path.abspath(__file__))
    group = os.path.basename(folder)
    known = set()
    for line in open(os.path.join(here, "known_failures.txt")):
        line = line.split("#")[0].strip()
        if line.startswith(group + "/"):
            known.add(line)
    files = sorted(os.path.join(folder, f) for f in os.listdir(folder) if f.endswith(".tjs"))
    passed, failures, text = 0, set(), []
    for path in files:
        name = "%s/%s" % (group, os.path.basename(path))
        p = subprocess.run([tjs, "test", path], capture_output=True, text=True, errors="replace", timeout=120)
        m = re.search(r"^(\d+) passed, (\d+) failed$", p.stdout, re.M)
        if not m or p.returncode not in (0, 1) or "Sanitizer" in p.stderr:
            failures.add(name)
            text.append("%s: exit status %d\n%s" % (name, p.returncode, p.stderr[-3000:]))
            continue
        passed += int(m.group(1))
        lines = re.findall(r":(\d+): failed: ", p.stdout)
        failures.update("%s:%s" % (name, n) for n in lines)
        if int(m.group(2)) > len(lines):
            failures.add(name)  # the file did not compile
        if p.returncode:
            text.append(p.stdout + p.stderr)
    unexpected, fixed = failures - known, known - failures
    for name in sorted(fixed):
        print("%s is listed in known_failures.txt but passes" % name)
    if unexpected:
        print("\n".join(text)[-20000:])
        print("unexpected failures:", " ".join(sorted(unexpected)))
    if failures & known:
        print("%d known failures" % len(failures & known))
    print("%d passed, %d failed" % (passed, len(unexpected) + len(fixed)))
    return 1 if unexpected or fixed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
