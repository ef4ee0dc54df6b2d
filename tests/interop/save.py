#!/usr/bin/env python3
"""What `tjs compile` writes, PyTorch reads: save.py TJS CORPUS [--full].

Every function of the corpus (tests/conformance) that a case calls is saved as an archive, loaded with torch.jit.load and
called as the case says; the answer must be the recorded one. A case is left out where PyTorch, scripting, saving and
loading the same function, gets the same wrong answer. Without --full a fixed sample of the cases is taken.
Exit status 77 (skipped) where there is no PyTorch."""
# SPDX-License-Identifier: Apache-2.0
import glob, linecache, math, os, subprocess, sys, tempfile, types

import archives

SAMPLE = 8  # one case of so many
PRELUDE = """
import math, torch
from enum import Enum
from torch import Tensor
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union
"""
# PyTorch itself cannot hand members of an archive's enums to Python.
CANNOT_LEAVE = "Unknown reference to ScriptClass"


class Saved:
    """A function of the file, saved and loaded at its first call."""

    def __init__(self, tjs, path, name, folder, function):
        self.function = function
        self.command = [tjs, "compile", path, "--function", name, "-o"]
        self.archive = os.path.join(folder, "%s-%s.pt" % (os.path.basename(path), name))
        self.loaded = None

    def load(self):
        if self.loaded is None:
            done = subprocess.run(self.command + [self.archive], capture_output=True, text=True, errors="replace")
            if done.returncode:
                raise AssertionError("tjs compile: exit status %d\n%s" % (done.returncode, done.stderr))
            try:
                self.loaded = torch.jit.load(self.archive)
            except Exception as e:
                raise AssertionError("torch.jit.load: %s" % e)
        return self.loaded

    def __call__(self, *args, **kwargs):
        return self.load()(*args, **kwargs)


class SavedByTorch(Saved):
    """The same function, scripted and saved by PyTorch."""

    def __init__(self, ours):
        self.function, self.archive, self.loaded = ours.function, ours.archive + ".torch", None

    def load(self):
        if self.loaded is None:
            try:
                torch.jit.script(self.function).save(self.archive)
                self.loaded = torch.jit.load(self.archive)
            except Exception as e:
                raise AssertionError("torch.jit.load: %s" % e)
        return self.loaded


def names_of(tjs, path, folder):
    """The file as a Python module whose functions are the saved ones."""
    module = types.ModuleType("corpus_%x" % abs(hash(path)))
    module.__file__ = path
    sys.modules[module.__name__] = module
    exec(PRELUDE, module.__dict__)
    text = open(path, encoding="utf-8").read()
    linecache.cache[path] = (len(text), None, text.splitlines(True), path)
    exec(compile(text, path, "exec"), module.__dict__)
    for name, value in list(vars(module).items()):
        if isinstance(value, types.FunctionType) and value.__module__ == module.__name__ and not name.startswith("py_"):
            setattr(module, name, Saved(tjs, path, name, folder, value))
    return vars(module)


def cases_of(path):
    """-> (line, call, expected value or None, expected text or None)"""
    lines = open(path, encoding="utf-8").read().split("\n")
    for i, line in enumerate(lines[:-1]):
        if line.startswith("#> "):
            after = lines[i + 1]
            if after.startswith("#= "):
                yield i + 1, line[3:].strip(), after[3:].strip(), None
            elif after.startswith("#!"):
                yield i + 1, line[3:].strip(), None, after[2:].strip()


def is_close(a, b):
    if a == b or a != a and b != b:
        return True
    return math.isfinite(a) and math.isfinite(b) and abs(a - b) <= 1e-5 + 1e-4 * abs(b)


def is_equal(got, want):
    if isinstance(want, torch.Tensor):
        return (isinstance(got, torch.Tensor) and got.dtype == want.dtype and got.shape == want.shape
                and torch.allclose(got, want, 1e-4, 1e-5, equal_nan=True))
    if isinstance(want, (list, tuple)):
        return (isinstance(got, type(want) if type(want) in (list, tuple) else tuple) and len(got) == len(want)
                and all(map(is_equal, got, want)))
    if isinstance(want, dict):
        return isinstance(got, dict) and list(got) == list(want) and all(is_equal(got[k], want[k]) for k in want)
    if isinstance(want, complex):
        return isinstance(got, complex) and is_close(got.real, want.real) and is_close(got.imag, want.imag)
    if isinstance(want, float):
        return isinstance(got, float) and is_close(got, want)
    return type(got) is type(want) and got == want


def failure(names, call, value, text):
    """What is wrong with a case; "": nothing; None: PyTorch cannot say."""
    torch.manual_seed(0)
    try:
        with torch.no_grad():
            got = eval(call, names)
    except AssertionError as e:
        return str(e)
    except Exception as e:
        if CANNOT_LEAVE in str(e):
            return None
        if value is None and text in str(e):
            return ""
        return "raises %s" % str(e)[-600:]
    if value is None:
        return "does not raise %r but gives %r" % (text, got)
    return "" if is_equal(got, eval(value, names)) else "gives %r, not %s" % (got, value)


def fails_in_torch_too(names, call, value, text, why):
    """Does PyTorch's own archive of the function give the same wrong answer?"""
    theirs = {k: SavedByTorch(v) if isinstance(v, Saved) else v for k, v in names.items()}
    return failure(theirs, call, value, text) == why


def main():
    tjs, corpus, full = os.path.abspath(sys.argv[1]), sys.argv[2], "--full" in sys.argv
    passed = failed = left_out = number = 0
    torch.set_num_threads(1)
    for path in sorted(glob.glob(os.path.join(corpus, "*", "*.tjs"))):
        if os.path.basename(os.path.dirname(path)) == "reject":
            continue
        with tempfile.TemporaryDirectory() as folder:
            names = None
            for line, call, value, text in cases_of(path):
                number += 1
                if not full and number % SAMPLE:
                    continue
                names = names or names_of(tjs, path, folder)
                why = failure(names, call, value, text)
                passed += why == ""
                if why and fails_in_torch_too(names, call, value, text, why):
                    left_out += 1
                elif why:
                    failed += 1
                    print("%s:%d: %s %s" % (os.path.relpath(path, corpus), line, call, why), flush=True)
    print("%d passed, %d failed, %d left out: PyTorch's own archives fail in the same way" % (passed, failed, left_out))
    return 1 if failed or not passed else 0


try:
    import torch
except ImportError:
    torch = None

if __name__ == "__main__":
    archives.run_under_torch(torch is not None, main)
