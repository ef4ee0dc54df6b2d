#!/usr/bin/env python3
"""Runs the Meson tests of the given build directories and counts single test cases.

A test program reports its cases in one of two ways: cmocka's summary, or a last line `N passed, N failed`. Any
other program is one case. Exit status 77 means skipped; its last line of output says why.
"""
import json, os, re, subprocess, sys


def count(test):
    out = test["stdout"] + "\n" + test.get("stderr", "")
    line = re.findall(r"^(\d+) passed, (\d+) failed", out, re.M)
    if line:
        return sum(int(p) for p, _ in line), sum(int(f) for _, f in line)
    passed = sum(int(n) for n in re.findall(r"\[  PASSED  \] (\d+) test\(s\)", out))
    failed = sum(int(n) for n in re.findall(r"\[  FAILED  \] (\d+) test\(s\), listed below", out))
    return passed, failed


def run(build, without):
    cmd = ["meson", "test", "-C", build, "--no-rebuild", "--print-errorlogs", "-q"]
    env = dict(os.environ)
    for suite in without:
        cmd += ["--no-suite", suite]
    if build.endswith("/thread"):  # ThreadSanitizer: the rest is not built; OpenMP's own threads are unknown to it
        cmd += ["threads", "threads/fork", "threads/pool", "threads/types"]
        env["OMP_NUM_THREADS"] = "1"
    subprocess.run(cmd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    totals, skipped, bad = [0, 0], [], []
    for line in open(build + "/meson-logs/testlog.json"):
        t = json.loads(line)
        passed, failed = count(t)
        if t["result"] == "SKIP":
            why = (t["stdout"] + t.get("stderr", "")).strip().splitlines()
            skipped.append("%s (%s): %s" % (t["name"], build, why[-1] if why else "no reason given"))
            continue
        if t["result"] != "OK" and failed == 0:
            failed = 1
        if t["result"] == "OK" and passed + failed == 0:
            passed = 1
        totals[0] += passed
        totals[1] += failed
        if failed:
            bad.append(t)
        print("%-10s %-40s %5d passed %s" % (build.split("/")[-1], t["name"], passed,
                                             "%d FAILED" % failed if failed else ""))
    for t in bad:
        print("\n==== %s (%s)\n%s\n%s" % (t["name"], build, t["stdout"][-6000:], t.get("stderr", "")[-4000:]))
    return totals, skipped


def main():
    full = "--full" in sys.argv
    passed = failed = 0
    skipped = []
    without = ["slow"] * (not full)
    for build in [a for a in sys.argv[1:] if not a.startswith("-")]:
        (p, f), s = run("build/" + build, without)
        without = without or ["models"]  # once is enough: hours under the sanitizers
        passed, failed, skipped = passed + p, failed + f, skipped + s
    for s in skipped:
        print("skipped: " + s)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
