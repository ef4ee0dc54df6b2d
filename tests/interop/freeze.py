#!/usr/bin/env python3
"""Frozen modules give the answers of the modules they were: freeze.py TJS FOLDER [--full] [NAME…]

FOLDER holds the archives of load.py. Each is frozen by `tjs compile --freeze`; PyTorch loads the result and must answer
as it does for the archive itself in evaluation mode, and so must `tjs verify`, with --optimize-for-inference too. Random values are not compared. Exit 77
(skipped) where there is no PyTorch."""
# SPDX-License-Identifier: Apache-2.0
import copy, os, subprocess, sys, tempfile

import archives

REFUSED = {"hooks": "has hooks"}  # what is said not to be possible
# The answer hangs on what freezing takes away: training mode, requires_grad. Without it the encoder chooses its way
# through nested tensors, which are not implemented.
LEFT_OUT = {"batchnorm_train", "mlp_scripted_train", "grad", "encoder"}


def probe():
    """Runs under PyTorch: answers of the archive and of the frozen one; the arguments of the child are file names."""
    import torch
    try:
        import torchvision  # registers the operators of detectors
    except ImportError:
        pass

    def call(path, method, args):
        m = torch.jit.load(path).eval()
        with torch.no_grad():
            return getattr(m, method)(*copy.deepcopy(args))

    def is_close(a, b):
        if isinstance(a, torch.Tensor):
            if not a.dtype.is_floating_point and not a.dtype.is_complex:
                return a.shape == b.shape and torch.equal(a, b)
            scale = a.detach().abs().max().item() if a.numel() else 0
            return a.shape == b.shape and a.dtype == b.dtype and torch.allclose(a, b, 1e-3, 1e-5 + 1e-4 * min(scale, 1e3), True)
        if isinstance(a, (list, tuple)):
            return len(a) == len(b) and all(map(is_close, a, b))
        if isinstance(a, dict):
            return list(a) == list(b) and all(is_close(a[k], b[k]) for k in a)
        return type(a) is type(b) and (a == b or isinstance(a, float) and abs(a - b) < 1e-4)

    given, frozen, args_path, method, out = sys.argv[2:]
    torch.set_num_threads(1)
    args = torch.load(args_path)
    want = call(given, method, args)
    got = call(frozen, method, args)
    torch.save(tuple(want) if isinstance(want, tuple) else want, out)
    if not is_close(want, got):
        print("PyTorch answers %.300s\nfor the frozen one, not %.300s" % (got, want))
        sys.exit(1)


def check(tjs, folder, row, scratch):
    """-> what is wrong, or None"""
    path, method = os.path.join(folder, row["name"]), row.get("method", "forward")
    frozen, out = os.path.join(scratch, "frozen.pt"), os.path.join(scratch, "out.pt")
    words = [tjs, "compile", "--freeze", path + ".pt", "-o", frozen]
    if method != "forward":
        words += ["--preserve", method]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    if row["name"] in REFUSED:
        return None if done.returncode == 2 and REFUSED[row["name"]] in done.stderr else "not refused: " + done.stderr
    if done.returncode:
        return "tjs compile --freeze: exit %d\n%s" % (done.returncode, done.stderr)
    listing = subprocess.run([tjs, "graph", frozen, "--stage", "bytecode"], capture_output=True, timeout=300)
    if listing.returncode or len(listing.stdout) > 1 << 20:
        return "tjs graph --stage bytecode: exit %d, %d bytes" % (listing.returncode, len(listing.stdout))
    child = subprocess.run([archives.PYTHON, os.path.abspath(__file__), "--probe", path + ".pt", frozen, path + ".args.pt", method, out],
                           capture_output=True, text=True, timeout=600)
    if child.returncode:
        return child.stdout[-1500:] + child.stderr[-1500:]
    tolerance = str(row.get("tolerance", 1e-3))
    words = [tjs, frozen, "--args", path + ".args.pt", "--expect", out, "--method", method, "--rtol", tolerance,
             "--atol", tolerance]
    wrong = archives.verify(*words, calls=row.get("calls", 2))
    if wrong or method != "forward":  # the option freezes again and keeps forward only
        return wrong
    return archives.verify(*words, "--optimize-for-inference", calls=row.get("calls", 2))


def main():
    (tjs, folder, *names), full = archives.words(sys.argv)
    rows = archives.rows(folder, full, names)
    rows = [r for r in rows if not r.get("error") and r["name"] not in LEFT_OUT]
    failed = 0
    for row in rows:
        with tempfile.TemporaryDirectory() as scratch:
            wrong = check(tjs, folder, row, scratch)
        if wrong:
            failed += 1
            print("%s: %s" % (row["name"], wrong))
    print("%d of %d frozen archives answer as before" % (len(rows) - failed, len(rows)))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    probe() if sys.argv[1:2] == ["--probe"] else main()
