#!/usr/bin/env python3
"""Operators mean in an archive what they meant when it was written, here as in PyTorch: versions.py TJS

One module, its code and version record replaced: each operator that changed, in archives of versions 2 to 10, loaded
and called by PyTorch and by `tjs verify`. And the records that PyTorch 2 adds do not disturb. Exit 77 (skipped) where there
is no PyTorch."""
# SPDX-License-Identifier: Apache-2.0
import io, os, subprocess, sys, tempfile, warnings, zipfile

import archives

try:
    import torch
except ImportError:
    torch = None

INTS = ("torch.tensor([7, -7, 6])", "torch.tensor([2, 2, 4])")
FLOATS = ("torch.tensor([7.0, -7.0, 6.0])", "torch.tensor([2.0, 2.0, 4.0])")
# what forward(x, y) returns, and arguments
CASES = [
    ("torch.div(x, y)", INTS), ("torch.div(x, y)", FLOATS), ("torch.div(x, 2)", INTS), ("torch.div(x, 2.)", INTS),
    ("torch.div(x, y, rounding_mode=\"floor\")", INTS), ("torch.div_(x, y)", INTS), ("torch.div_(x, y)", FLOATS),
    ("torch.div_(x, 2)", INTS), ("torch.div(x, y, out=torch.clone(x))", INTS), ("torch.div(x, y, out=torch.clone(x))", FLOATS),
    ("torch.full([2, 3], 4)", INTS), ("torch.full([2, 3], 4.5)", INTS), ("torch.full([2, 3], 4, dtype=6)", INTS),
    ("torch.full([3], 4, out=torch.clone(x))", INTS), ("torch.full([2], True)", INTS),
    ("torch.linspace(1, 10)", INTS), ("torch.linspace(1, 10, 4)", INTS), ("torch.linspace(1., 10., None, dtype=7)", INTS),
    ("torch.linspace(1, 10, None, out=torch.zeros([1]))", INTS), ("torch.logspace(1, 3)", INTS), ("torch.logspace(1, 3, 5)", INTS),
    ("torch.logspace(1., 3., None, 2.)", INTS), ("torch.logspace(1, 3, None, 2., out=torch.zeros([1]))", INTS),
    ("torch.gelu(x)", FLOATS), ("torch.gelu_(x)", FLOATS),
]
SINCE_10 = [("torch.gelu(x, approximate=\"tanh\")", FLOATS), ("torch.gelu(x, approximate=\"none\")", FLOATS)]
LATER = {"byteorder": b"little", ".format_version": b"1", ".storage_alignment": b"64", ".data/serialization_id": b"0123456789"}


class Template(torch.nn.Module if torch else object):
    def forward(self, x: "torch.Tensor", y: "torch.Tensor"):
        return x + y


def write(path, template, returned, version, more=()):
    code = "    return torch.add(x, y)\n"
    with zipfile.ZipFile(io.BytesIO(template)) as given, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as out:
        for record in given.infolist():
            data = given.read(record)
            if record.filename.endswith(".debug_pkl"):
                continue
            if record.filename.endswith("/version"):
                data = b"%d\n" % version
            elif record.filename.endswith(".py"):
                assert code in data.decode(), data
                data = data.decode().replace(code, "    return %s\n" % returned).encode()
            out.writestr(zipfile.ZipInfo(record.filename), data)
        for name, data in dict(more).items():
            out.writestr(zipfile.ZipInfo("archive/" + name), data)


def check(tjs, folder, template, returned, args, version, more=()):
    """-> what is wrong, or None"""
    path, args_path, out_path = (os.path.join(folder, n) for n in ("m.pt", "args.pt", "out.pt"))
    write(path, template, returned, version, more)
    args = tuple(map(eval, args))
    torch.save(args, args_path)
    try:
        torch.save(torch.jit.load(path)(*args), out_path)
    except RuntimeError as e:
        words = [tjs, "run", path, "--args", args_path]
        return None if subprocess.run(words, capture_output=True).returncode else "PyTorch: " + str(e)[-300:]
    return archives.verify(tjs, path, "--args", args_path, "--expect", out_path)


def main():
    tjs, wrong, n = sys.argv[1], [], 0
    warnings.simplefilter("ignore")
    saved = io.BytesIO()
    torch.jit.save(torch.jit.script(Template()), saved)
    runs = [(returned, args, version, ()) for returned, args in CASES for version in range(2, 11)]
    runs += [(returned, args, 10, LATER) for returned, args in CASES[:1] + SINCE_10]
    with tempfile.TemporaryDirectory() as folder:
        for returned, args, version, more in runs:
            why = check(tjs, folder, saved.getvalue(), returned, args, version, more)
            n += why is None
            if why:
                wrong.append(why)
                print("version %d: %s: %s" % (version, returned, why))
    print("%d of %d calls give PyTorch's answers" % (n, len(runs)))
    return 1 if wrong else 0


if __name__ == "__main__":
    archives.run_under_torch(torch is not None, main)
