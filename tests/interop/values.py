#!/usr/bin/env python3
"""Values in files, both ways: values.py COPY_VALUES.

PyTorch and NumPy write values of every kind and dtype, COPY_VALUES reads each and writes it again, PyTorch and NumPy
read that: it must be what went in. Exit status 77 (skipped) where there is no PyTorch."""
# SPDX-License-Identifier: Apache-2.0
import collections, json, math, os, struct, subprocess, sys, tempfile

import archives


def values():
    """Name → what torch.save is given, what torch.load must give back (the same unless said)."""
    dtypes = [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.float32,
              torch.float64, torch.complex64, torch.complex128, torch.bool, torch.bfloat16]
    base = torch.arange(24.0).reshape(2, 3, 4)
    shared = [1, 2]
    plain = {
        "none": None, "true": True, "false": False, "zero": 0, "byte": 255, "word": 65535, "minus": -1, "int32": 2**31 - 1,
        "long": 2**31, "most": 2**63 - 1, "least": -2**63, "minus_long": -2**40, "float": 0.1, "inf": math.inf,
        "minus_zero": -0.0, "complex": 1.5 - 2j, "empty_str": "", "str": "héllo\n\0☃", "empty_list": [], "ints": [1, 2, 300],
        "many_ints": list(range(2500)), "floats": [0.5, math.inf], "bools": [True, False], "mixed": [1, 2.5, "a", None],
        "nested": [[1], [], [[2.0]]], "empty_tuple": (), "tuple1": (1,), "tuple2": (1, "b"), "tuple3": (1, 2, 3),
        "tuple5": (1, 2.0, "c", None, (4,)), "empty_dict": {}, "dict": {"a": 1, "b": [2]}, "int_keys": {1: "a", -2: "b"},
        "many_keys": {str(i): i for i in range(1500)}, "deep": {"a": {"b": [({"c": 1},)]}}, "shared": [shared, shared],
        "device": torch.device("cpu"), "cuda": [torch.device("cuda", 1), torch.device("cuda")],
        "tensors": [base, base[1], base.t() if base.dim() == 2 else base.permute(2, 0, 1), base[:, ::2, 1:]],
        "scalar": torch.tensor(3.5), "empty": torch.empty(0, 3), "grad": torch.ones(2, requires_grad=True),
        "channels_last": torch.randn(1, 2, 3, 4).to(memory_format=torch.channels_last), "expanded": torch.ones(1).expand(5),
        "quantized": [torch.quantize_per_tensor(base, 0.1, 3, d) for d in (torch.quint8, torch.qint8, torch.qint32)],
        "quantized by channel": torch.quantize_per_channel(base, torch.rand(3), torch.arange(3), 1, torch.qint8),
        "rank7": torch.arange(128).reshape([2] * 7), "state": dict(torch.nn.Linear(2, 3).state_dict()),
    }
    for d in dtypes:
        plain["dtype_%s" % d] = torch.arange(6).reshape(2, 3).to(d)
    both = {k: (v, v) for k, v in plain.items()}
    both["size"] = torch.Size([2, 3]), (2, 3)
    both["dtype"] = [torch.float16, torch.bfloat16], [5, 15]
    both["ordered"] = collections.OrderedDict([("b", 1), ("a", 2)]), {"b": 1, "a": 2}
    both["state_dict"] = torch.nn.BatchNorm1d(3).state_dict(), dict(torch.nn.BatchNorm1d(3).state_dict())
    parameter = torch.nn.Parameter(torch.ones(2))
    both["parameter"] = parameter, torch.ones(2, requires_grad=True)
    both["optimizer"] = (torch.optim.SGD([parameter], lr=0.1).state_dict(),) * 2
    return both


def same(a, b):
    if isinstance(a, torch.Tensor) or isinstance(b, torch.Tensor):
        return (isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) and a.dtype == b.dtype
                and a.shape == b.shape and a.stride() == b.stride() and a.requires_grad == b.requires_grad
                and torch.equal(a, b))
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return a == b and str(a) == str(b)  # 0.0 is not -0.0


def refused():
    """Name → what is not read, and a word of the message."""
    return {"object": (torch.nn.Linear(1, 1), "unknown torch global, 'torch.nn.modules"), "function": (os.getcwd, "Unknown type name"),
            "set": ({1}, "Unknown type name"), "bytes": (b"a", "Unknown type name"), "huge": (10**30, "64 bits"),
            "class": (torch.Generator, "unknown torch global"),
            "sparse": (torch.eye(2).to_sparse(), "sparse")}


