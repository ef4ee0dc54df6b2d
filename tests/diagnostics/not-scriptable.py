# A marked function of a Python file uses something of the file that cannot be compiled.
# ---- wrong
import torch

def shout(s: str) -> str:
    try:
        return s + "!"
    finally:
        pass

@torch.jit.script
def f(s: str) -> str:
    return shout(s)  # here
# ---- right
import torch

def shout(s: str) -> str:
    return s + "!"

@torch.jit.script
def f(s: str) -> str:
    return shout(s)
