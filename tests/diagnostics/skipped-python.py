# 
# options: --warn=skipped-python
# ---- wrong
import torch

def helper(x):  # here
    return (lambda y: y)(x)

@torch.jit.script
def f(x: torch.Tensor) -> torch.Tensor:
    return x
# ---- right
import torch

@torch.jit.script
def f(x: torch.Tensor) -> torch.Tensor:
    return x
