"""Hand-written modules for the interop archives: each uses one part of what archives can hold.

`cases()` yields (name, module as a ScriptModule, arguments, options); everything is seeded."""
# SPDX-License-Identifier: Apache-2.0
import math
from collections import namedtuple
from enum import Enum
from typing import Any, Dict, Final, List, NamedTuple, Optional, Tuple, Union

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor


class Mlp(nn.Module):
    """The network R torch's documentation trains: 3-8-16-1 with two dropouts."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 16), nn.ReLU(),
                                 nn.Dropout(0.1), nn.Linear(16, 1))

    def forward(self, x):
        return self.net(x)


class Block(nn.Module):
    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, 3, padding=1)
        self.bn = nn.BatchNorm2d(n_out)
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.bn(self.conv(x)))


class ConvNet(nn.Module):
    """Three blocks of convolution, batch norm and ReLU on 28×28×3; the blocks are traced, the rest is scripted."""

    def __init__(self):
        super().__init__()
        blocks, n, size = [], 3, 28
        for m in (8, 16, 32):
            block = Block(n, m).eval()
            blocks.append(torch.jit.trace(block, torch.randn(2, n, size, size)))
            n, size = m, size // 2
        self.first, self.second, self.third = blocks
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.first(x), 2)
        x = F.max_pool2d(self.second(x), 2)
        x = self.third(x)
        return self.head(x.mean([2, 3]))


class Color(Enum):
    RED = 1
    GREEN = 2


class Word(Enum):
    YES = "yes"
    NO = "no"


class Point(NamedTuple):
    x: Tensor
    y: int


class Attributes(nn.Module):
    """An attribute of every type."""
    maybe: Optional[int]
    nothing: Optional[Tensor]
    either: Union[int, str]
    ints: List[int]
    empty: List[str]
    table: Dict[str, List[float]]
    by_int: Dict[int, Tensor]
    pairs: List[Tuple[int, str]]
    point: Point
    FACTOR: Final[float]

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(2, 3))
        self.register_buffer("mean", torch.randn(3))
        self.register_buffer("absent", None)
        self.register_buffer("temporary", torch.ones(3), persistent=False)
        self.flag = True
        self.count = 7
        self.rate = 0.25
        self.z = complex(1, -2)
        self.text = "grüße\n\"quoted\" \\ \t end"
        self.maybe = 3
        self.nothing = None
        self.either = "abc"
        self.ints = [1, -2, 1 << 40]
        self.empty = []
        self.table = {"b": [1.5, float("inf")], "a": []}
        self.by_int = {3: torch.ones(2), -1: torch.zeros(1)}
        self.pairs = [(1, "one"), (2, "two")]
        self.point = Point(torch.tensor([1.0, 2.0, 3.0]), 4)
        self.color = Color.GREEN
        self.where = torch.device("cpu")
        self.kind = torch.float64
        self.FACTOR = 2.5

    def forward(self, x: Tensor):
        y = x @ self.weight.t() * self.FACTOR + self.mean.sum() + self.temporary.sum()
        if self.flag and self.maybe is not None:
            y = y + self.count
        either = self.either
        n = len(either) if isinstance(either, str) else either
        is_green = self.color == Color.GREEN
        return (y.to(self.kind), n, self.text, self.z, self.ints, self.empty, self.table, self.by_int, self.pairs,
                self.point.x + self.point.y, self.nothing, self.rate, is_green, str(self.where), self.absent is None)


class ControlFlow(nn.Module):
    def forward(self, x: Tensor, n: int, names: List[str]) -> Tuple[Tensor, int, Dict[str, int], Optional[str]]:
        total = torch.zeros_like(x)
        rounds = 0
        counts: Dict[str, int] = {}
        last: Optional[str] = None
        for i in range(n):
            if i % 3 == 2:
                continue
            total = total + x * i
            if bool(total.sum() > 100):
                break
            rounds += 1
        for name in names:
            counts[name] = counts.get(name, 0) + 1
            last = name
        while rounds < 10:
            rounds += 4
            if rounds == 9:
                return total, -1, counts, last
        return total, rounds, counts, last


class Texts(nn.Module):
    def forward(self, s: str, x: int, y: float) -> Tuple[str, List[str], str, bool]:
        parts = s.split(",")
        out = "-".join([p.strip().upper() for p in parts])
        formatted = "{} and {} of {}".format(x, y, s)
        return out, parts, formatted + f"[{x}]" + "%d %s" % (x, s), s.startswith("a") and "b" in s


class Counter(object):
    def __init__(self, start: int):
        self.n = start
        self.seen: List[int] = []

    def add(self, k: int) -> int:
        self.n += k
        self.seen.append(k)
        return self.n


Counter = torch.jit.script(Counter)


class Objects(nn.Module):
    def forward(self, k: int) -> Tuple[int, List[int]]:
        c = Counter(k)
        for i in range(3):
            c.add(i)
        return c.n, c.seen


class Methods(nn.Module):
    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.randn(4))

    def forward(self, x: Tensor) -> Tensor:
        return self.helper(x, 2) - self.helper(x, scale=3)

    def helper(self, x: Tensor, scale: int = 1, offset: float = 0.5) -> Tensor:
        return x * scale + offset + self.bias

    @torch.jit.export
    def encode(self, x: Tensor, mode: str = "plain") -> Dict[str, Tensor]:
        return {"mode_" + mode: self.helper(x)}


@torch.jit.interface
class Activation(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        pass


class Double(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 2


class Square(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * x


class Interfaces(nn.Module):
    act: Activation

    def __init__(self):
        super().__init__()
        self.act = Square()
        self.many = nn.ModuleList([Double(), Square(), Double()])
        self.named = nn.ModuleDict({"a": Double(), "b": nn.Tanh()})

    def forward(self, x: Tensor, i: int) -> Tensor:
        x = self.act.forward(x)
        for m in self.many:
            x = m(x)
        for name, m in self.named.items():
            if name == "b":
                x = m(x)
        sub: Activation = self.many[i]
        return sub.forward(x)


class Forks(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        first = torch.jit.fork(self.a, x)
        futures = [torch.jit.fork(self.b, x + i) for i in range(3)]
        out = torch.jit.wait(first)
        for f in futures:
            out = out + torch.jit.wait(f)
        return out


class State(nn.Module):
    """__getstate__ and __setstate__: they undo each other, and one leaves a mark."""

    def __init__(self):
        super().__init__()
        self.w = torch.arange(6.0)
        self.n = 3
        self.was_restored = False

    @torch.jit.export
    def __getstate__(self) -> Tuple[Tensor, int, bool]:
        return self.w * 2, self.n + 1, self.training

    @torch.jit.export
    def __setstate__(self, state: Tuple[Tensor, int, bool]):
        self.w = state[0] / 2
        self.n = state[1] - 1
        self.training = state[2]
        self.was_restored = True

    def forward(self, x: Tensor) -> Tuple[Tensor, bool]:
        return x + self.w * self.n, self.was_restored


class Tied(nn.Module):
    """A shared parameter, and buffers that are views of one storage, transposed, 0-dim and empty."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5, 4)
        self.out = nn.Linear(4, 5, bias=False)
        self.out.weight = self.embed.weight
        base = torch.arange(12.0).reshape(3, 4)
        self.register_buffer("base", base)
        self.register_buffer("row", base[1])
        self.register_buffer("turned", base.t())
        self.register_buffer("scalar", torch.tensor(3.5))
        self.register_buffer("empty", torch.zeros(0, 3))

    def forward(self, i: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        self.base.add_(1)  # seen through the views
        logits = self.out(self.embed(i))
        return logits, self.row + self.scalar, self.turned + self.empty.numel()


class Dtypes(nn.Module):
    def __init__(self):
        super().__init__()
        names = ["uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64",
                 "complex128", "bool"]
        for name in names:
            self.register_buffer("b_" + name, torch.arange(4).to(getattr(torch, name)))

    def forward(self, x: Tensor) -> List[Tensor]:
        return [self.b_uint8 + 250, self.b_int8 * 2, self.b_int16 - 5, self.b_int32 + 1, self.b_int64 * 3,
                self.b_float16 + 0.5, self.b_bfloat16 + 0.5, self.b_float32 / 3, self.b_float64 / 3,
                self.b_complex64 * 2, self.b_complex128 + 1, ~self.b_bool, x]


class Indexing(nn.Module):
    def forward(self, x: Tensor, i: Tensor, mask: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
        y = x.clone()
        y[0, 1:] = 5.0
        y[..., -1] += 1
        z = x[:, None, ::2]
        return y, z, x[i], x[mask]


class Errors(nn.Module):
    def forward(self, x: Tensor, n: int) -> Tensor:
        if n < 0:
            raise ValueError("negative: {}".format(n))
        assert x.dim() == 2, "two dimensions are needed"
        return x * n


class Unions(nn.Module):
    def forward(self, x: Union[int, Tensor, List[int]]) -> str:
        if isinstance(x, int):
            return "int"
        if isinstance(x, Tensor):
            return "tensor"
        return "list"


class Constants(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = torch.arange(5.0)

    def forward(self, x: Tensor) -> Tuple[Tensor, float, float, float, complex, int]:
        y = x + torch.tensor([1.0, 2.0, 3.0]) + self.table[:3]
        return y, 1.5e10 + 0.5, float("inf") - 1, -2.5e-7, 3 + 4j, 9223372036854775807


class Mutation(nn.Module):
    def forward(self, x: Tensor, items: List[int], table: Dict[str, Tensor]) -> int:
        x.mul_(2)
        items.append(4)
        table["new"] = x + 1
        return len(items)


class Hooks(nn.Module):
    def __init__(self):
        super().__init__()
        self.sub = Double()

    def forward(self, x: Tensor) -> Tensor:
        return self.sub(x) + 1


def pre_hook(self, inputs: Tuple[Tensor]) -> Tuple[Tensor]:
    return (inputs[0] + 100,)


def post_hook(self, inputs: Tuple[Tensor], output: Tensor) -> Tensor:
    return output * 10 + inputs[0]


class Grad(nn.Module):
    def forward(self, x: Tensor) -> Tuple[Tensor, bool]:
        with torch.no_grad():
            y = x * 2
        return y, torch.is_grad_enabled()


class Wide(nn.Module):
    """Operators with many keywords, defaults and named results."""

    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        values, indices = torch.max(x, dim=1, keepdim=True)
        s = torch.sort(x, dim=-1, descending=True)
        q, r = torch.linalg.qr(x)
        return {"max": values, "at": indices, "sorted": s.values, "norm": torch.norm(x, p=2, dim=[0]), "q": (q @ r),
                "pad": F.pad(x, [1, 2], value=3.0), "full": torch.full([2, 2], 7), "gelu": F.gelu(x),
                "lin": torch.linspace(0, 1, 5), "div": torch.div(x, 3, rounding_mode="floor"),
                "up": F.interpolate(x[None, None], scale_factor=2.0, mode="bilinear", align_corners=False),
                "e": torch.einsum("ij,kj->ik", x, x), "std": x.std(0, unbiased=False), "cum": x.cumsum(1)}


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.lstm = nn.LSTM(8, 6, num_layers=2, bidirectional=True, batch_first=True)
        self.out = nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        h, _ = self.lstm(self.embed(x))
        return F.log_softmax(self.out(h), dim=-1)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.out = nn.Linear(16, 48), nn.Linear(16, 16)
        self.norm = nn.LayerNorm(16)

    def forward(self, x: Tensor, causal: bool = True) -> Tensor:
        b, n, d = x.shape
        q, k, v = self.qkv(self.norm(x)).view(b, n, 3, 4, 4).permute(2, 0, 3, 1, 4).unbind(0)
        a = q @ k.transpose(-2, -1) / math.sqrt(4)
        if causal:
            a = a.masked_fill(torch.triu(torch.ones(n, n, dtype=torch.bool), 1), float("-inf"))
        return x + self.out((a.softmax(-1) @ v).transpose(1, 2).reshape(b, n, d))


class Recurrent(nn.Module):
    """Layers whose forward is overloaded have none of that name when they are scripted alone."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor):
        return self.layer(x)


def traced_mlp():
    return torch.jit.trace(Mlp().eval(), torch.zeros(1, 3))


def hooked():
    m = Hooks()
    m.register_forward_pre_hook(pre_hook)
    m.register_forward_hook(post_hook)
    m.sub.register_forward_hook(post_hook)
    return torch.jit.script(m)


def traced_branch():
    class Inner(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.jit.script(relu_or_neg)(x) * 2

    return torch.jit.trace(Inner(), torch.randn(3))


def relu_or_neg(x: Tensor) -> Tensor:
    if bool(x.sum() > 0):
        return x.relu()
    return -x


class Orders(nn.Module):
    """Who asks in which order an image lies between convolutions is told what PyTorch does, whatever they compute in."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1)
        self.bn = nn.BatchNorm2d(16)

    def forward(self, x: Tensor):
        y = torch.relu(self.bn(self.a(x)))
        z = self.b(y) + y
        both = nn.functional.max_pool2d(torch.cat([z, y], 1), 2)
        return z, y.stride(), z.stride(), z[:, :4], z.view(-1), both, both.stride(), both.is_contiguous()


def cases():
    """(name, make, arguments, options); options: method, error, smoke (one of those of every test run),
    calls (1: a second call would answer otherwise)."""
    s = torch.jit.script
    x23, x34 = torch.randn(2, 3), torch.randn(3, 4)
    yield "mlp", traced_mlp, (torch.randn(5, 3),), {"smoke": True}
    yield "mlp_scripted_train", lambda: s(Mlp().eval()), (torch.randn(5, 3),), {}
    yield "convnet", lambda: s(ConvNet().eval()), (torch.randn(2, 3, 28, 28),), {"smoke": True}
    yield "orders", lambda: s(Orders().eval()), (torch.randn(2, 3, 32, 32),), {"smoke": True}
    yield "attributes", lambda: s(Attributes()), (x23,), {"smoke": True}
    yield "control_flow", lambda: s(ControlFlow()), (x23, 7, ["a", "b", "a"]), {"smoke": True}
    yield "texts", lambda: s(Texts()), ("ab, c ,d", 5, 2.5), {}
    yield "objects", lambda: s(Objects()), (10,), {}
    yield "methods", lambda: s(Methods()), (x34,), {}
    yield "methods_encode", lambda: s(Methods()), (x34, "odd"), {"method": "encode"}
    yield "interfaces", lambda: s(Interfaces()), (x23, 1), {"smoke": True}
    yield "forks", lambda: s(Forks()), (x34,), {"smoke": True}
    yield "state", lambda: s(State()), (torch.ones(6),), {"smoke": True}
    yield "tied", lambda: s(Tied()), (torch.tensor([1, 4, 0]),), {"smoke": True, "calls": 1}
    yield "dtypes", lambda: s(Dtypes()), (x23,), {"smoke": True}
    yield "indexing", lambda: s(Indexing()), (x34, torch.tensor([2, 0]), x34 > 0), {}
    yield "errors_fine", lambda: s(Errors()), (x23, 2), {}
    yield "errors_raise", lambda: s(Errors()), (x23, -1), {"error": True}
    yield "errors_assert", lambda: s(Errors()), (torch.ones(2), 1), {"error": True}
    yield "errors_argument", lambda: s(Errors()), (x23, "no"), {"error": True}
    yield "unions_int", lambda: s(Unions()), (4,), {}
    yield "unions_list", lambda: s(Unions()), ([4, 5],), {}
    yield "constants", lambda: s(Constants()), (torch.ones(3),), {}
    yield "mutation", lambda: s(Mutation()), (x23.clone(), [1], {"a": x34}), {"smoke": True}
    yield "hooks", hooked, (x23,), {"smoke": True}
    yield "grad", lambda: s(Grad()), (x23,), {}
    yield "wide", lambda: s(Wide()), (torch.randn(4, 4),), {}
    yield "tagger", lambda: s(Tagger().eval()), (torch.randint(0, 20, (2, 7)),), {}
    yield "tagger_traced", lambda: torch.jit.trace(Tagger().eval(), torch.randint(0, 20, (2, 7))), (
        torch.randint(0, 20, (2, 7)),), {}
    yield "attention", lambda: s(Attention().eval()), (torch.randn(2, 5, 16),), {"smoke": True}
    yield "traced_branch", traced_branch, (torch.randn(3) + 2,), {}
    yield "lstm", lambda: s(Recurrent(nn.LSTM(5, 7, 2)).eval()), (torch.randn(4, 3, 5),), {}
    yield "gru", lambda: s(Recurrent(nn.GRU(5, 7, bidirectional=True)).eval()), (torch.randn(4, 3, 5),), {}
    yield "rnn_cell", lambda: s(nn.RNNCell(5, 7)), (torch.randn(3, 5),), {}
    yield "lstm_cell", lambda: s(nn.LSTMCell(5, 7)), (torch.randn(3, 5),), {}
    yield "multihead", lambda: s(nn.MultiheadAttention(8, 2).train()), (torch.randn(4, 2, 8),) * 3, {}
    layer = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True)
    yield "encoder", lambda: s(nn.TransformerEncoder(layer, 2).eval()), (torch.randn(2, 5, 16),), {}
    yield "encoder_traced", lambda: torch.jit.trace(
        nn.TransformerEncoder(layer, 2).eval(), torch.randn(2, 5, 16), check_trace=False), (
        torch.randn(2, 5, 16),), {}
    yield "decoder", lambda: s(nn.TransformerDecoderLayer(16, 4, 32, dropout=0.0).eval()), (
        torch.randn(3, 2, 16), torch.randn(4, 2, 16)), {}
    yield "batchnorm_train", lambda: s(nn.BatchNorm1d(4).train()), (torch.randn(6, 4),), {}
    yield "groupnorm", lambda: s(nn.Sequential(nn.GroupNorm(2, 4), nn.InstanceNorm1d(4), nn.SiLU())), (
        torch.randn(2, 4, 6),), {}
    yield "conv_transpose", lambda: s(nn.ConvTranspose2d(3, 4, 3, stride=2, output_padding=1)), (
        torch.randn(1, 3, 5, 5),), {}
    yield "pools", lambda: s(nn.Sequential(nn.AdaptiveAvgPool2d((3, 4)), nn.MaxPool2d(2), nn.Flatten())), (
        torch.randn(2, 3, 7, 8),), {}
    yield "losses", lambda: s(nn.CrossEntropyLoss(label_smoothing=0.1)), (torch.randn(4, 5), torch.tensor([0, 1, 4, 2])), {}
    yield "embedding_bag", lambda: s(nn.EmbeddingBag(10, 4, mode="mean")), (torch.tensor([[1, 2, 4], [0, 9, 3]]),), {}
