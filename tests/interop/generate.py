#!/usr/bin/env python3
"""Writes interop archives, the arguments of a call of each and what PyTorch answers.

Usage: generate.py FOLDER [--smoke] [NAME…]. Needs torch (and torchvision, unless --smoke). Each case becomes
NAME.pt, NAME.args.pt, NAME.out.pt and NAME.after.pt (the arguments after the call), and a line of cases.json."""
# SPDX-License-Identifier: Apache-2.0
import copy, json, os, random, sys, warnings

import torch

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import modules


def sources(smoke):
    yield from modules.cases()
    if not smoke:
        import vision
        yield from vision.cases()


def plain(v):
    """What torch.save writes without classes of Python: named tuples as tuples."""
    if isinstance(v, tuple):
        return tuple(plain(x) for x in v)
    if isinstance(v, list):
        return [plain(x) for x in v]
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items()}
    return v.detach() if isinstance(v, torch.Tensor) else v


def write(folder, name, make, args, options):
    """args: a tuple, or what makes one for the module that was loaded."""
    torch.manual_seed(sum(map(ord, name)))
    random.seed(0)
    path = os.path.join(folder, name)
    make().save(path + ".pt")
    m = torch.jit.load(path + ".pt")
    args = args(m) if callable(args) else args
    torch.save(args, path + ".args.pt")
    after, row = copy.deepcopy(args), {"name": name, **options}
    try:
        out = getattr(m, options["method"])(*after) if "method" in options else m(*after)
        if options.get("error"):
            raise SystemExit(f"{name}: PyTorch raised nothing")
        torch.save(plain(out), path + ".out.pt")
        torch.save(plain(after), path + ".after.pt")
    except (RuntimeError, torch.jit.Error) as e:
        if not options.get("error"):
            raise
    return row


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("--")]
    smoke = "--smoke" in sys.argv
    folder, names = words[0], words[1:]
    os.makedirs(folder, exist_ok=True)
    warnings.simplefilter("ignore")
    torch.manual_seed(1)
    rows = []
    for name, make, args, options in sources(smoke):
        if names and name not in names or smoke and not options.get("smoke"):
            continue
        rows.append(write(folder, name, make, args, options))
    with open(os.path.join(folder, "cases.json"), "w") as f:
        json.dump(rows, f, indent=1)
    print(f"{len(rows)} archives in {folder}")


if __name__ == "__main__":
    main()
