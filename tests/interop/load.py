#!/usr/bin/env python3
"""PyTorch's archives give PyTorch's answers here: load.py TJS FOLDER [--full] [NAME…]

generate.py writes the archives into FOLDER unless they are there already: twelve small ones, or all with --full.
`tjs verify` judges each. Exit 77 (skipped) where there is no PyTorch."""
# SPDX-License-Identifier: Apache-2.0
import json, os, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = os.environ.get("TJS_TORCH_PYTHON", "/usr/bin/python3")


def is_fresh(folder):
    made = os.path.join(folder, "cases.json")
    sources = [os.path.join(HERE, f) for f in ("generate.py", "modules.py", "vision.py")]
    return os.path.exists(made) and os.path.getmtime(made) > max(map(os.path.getmtime, sources))


def generate(folder, full):
    probe = subprocess.run([PYTHON, "-c", "import torch, torchvision" if full else "import torch"], capture_output=True)
    if probe.returncode:
        print("skipped: no torch for", PYTHON)
        sys.exit(77)
    subprocess.run([PYTHON, os.path.join(HERE, "generate.py"), folder] + ([] if full else ["--smoke"]), check=True)


def command(tjs, folder, row):
    path = os.path.join(folder, row["name"])
    words = [tjs, "verify", path + ".pt", "--args", path + ".args.pt"]
    if row.get("error"):
        words.append("--expect-error")
    else:
        words += ["--expect", path + ".out.pt", "--expect-args", path + ".after.pt"]
    if "method" in row:
        words += ["--method", row["method"]]
    if "tolerance" in row:
        words += ["--rtol", str(row["tolerance"]), "--atol", str(row["tolerance"])]
    return words


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("--")]
    tjs, folder, names = words[0], words[1], words[2:]
    if not is_fresh(folder):
        generate(folder, "--full" in sys.argv)
    with open(os.path.join(folder, "cases.json")) as f:
        rows = [r for r in json.load(f) if not names or r["name"] in names]
    failed = 0
    for row in rows:
        try:
            done = subprocess.run(command(tjs, folder, row), capture_output=True, text=True, timeout=300)
            code, told = done.returncode, done.stderr
        except subprocess.TimeoutExpired:
            code, told = "timeout", ""
        if code != 0:
            failed += 1
            print(f"{row['name']}: exit {code}\n{told[:1500]}")
    print(f"{len(rows) - failed} of {len(rows)} archives give PyTorch's answers")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
