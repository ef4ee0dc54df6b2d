# tjs: check
"""A file that asks for nothing: torch.jit.script(main) in a docstring marks nothing."""
import asyncio
from dataclasses import dataclass, field

# torch.jit.script(main) in a comment does not either
type Pair[T] = tuple[T, T]


@dataclass
class Config:
    names: list[str] = field(default_factory=lambda: [n for n in "abc" if n != 'b'])


async def main(*args, key=None, **kw):
    match args:
        case [first, *rest] if (n := len(rest)) > 1:
            print(f"{first!r:>{n}} {kw["key"]}")
        case _:
            yield from rest
    try:
        async with lock:
            await asyncio.gather(*[x async for x in key])
    except* ValueError as e:
        raise RuntimeError("a \
string that goes on") from e
    else:
        global counter
        counter = {**kw, "set": {1, 2}}


if __name__ == "__main__":
    asyncio.run(main())

# CHECK: note: unmarked.py: nothing is marked with torch.jit.script, so nothing was checked
# CHECK: note: skipped: 0 nn.Module classes, 2 other definitions, 3 other statements
