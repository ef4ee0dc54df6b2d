#!/usr/bin/env python3
"""PyTorch's archives, loaded and saved here, give PyTorch's answers there: resave.py TJS FOLDER [--full] [NAME…]

Each archive of generate.py is loaded and saved by `tjs compile`, then loaded by PyTorch: parameters, buffers, modes and
what a call gives (or raises) must be those of the original. Loading and saving once more must give the same bytes.
Exit 77 (skipped) where there is no PyTorch."""
# SPDX-License-Identifier: Apache-2.0
import copy, os, subprocess, sys, tempfile

import archives

try:
    import torch
except ImportError:
    torch = None
try:
    import torchvision  # registers the operators of detectors
except ImportError:
    pass


def save(tjs, path, to):
    done = subprocess.run([tjs, "compile", path, "-o", to], capture_output=True, text=True, errors="replace", timeout=300)
    if done.returncode:
        raise AssertionError(f"tjs compile: exit status {done.returncode}\n{done.stderr}")


def same_bytes(a, b):
    with open(a, "rb") as f, open(b, "rb") as g:
        while True:
            x, y = f.read(1 << 20), g.read(1 << 20)
            if x != y:
                return False
            if not x:
                return True


def same(a, b):
    if isinstance(b, torch.Tensor):
        return (isinstance(a, torch.Tensor) and a.dtype == b.dtype and a.shape == b.shape and a.stride() == b.stride()
                and torch.allclose(a.detach(), b.detach(), 1e-5, 1e-6, equal_nan=True))
    if isinstance(b, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(b, dict):
        return isinstance(a, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in b)
    return type(a) is type(b) and (a == b or a != a and b != b)


def plain(v):
    """Named tuples of two archives are of two classes."""
    if isinstance(v, tuple):
        return tuple(map(plain, v))
    if isinstance(v, list):
        return list(map(plain, v))
    return {k: plain(x) for k, x in v.items()} if isinstance(v, dict) else v


def call(m, row, args):
    """-> what the call gives and leaves in its arguments, or the last line of what it raises"""
    torch.manual_seed(1)
    args = copy.deepcopy(args)
    try:
        out = getattr(m, row["method"])(*args) if "method" in row else m(*args)
    except Exception as e:
        return str(e).strip().splitlines()[-1]
    return plain(out), plain(args)


def shared(tensors):
    """Which names share a storage, and from where."""
    first = {}
    return [(first.setdefault(t.storage().data_ptr(), name), t.storage_offset()) for name, t in tensors if t.numel()]


def difference(m, original, row, args):
    state, wanted = m.state_dict(keep_vars=True), original.state_dict(keep_vars=True)
    if list(state) != list(wanted):
        return "the state dict's names are %s" % list(state)
    for name in wanted:
        if not same(state[name].detach(), wanted[name].detach()):
            return "%s differs" % name
        if state[name].requires_grad != wanted[name].requires_grad:
            return "%s.requires_grad differs" % name
    if shared(state.items()) != shared(wanted.items()):
        return "tensors do not share their storages as they did"
    modes = [(name, s.training, s.original_name) for name, s in m.named_modules()]
    if modes != [(name, s.training, s.original_name) for name, s in original.named_modules()]:
        return "the modules are %s" % modes
    got, want = call(m, row, args), call(original, row, args)
    return None if same(got, want) else "gives %.600r, not %.600r" % (got, want)


def judge(tjs, folder, row, scratch):
    """What is wrong, or None."""
    original = os.path.join(folder, row["name"] + ".pt")
    once, twice = (os.path.join(scratch, n, row["name"] + ".pt") for n in ("once", "twice"))
    try:
        save(tjs, original, once)
        try:
            m = torch.jit.load(once)
        except Exception as e:
            return f"torch.jit.load: {str(e)[-1500:]}"
        args = torch.load(os.path.join(folder, row["name"] + ".args.pt"))
        why = difference(m, torch.jit.load(original), row, args)
        save(tjs, once, twice)
        return why or (None if same_bytes(once, twice) else "saving once more gives other bytes")
    except AssertionError as e:
        return str(e)
    finally:
        for path in (once, twice):
            if os.path.exists(path):
                os.remove(path)


def main():
    (tjs, folder, *names), full = archives.words(sys.argv)
    rows = archives.rows(folder, full, names)
    torch.set_num_threads(1)
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for sub in ("once", "twice"):
            os.mkdir(os.path.join(scratch, sub))
        for row in rows:
            why = judge(tjs, folder, row, scratch)
            if why:
                failed += 1
                print(f"{row['name']}: {why}", flush=True)
    print(f"{len(rows) - failed} of {len(rows)} archives are the same after tjs saved them")
    return 1 if failed or not rows else 0


if __name__ == "__main__":
    archives.run_under_torch(torch is not None, main)
