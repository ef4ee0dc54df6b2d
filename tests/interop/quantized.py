#!/usr/bin/env python3
"""Quantized modules of PyTorch run here, and go back: quantized.py TJS

Layers quantized statically (convolutions, linear layers, arithmetic) and dynamically (linear and recurrent layers),
scripted, traced and frozen by PyTorch: each is run by `tjs verify`, saved again by `tjs compile` as it is and frozen,
and what that wrote is run by both. Exit 77 (skipped) where there is no PyTorch."""
# SPDX-License-Identifier: Apache-2.0
import os, subprocess, sys, tempfile, warnings

import archives

try:
    import torch
    from torch import nn, quantization
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
except ImportError:
    torch = None
Module = nn.Module if torch else object


class Static(Module):
    def __init__(self):
        super().__init__()
        self.quant, self.dequant = quantization.QuantStub(), quantization.DeQuantStub()
        self.conv, self.bn, self.relu = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()
        self.pool, self.grouped = nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, stride=2, groups=2)
        self.add, self.mean, self.linear = nn.quantized.FloatFunctional(), nn.AdaptiveAvgPool2d(1), nn.Linear(8, 4)

    def forward(self, x):
        x = self.pool(self.relu(self.bn(self.conv(self.quant(x)))))
        x = self.grouped(x)
        x = torch.flatten(self.mean(self.add.add_relu(x, x)), 1)
        return self.dequant(self.linear(x))


class Recurrent(Module):
    def __init__(self, kind):
        super().__init__()
        self.layer = kind(8, 12, num_layers=2, bidirectional=True)

    def forward(self, x):
        return self.layer(x)


class Packed(Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(8, 12, num_layers=2, bidirectional=True)

    def forward(self, x, lengths):
        y, state = self.lstm(pack_padded_sequence(x, lengths, enforce_sorted=False))
        return pad_packed_sequence(y)[0], state


def static():
    module = Static().eval()
    module.qconfig = quantization.get_default_qconfig("fbgemm")
    module = quantization.prepare(quantization.fuse_modules(module, [["conv", "bn", "relu"]]))
    for _ in range(5):
        module(torch.randn(2, 3, 16, 16))
    return quantization.convert(module)


def dynamic(module, kind):
    return quantization.quantize_dynamic(module.eval(), {kind}, dtype=torch.qint8)


def modules():
    """Name → module, arguments"""
    mlp = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 5))
    return {
        "static": (static(), (torch.randn(2, 3, 16, 16),)),
        "linear": (dynamic(mlp, nn.Linear), (torch.randn(3, 16),)),
        "lstm": (dynamic(Recurrent(nn.LSTM), nn.LSTM), (torch.randn(5, 2, 8),)),
        "gru": (dynamic(Recurrent(nn.GRU), nn.GRU), (torch.randn(5, 2, 8),)),
        "packed lstm": (dynamic(Packed(), nn.LSTM), (torch.randn(5, 3, 8), torch.tensor([3, 5, 2]))),
    }


def forms():
    """(name, scripted module, arguments), as PyTorch writes it in several ways"""
    for name, (module, args) in modules().items():
        yield name, torch.jit.script(module), args
        yield name + ", frozen", torch.jit.freeze(torch.jit.script(module).eval()), args
        if "packed" not in name:
            yield name + ", traced", torch.jit.trace(module, args), args


def leaves(v):
    return [v] if isinstance(v, torch.Tensor) else [t for u in v for t in leaves(u)]


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stderr or done.stdout or "failed").strip() if done.returncode else None


def check(tjs, folder, module, args):
    """-> what is wrong, or None"""
    path, again, args_path, expected_path = (os.path.join(folder, n) for n in ("m.pt", "again.pt", "args.pt", "expected.pt"))
    module.save(path)
    expected = module(*args)
    torch.save(tuple(args), args_path)
    torch.save(expected, expected_path)
    answer = ("--args", args_path, "--expect", expected_path)
    wrong = archives.verify(tjs, path, *answer)
    for how in ((), ("--freeze",)):
        wrong = wrong or run(tjs, "compile", *how, path, "-o", again) or archives.verify(tjs, again, *answer)
        if not wrong:
            got = torch.jit.load(again)(*args)
            same = all(map(lambda a, b: torch.allclose(a, b, atol=1e-6), leaves(got), leaves(expected)))
            wrong = None if same else "PyTorch answers differently from what we saved %s" % (how,)
    return wrong


def main():
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    failed = n = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, module, args in forms():
            wrong = check(sys.argv[1], folder, module, args)
            n += 1
            failed += wrong is not None
            if wrong:
                print("%s: %s" % (name, wrong))
    print("%d passed, %d failed" % (n - failed, failed))
    return failed > 0


if __name__ == "__main__":
    archives.run_under_torch(torch is not None, main)
