# Not an error: what was checked of a Python file, and what was not.
# ---- wrong
import torch  # here

def helper(x):
    return (lambda y: y)(x)
# ---- right
def f(x: Tensor) -> Tensor:
    return x
