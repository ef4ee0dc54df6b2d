# tjs: check
# What PyTorch's own model files do: helpers from other files, interfaces, enums, overloads, module methods.
from enum import Enum
from typing import Dict, List, NamedTuple, Optional, Tuple

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor, jit

from ..utils import log_api_usage

Boxes = List[Tensor]
Shape = Tuple[int, int]


class Mode(Enum):
    NEAREST = "nearest"
    LINEAR = "linear"


class Size(NamedTuple):
    height: int
    width: int = 1


@jit.interface
class Resizer(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        pass


class Base:
    """Python only: no one compiles it."""

    registry: Dict[str, type] = {}

    @classmethod
    def make(cls, name, *args):
        return cls.registry[name](*args)


class Net(nn.Module):
    @torch.jit.export
    def go(self, x: Tensor) -> Tensor:
        return (lambda y: y + 1)(x)


class Head(Net):
    pass


def _area(size: Size) -> int:
    return size.height * size.width


def _eager(boxes):
    return [b for b in boxes if b is not None for _ in range(2)]


@torch.jit.unused
def _plot(x: Tensor) -> None:
    import matplotlib
    matplotlib.show(x)


def resize(x: Tensor, size: Size, mode: Mode = Mode.NEAREST) -> Tensor:
    log_api_usage(resize)
    if not torch.jit.is_scripting():
        return _eager(x)
    if mode == Mode.LINEAR:
        _plot(x)
    return F.relu(x) * _area(size)


@torch.jit.script
def clip(boxes: Boxes, shape: Shape, scale: Optional[float] = None) -> Boxes:
    if scale is None:
        scale = 1.0
    return [b.clamp(0, shape[0]) * scale for b in boxes]


@torch.jit._script_if_tracing
def strict(x: Tensor) -> Tensor:
    return x + _area(Size(1, 2)) + "a"


resize_script = torch.jit.script(resize)
net = torch.jit.script(Net())

# ERROR 85:12 unsupported operand types for +: Tensor and str
# CHECK: note: modules.py: checked 8 definitions that torch.jit.script marks or needs
# CHECK: note: skipped: 2 nn.Module classes, 2 other definitions, 0 other statements
# CHECK: note: names that come from other files are not checked
