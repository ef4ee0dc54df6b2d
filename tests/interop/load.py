#!/usr/bin/env python3
"""PyTorch's archives give PyTorch's answers here: load.py TJS FOLDER [--full] [NAME…]

generate.py writes the archives into FOLDER unless they are there already: thirteen small ones, or all with --full.
`tjs verify` judges each, optimised in every way there is. Exit 77 (skipped) where there is no PyTorch."""
# SPDX-License-Identifier: Apache-2.0
import os, sys

import archives


def check(tjs, folder, row):
    """-> what is wrong, or None"""
    path = os.path.join(folder, row["name"])
    words = [path + ".pt", "--args", path + ".args.pt"]
    if row.get("error"):
        words.append("--expect-error")
    else:
        words += ["--expect", path + ".out.pt", "--expect-args", path + ".after.pt"]
    if "method" in row:
        words += ["--method", row["method"]]
    if "tolerance" in row:
        words += ["--rtol", str(row["tolerance"]), "--atol", str(row["tolerance"])]
    return archives.verify(tjs, *words, calls=row.get("calls", 2))


def main():
    (tjs, folder, *names), full = archives.words(sys.argv)
    rows = archives.rows(folder, full, names)
    failed = 0
    for row in rows:
        wrong = check(tjs, folder, row)
        if wrong:
            failed += 1
            print(f"{row['name']}: {wrong}")
    print(f"{len(rows) - failed} of {len(rows)} archives give PyTorch's answers")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
