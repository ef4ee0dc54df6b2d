# tjs: check --warn=skipped-python
"""Docstring with torch.jit.script(nothing)"""
from __future__ import annotations
import os, sys
import numpy as np
import torch
import torch.nn as nn
from torch import Tensor, nn as nn2
from typing import List, NamedTuple, Optional
from ._utils import _log_api_usage_once
from functools import lru_cache
try:
    import foo
except ImportError:
    foo = None

LIMIT = 3
MyT = torch.Tensor
Ints = List[int]

class Point(NamedTuple):
    x: int
    y: int

class Net(nn.Module):
    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
    async def f(self): pass

def helper(x: Tensor, n: int) -> Tensor:
    _log_api_usage_once(helper)
    if not torch.jit.is_scripting():
        return pythonic(x)
    return x + n

def pythonic(x):
    try:
        return (lambda y: y)(x)
    finally:
        pass

@torch.jit.script
def marked(x: Tensor, p: Point, q: MyT, l: Ints) -> Tensor:
    return helper(x, p.x) + foo.bar

@torch.jit.script
def bad(x: Tensor) -> int:
    y = np.zeros(3)
    z = Net()
    w = pythonic(x)
    return LIMIT

@torch.jit.script
def syn(x):
    return (lambda y: y)(x)

def called(x: Tensor) -> int:
    return x

scripted = torch.jit.script(called)

def unused_helper(*args, **kw):
    return sum(a := args)

if __name__ == "__main__":
    main()

# WARNING 25:1 'Net' is not checked: it is an nn.Module class [skipped-python]
# WARNING 36:1 'pythonic' is not checked: it is not marked for scripting [skipped-python]
# ERROR 48:9 'np' belongs to Python (numpy): compiled functions cannot use it
# ERROR 49:9 'Net' is an nn.Module class, which functions cannot use
# ERROR 50:9 'pythonic' cannot be compiled: 'lambda' expressions aren't supported
# ERROR 51:12 'LIMIT' is a variable of the module, which functions cannot read: pass it as an argument
# ERROR 55:13 'lambda' expressions aren't supported
# WARNING 62:1 'unused_helper' is not checked: it is not marked for scripting [skipped-python]
# CHECK: note: model.py: checked 6 definitions that torch.jit.script marks or needs
# CHECK: note: skipped: 1 nn.Module class, 2 other definitions, 3 other statements
# CHECK: note: names that come from other files are not checked
