#!/usr/bin/env python3
"""Writes net.pt, which the tests of the C interface and of `tjs inspect` read: make.py FOLDER. Needs PyTorch 1.13."""
# SPDX-License-Identifier: Apache-2.0
import os, sys
from typing import Dict, List

import torch
import torch.nn as nn
from torch import Tensor


class Block(nn.Module):
    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.linear = nn.Linear(n_in, n_out)
        self.norm = nn.BatchNorm1d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.linear(x)))


class Net(nn.Module):
    names: List[str]
    counts: Dict[str, int]

    def __init__(self):
        super().__init__()
        self.first, self.second = Block(3, 4), Block(4, 4)
        self.drop = nn.Dropout(0.5)
        self.tied = self.second.linear  # one layer under two names
        self.scale = 2
        self.label = "net"
        self.names = ["a", "b"]
        self.counts = {"a": 1}
        self.register_buffer("offset", torch.tensor([1.0, 2.0, 3.0, 4.0]))
        self.register_buffer("small", torch.ones(2, dtype=torch.float16))
        self.register_buffer("steps", torch.tensor(7))

    def forward(self, x: Tensor, gain: float = 1.0) -> Tensor:
        return self.drop(self.tied(self.second(self.first(x)))) * self.scale * gain + self.offset

    @torch.jit.export
    def describe(self, prefix: str = "") -> str:
        return prefix + self.label + str(len(self.names))


def main(folder):
    net = Net().eval()
    with torch.no_grad():
        for i, p in enumerate(net.parameters()):
            p.copy_(torch.arange(p.numel()).reshape(p.shape) / 8 - i / 4)
    torch.jit.save(torch.jit.script(net), os.path.join(folder, "net.pt"), _extra_files={"notes.txt": "hello\0there"})
    print(torch.jit.load(os.path.join(folder, "net.pt"))(torch.ones(1, 3)))


if __name__ == "__main__":
    main(sys.argv[1])
