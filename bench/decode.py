"""A decoder of GPT-2's shape with cached keys and values, for bench/models.py: what its forward does is one greedy
decoding, a loop in TorchScript."""
# SPDX-License-Identifier: Apache-2.0
from typing import List, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LAYERS, HEADS, WIDTH, WORDS, POSITIONS = 12, 12, 768, 50257, 1024


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.before_attention, self.before_mlp = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.heads = HEADS

    def forward(self, x: Tensor, past: Tuple[Tensor, Tensor]) -> Tuple[Tensor, Tuple[Tensor, Tensor]]:
        n, t, width = x.shape
        q, k, v = self.qkv(self.before_attention(x)).view(n, t, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        scores = torch.matmul(q, k.transpose(-2, -1)) * (width // self.heads) ** -0.5
        seen = torch.ones(t, k.size(2), dtype=torch.bool, device=x.device).tril(k.size(2) - t)
        weights = torch.softmax(scores.masked_fill(~seen, -1e9), -1)
        x = x + self.out(torch.matmul(weights, v).transpose(1, 2).reshape(n, t, width))
        return x + self.down(F.gelu(self.up(self.before_mlp(x)))), (k, v)


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.positions = nn.Embedding(WORDS, WIDTH), nn.Embedding(POSITIONS, WIDTH)
        self.blocks = nn.ModuleList([Block() for _ in range(LAYERS)])
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, WORDS, bias=False)
        self.heads, self.size = HEADS, WIDTH // HEADS

    def forward(self, words: Tensor, n_new: int) -> Tensor:
        n = words.size(0)
        past: List[Tuple[Tensor, Tensor]] = []
        for _unused in self.blocks:
            empty = torch.zeros(n, self.heads, 0, self.size)
            past.append((empty, empty))
        new, at = words, 0
        for _ in range(n_new):
            x = self.words(new) + self.positions(torch.arange(at, at + new.size(1)))
            at += new.size(1)
            for i, block in enumerate(self.blocks):
                x, past[i] = block(x, past[i])
            new = self.head(self.norm(x[:, -1:])).argmax(-1)
            words = torch.cat([words, new], 1)
        return words


def prompt():
    return torch.randint(0, WORDS, (1, 32))