def safetensors_write(path, tensors):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    names = {numpy.dtype("float32"): "F32", numpy.dtype("int64"): "I64", numpy.dtype("bool"): "BOOL"}
    for k, v in tensors.items():
        header[k] = {"dtype": names[v.dtype], "shape": list(v.shape), "data_offsets": [len(data), len(data) + v.nbytes]}
        data += v.tobytes()
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def safetensors_read(path):
    with open(path, "rb") as f:
        n, = struct.unpack("<Q", f.read(8))
        header, data = json.loads(f.read(n)), f.read()
    names = {"F32": "float32", "I64": "int64", "BOOL": "bool"}
    out = {}
    for k, v in header.items():
        b, e = v["data_offsets"]
        out[k] = numpy.frombuffer(data[b:e], names[v["dtype"]]).reshape(v["shape"])
        assert b % out[k].itemsize == 0, "%s is not aligned" % k
    assert sum(v["data_offsets"][1] - v["data_offsets"][0] for v in header.values()) == len(data)
    return out


class Copies:
    """Files to be copied, then looked at."""

    def __init__(self, folder):
        self.folder, self.files, self.checks = folder, [], []

    def add(self, name, ending, write, check, to=None):
        a, b = (os.path.join(self.folder, name + x) for x in (ending, ".out" + (to or ending)))
        write(a)
        self.files += [a, b]
        self.checks.append((name + ending, b, check))

    def run(self, program):
        out = subprocess.run([program] + self.files, capture_output=True, text=True, errors="replace")
        says = out.stdout.splitlines()
        bad = [out.stderr] if out.returncode or len(says) != len(self.checks) else []
        for (name, path, check), line in zip(self.checks, says):
            try:
                wrong = check(path, line)
            except Exception as e:
                wrong = repr(e)
            if wrong:
                bad.append("%s: %s" % (name, wrong))
        return bad


def equals(read, expected):
    return lambda path, line: line if line != "ok" else None if same(read(path), expected) else \
        "%r is not %r" % (read(path), expected)


def arrays_equal(read, expected):
    def check(path, line):
        got = read(path) if line == "ok" else None
        if got is None or sorted(got) != sorted(expected):
            return line
        return next((k for k in expected if not (got[k].dtype == expected[k].dtype and numpy.array_equal(got[k], expected[k]))),
                    None)
    return check


def main():
    program, failed = sys.argv[1], []
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        copies = Copies(folder)
        for name, (value, expected) in values().items():
            copies.add(name, ".pt", lambda p, v=value: torch.save(v, p), equals(torch.load, expected))
        for name, (value, word) in refused().items():
            copies.add(name, ".pt", lambda p, v=value: torch.save(v, p),
                       lambda path, line, w=word: None if w in line and not os.path.exists(path) else line)
        copies.add("legacy", ".pt", lambda p: torch.save(1, p, _use_new_zipfile_serialization=False),
                   lambda path, line: None if "before PyTorch 1.6" in line else line)
        arrays = {"a": numpy.arange(6.0, dtype="float32").reshape(2, 3), "b é": numpy.array([True, False, True]),
                  "c": numpy.arange(4), "empty": numpy.zeros((0, 2), "float32")}
        load = lambda p: dict(numpy.load(p))
        copies.add("arrays", ".npz", lambda p: numpy.savez(p, **arrays), arrays_equal(load, arrays))
        copies.add("compressed", ".npz", lambda p: numpy.savez_compressed(p, **arrays), arrays_equal(load, arrays))
        copies.add("arrays", ".safetensors", lambda p: safetensors_write(p, arrays), arrays_equal(safetensors_read, arrays))
        copies.add("npz_to", ".npz", lambda p: numpy.savez(p, **arrays), arrays_equal(safetensors_read, arrays), ".safetensors")
        fortran = numpy.asfortranarray(arrays["a"])
        copies.add("fortran", ".npy", lambda p: numpy.save(p, fortran),
                   lambda path, line: None if line == "ok" and numpy.array_equal(numpy.load(path), fortran) else line)
        failed = copies.run(program)
        total = len(copies.checks)
    for f in failed:
        print(f)
    print("%d passed, %d failed" % (total - len(failed), len(failed)))
    return 1 if failed else 0


try:
    import numpy, torch
except ImportError:
    torch = None

if __name__ == "__main__":
    archives.run_under_torch(torch is not None, main)
