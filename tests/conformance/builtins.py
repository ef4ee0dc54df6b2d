#!/usr/bin/env python3
"""Writes programs for compare.py: each builtin function, method and operator over sampled arguments.

Usage: builtins.py [--count N] [--seed S] [NAME…] > FILE. A row below is an expression over typed parameters; each
becomes a function of its own and N calls with arguments drawn from the pools of their types, edge values included.
Left out are calls that end PyTorch's process or never return: `int % 0`, `str.center` with a negative width."""
# SPDX-License-Identifier: Apache-2.0
import argparse, itertools, random

POOLS = {
    "int": [0, 1, -1, 2, 3, -3, 7, 10, -10, 255, 1000003, 2**31, 2**53 + 1, 2**63 - 1, -2**63],
    "small": [0, 1, -1, 2, -2, 3, -3, 4, 5, -5, 7, 100, -100],
    "nonzero": [1, -1, 2, -2, 3, -3, 7, 10, -10, 2**31, 2**63 - 1],
    "step": [1, 2, 3, -1, -2, -3, 100, -100, 0],
    "shift": [0, 1, 2, 3, 7, 31, 32, 62],
    "width": [0, 1, 2, 3, 5, 8, 13],
    "byte": [0, 9, 10, 32, 48, 65, 97, 126, 127],
    "float": [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.7, -3.7, 1e-5, 123456789.125, 1e10, 1e16, 1e22, 1e300,
              5e-324, "float('inf')", "float('-inf')", "float('nan')", 0.1, 2.675],
    "unit": [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 0.1, 2.0, "float('nan')", "float('inf')", 10.0, -3.0, 25.5],
    "complex": ["1+2j", "0j", "-1.5-0.5j", "3j", "complex(2, 0)", "complex(0.0, -0.0)", "1e10+1j"],
    "bool": [True, False],
    "str": ["", "a", "A", "abc", "Hello World", " aB  c ", "ab\tcd\n", "123", "a,b,,c", "x-y-z", "aaaa", "They're Bill's",
            "\t", "Abc Def", "ABC", "1a", "_id", "if", "one\ntwo\r\nthree\n", "%d", "0x1F", " 12", "é"],
    "sub": ["", "a", "b", "bc", " ", ",", "aa", "l", "xyz", "\n", "World"],
    "char": [" ", "*", "0"],
    "chars": [" ", "a", "ab", "", " \t\n", "xyz-", "Hd"],
    "digits": ["0", "1", "-1", "12", "+7", " 3", "3 ", "abc", "", "1.5", "-0", "007", "1e3", "inf", "nan", "-inf", "1_0",
               "9223372036854775807", ".5", "5.", "1e400", "0x10"],
    "List[int]": ["[]", [1], [1, 2, 3], [3, 1, 2], [2, 2, 2], [-1, 0, 1], [5, 4, 3, 2, 1], [0, 0], [10, 9, 10, 8]],
    "List[float]": ["[]", [1.0], [1.5, -2.0, 3.25], [0.0, -0.0], [2.5, 2.5], [3.0, 2.0, 1.0]],
    "List[bool]": ["[]", [True], [False, True], [False, False], [True, True, False]],
    "List[str]": ["[]", ["a"], ["b", "a", "c"], ["", "x"], ["aa", "a", "aa"], ["B", "a"]],
    "List[List[int]]": ["[]", [[1], [2, 3]], [[], [1]], [[3], [1], [2]]],
    "Dict[str, int]": [{}, {"a": 1}, {"b": 2, "a": 1}, {"x": 0, "y": -1, "z": 5}],
    "Dict[int, float]": [{}, {1: 1.0}, {3: 0.5, 2: -1.5}],
    "Tuple[int, int]": [(0, 0), (1, 2), (-3, 4)],
    "Tuple[int, float, str]": [(1, 2.5, "z"), (0, -0.0, ""), (-1, 1e16, "it's")],
    "Optional[int]": [None, 0, 5, -7],
    "slot": [None, 0, 1, 2, 3, -1, -2, -3, 5, -5, 100, -100],
}
# the annotation of a pool that is not named after its type
TYPES = {"small": "int", "nonzero": "int", "step": "int", "shift": "int", "width": "int", "byte": "int", "unit": "float",
         "sub": "str", "char": "str", "chars": "str", "digits": "str", "slot": "Optional[int]"}

ROWS = []  # (name, result type, expression or statements, pools of a, b, c, …)


def row(name, result, code, *pools):
    ROWS.append((name, result, code, pools))


for m in "capitalize title upper lower swapcase expandtabs strip lstrip rstrip".split():
    row("str." + m, "str", "a.%s()" % m, "str")
for m in "isalnum isalpha isdecimal isdigit islower isupper isspace isnumeric isprintable istitle isidentifier".split():
    row("str." + m, "bool", "a.%s()" % m, "str")
row("str.expandtabs(n)", "str", "a.expandtabs(b)", "str", "width")
for m in "center ljust rjust".split():
    row("str." + m, "str", "a.%s(b)" % m, "str", "width")
    row("str.%s(fill)" % m, "str", "a.%s(b, c)" % m, "str", "width", "char")
row("str.zfill", "str", "a.zfill(b)", "digits", "width")
for m in "count find rfind index rindex".split():
    row("str." + m, "int", "a.%s(b)" % m, "str", "sub")
    row("str.%s(start)" % m, "int", "a.%s(b, c)" % m, "str", "sub", "small")
    row("str.%s(start, end)" % m, "int", "a.%s(b, c, d)" % m, "str", "sub", "small", "small")
for m in "startswith endswith".split():
    row("str." + m, "bool", "a.%s(b)" % m, "str", "sub")
    row("str.%s(start, end)" % m, "bool", "a.%s(b, c, d)" % m, "str", "sub", "small", "small")
row("str.split()", "List[str]", "a.split()", "str")
row("str.rsplit()", "List[str]", "a.rsplit()", "str")
row("str.split(sep)", "List[str]", "a.split(b)", "str", "sub")
row("str.split(sep, max)", "List[str]", "a.split(b, c)", "str", "sub", "small")
row("str.split(None, max)", "List[str]", "a.split(None, b)", "str", "small")
row("str.rsplit(sep, max)", "List[str]", "a.rsplit(b, c)", "str", "sub", "small")
row("str.splitlines", "List[str]", "a.splitlines(b)", "str", "bool")
row("str.join", "str", "a.join(b)", "sub", "List[str]")
for m in "strip lstrip rstrip".split():
    row("str.%s(chars)" % m, "str", "a.%s(b)" % m, "str", "chars")
row("str.replace", "str", "a.replace(b, c)", "str", "sub", "sub")
row("str.replace(max)", "str", "a.replace(b, c, d)", "str", "sub", "sub", "small")
row("str.partition", "Tuple[str, str, str]", "a.partition(b)", "str", "sub")
row("str.rpartition", "Tuple[str, str, str]", "a.rpartition(b)", "str", "sub")
row("str in", "Tuple[bool, bool]", "(b in a, b not in a)", "str", "sub")
row("str +", "str", "a + b", "str", "str")
row("str[i]", "str", "a[b]", "str", "small")
row("len str", "int", "len(a)", "str")
for op in "== != < <= > >=".split():
    row("str " + op, "bool", "a %s b" % op, "str", "str")
    row("int %s float" % op, "Tuple[bool, bool]", "(a %s b, b %s a)" % (op, op), "int", "float")
    row("float " + op, "bool", "a %s b" % op, "float", "float")
for op in "== !=".split():
    for t in ["List[int]", "List[float]", "List[str]", "List[bool]", "complex", "bool", "Tuple[int, int]"]:
        row("%s %s" % (t, op), "bool", "a %s b" % op, t, t)
row("list(str)", "List[str]", "list(a)", "str")
row("for str", "str", "for ch in a:\n        r = ch + r", "str")

for t in "str List[int] List[str]".split():
    row("%s[::]" % t, t, "a[b:c:d]", t, "slot", "slot", "step")
    row("%s[:]" % t, t, "a[b:c]", t, "slot", "slot")
    row("%s[::-1]" % t, t, "a[::-1]", t)
for t, e in [("List[int]", "small"), ("List[float]", "float"), ("List[str]", "sub"), ("List[bool]", "bool")]:
    row(t + ".append", t, "a.append(b)\n    r = a", t, e)
    row(t + ".insert", t, "a.insert(c, b)\n    r = a", t, e, "small")
    row(t + ".remove", t, "a.remove(b)\n    r = a", t, e)
    row(t + ".index", "int", "a.index(b)", t, e)
    row(t + ".count", "int", "a.count(b)", t, e)
    row(t + " in", "bool", "b in a", t, e)
    row(t + "[i] =", t, "a[c] = b\n    r = a", t, e, "small")
for t, e in [("List[int]", "int"), ("List[float]", "float"), ("List[str]", "str"), ("List[bool]", "bool")]:
    row(t + ".pop", "Tuple[%s, %s]" % (e, t), "(a.pop(), a)", t)
    row(t + ".pop(i)", "Tuple[%s, %s]" % (e, t), "(a.pop(b), a)", t, "small")
    row(t + "[i]", e, "a[b]", t, "small")
    row(t + " del", t, "del a[b]\n    r = a", t, "small")
    row(t + ".extend", t, "a.extend(b)\n    r = a", t, t)
    row(t + " +=", t, "a += b\n    r = a", t, t)
    row(t + " +", t, "a + b", t, t)
    row(t + " *", t, "a * b", t, "width")
    row("* " + t, t, "b * a", t, "step")
    row(t + ".reverse", t, "a.reverse()\n    r = a", t)
    row(t + ".clear", t, "a.clear()\n    r = a", t)
    row(t + ".copy", t, "a.copy()", t)
    row("bool " + t, "bool", "bool(a)", t)
    row("str " + t, "str", "str(a)", t)
    row("list " + t, t, "list(a)", t)
for t, e in [("List[int]", "int"), ("List[float]", "float"), ("List[str]", "str"), ("List[bool]", "bool")]:
    row(t + ".sort", t, "a.sort()\n    r = a", t)
    row(t + ".sort(reverse)", t, "a.sort(reverse=b)\n    r = a", t, "bool")
    row("sorted " + t, t, "sorted(a)", t)
    row("enumerate " + t, "List[Tuple[int, %s]]" % e, "[(i, x) for i, x in enumerate(a)]", t)
    row("enumerate(start) " + t, "List[Tuple[int, %s]]" % e, "[(i, x) for i, x in enumerate(a, b)]", t, "small")
    row("zip " + t, "List[Tuple[%s, str]]" % e, "[(x, y) for x, y in zip(a, b)]", t, "str")
for t, e in [("List[int]", "int"), ("List[float]", "float"), ("List[bool]", "bool")]:
    row("min " + t, e, "min(a)", t)
    row("max " + t, e, "max(a)", t)
    row("any all " + t, "Tuple[bool, bool]", "(any(a), all(a))", t)
    row("sum " + t, "float" if e == "float" else "int", "sum(a)", t)
for t in ["List[int]", "List[float]", "List[bool]"]:
    row("min two " + t, t, "min(a, b)", t, t)
    row("max two " + t, t, "max(a, b)", t, t)
row("any str", "bool", "any(a)", "List[str]")
row("all str", "bool", "all(a)", "List[str]")
row("str List[List[int]]", "str", "str(a)", "List[List[int]]")
row("List[List[int]] ==", "bool", "a == b", "List[List[int]]", "List[List[int]]")
row("range", "List[int]", "[i for i in range(a, b, c)]", "small", "small", "step")
row("range two", "List[int]", "list(range(a, b))", "small", "small")
row("range one", "List[int]", "list(range(a))", "small")

D = "Dict[str, int]"
row("dict[k]", "int", "a[b]", D, "sub")
row("dict[k] =", D, "a[b] = c\n    r = a", D, "sub", "small")
row("dict.get", "Optional[int]", "a.get(b)", D, "sub")
row("dict.get(k, default)", "int", "a.get(b, c)", D, "sub", "small")
row("dict.pop", "Tuple[int, %s]" % D, "(a.pop(b), a)", D, "sub")
row("dict.pop(k, default)", "Tuple[int, %s]" % D, "(a.pop(b, c), a)", D, "sub", "small")
row("dict.setdefault", "Tuple[int, %s]" % D, "(a.setdefault(b, c), a)", D, "sub", "small")
row("dict.popitem", "Tuple[str, int]", "a.popitem()", D)
row("dict.keys", "List[str]", "a.keys()", D)
row("list(dict.keys)", "List[str]", "list(a.keys())", D)
row("dict.values", "List[int]", "list(a.values())", D)
row("dict.items", "List[Tuple[str, int]]", "list(a.items())", D)
row("dict.update", D, "a.update(b)\n    r = a", D, D)
row("dict.clear", D, "a.clear()\n    r = a", D)
row("dict.copy", D, "a.copy()", D)
row("dict in", "Tuple[bool, bool]", "(b in a, b not in a)", D, "sub")
row("dict del", D, "del a[b]\n    r = a", D, "sub")
row("dict str", "str", "str(a)", D)
row("dict len bool", "Tuple[int, bool]", "(len(a), bool(a))", D)
row("dict for", "List[str]", "[k for k in a]", D)
row("dict comprehension", "Dict[int, str]", "{v: k for k, v in a.items()}", D)
row("dict(items)", D, "dict([(b, c), ('q', 2)])", D, "sub", "small")
row("dict(d, k=v)", D, "dict(a, q=b)", D, "small")
row("dict float str", "str", "str(a)", "Dict[int, float]")

for op in "+ - *".split():
    row("int " + op, "int", "a %s b" % op, "int", "int")
    row("complex " + op, "complex", "a %s b" % op, "complex", "complex")
    row("complex %s float" % op, "complex", "a %s b" % op, "complex", "unit")
    row("int %s complex" % op, "complex", "a %s b" % op, "small", "complex")
for op in "+ - * / // % **".split():
    row("float " + op, "float", "a %s b" % op, "float", "float")
    row("float %s int" % op, "float", "a %s b" % op, "float", "nonzero")
    row("int %s float" % op, "float", "a %s b" % op, "int", "float")
row("complex /", "complex", "a / b", "complex", "complex")
row("complex **", "complex", "a ** b", "complex", "complex")
row("complex ** float", "complex", "a ** b", "complex", "unit")
row("int /", "float", "a / b", "int", "int")
row("int //", "int", "a // b", "small", "small")
row("int %", "int", "a % b", "int", "nonzero")
row("int **", "float", "a ** b", "small", "small")
row("pow int", "float", "pow(a, b)", "small", "small")
row("pow float", "float", "pow(a, b)", "float", "unit")
for op in "& | ^".split():
    row("int " + op, "int", "a %s b" % op, "int", "int")
    row("bool " + op, "bool", "a %s b" % op, "bool", "bool")
for op in "<< >>".split():
    row("int " + op, "int", "a %s b" % op, "int", "shift")
for op in "+= -= *= //= %=".split()[:3]:
    row("int " + op, "int", "a %s b\n    r = a" % op, "int", "int")
    row("float " + op, "float", "a %s b\n    r = a" % op, "float", "float")
row("divmod int", "Tuple[int, int]", "divmod(a, b)", "small", "small")
row("divmod float", "Tuple[float, float]", "divmod(a, b)", "float", "float")
row("divmod mixed", "Tuple[float, float]", "divmod(a, b)", "small", "float")
row("- int", "int", "-a", "int")
row("- float", "float", "-a", "float")
row("abs int", "int", "abs(a)", "int")
row("abs float", "float", "abs(a)", "float")
row("abs complex", "float", "abs(a)", "complex")
row("round float", "float", "round(a)", "float")
row("round int", "float", "round(a)", "int")
row("min max int", "Tuple[int, int]", "(min(a, b), max(a, b))", "int", "int")
row("min max float", "Tuple[float, float]", "(min(a, b), max(a, b))", "float", "float")
row("min max mixed", "Tuple[float, float]", "(min(a, b), max(a, b))", "small", "float")
row("min three", "int", "min(a, b, c)", "int", "int", "int")
row("and or not", "Tuple[bool, bool, bool]", "(bool(a) and bool(b), bool(a) or bool(b), not a)", "small", "small")
for t in "int float bool".split():
    row("bool(%s)" % t, "bool", "bool(a)" if t != "bool" else "not a", t)
row("int(float)", "int", "int(a)", "unit")
row("int(bool)", "int", "int(a)", "bool")
row("int(str)", "int", "int(a)", "digits")
row("float(int)", "float", "float(a)", "int")
row("float(bool)", "float", "float(a)", "bool")
row("float(str)", "float", "float(a)", "digits")
row("complex(float, float)", "complex", "complex(a, b)", "float", "unit")
row("complex(int)", "complex", "complex(a)", "small")
row("complex(bool, int)", "complex", "complex(a, b)", "bool", "small")
row("bool(str)", "bool", "bool(a)", "str")
row("ord", "int", "ord(a)", "str")
row("chr", "str", "chr(a)", "byte")
for f in "hex oct bin".split():
    row(f, "str", f + "(a)", "int")
for t in ["int", "float", "complex", "bool", "str", "Tuple[int, float, str]", "Optional[int]", "Dict[str, int]"]:
    row("str(%s)" % t, "str", "str(a)", t)
    row("'{}'.format(%s)" % t, "str", "'<{}>'.format(a)", t)
    row("'%%s' %% %s" % t, "str", "'<%s>' % (a,)" if t.startswith("Tuple") else "'<%s>' % a", t)
    row("f-string %s" % t, "str", "f'<{a}|{a}>'", t)
    row("print %s" % t, "int", "print(a, [a], (a, 1))\n    r = 0", t)
row("'%d' % int", "str", "'<%d>' % a", "int")
row("'%i' % int", "str", "'<%i>' % a", "int")
row("'%d' % float", "str", "'<%d>' % a", "unit")
row("'%f' % float", "str", "'<%f>' % a", "float")
row("'%f' % int", "str", "'<%f>' % a", "small")
row("'%g' % float", "str", "'<%g>' % a", "float")
row("'%e' % float", "str", "'<%e>' % a", "float")
row("'%c' % str", "str", "'<%c>' % a", "char")
row("'%c' % int", "str", "'<%c>' % a", "byte")
row("'%x' % int", "str", "'<%x>' % a", "int")
row("'%%s %%d' %% tuple", "str", "'%s and %d%%' % (a, b)", "str", "small")
row("'% too few'", "str", "'%s %s' % a", "int")
row("'% too many'", "str", "'%s' % (a, b)", "int", "int")
row("format two", "str", "'{} {}'.format(a, b)", "int", "float")
row("format too few", "str", "'{} {}'.format(a)", "int")
row("format too many", "str", "'{}'.format(a, b)", "int", "str")
row("format braces", "str", "'{{}} {}'.format(a)", "int")
row("format numbered", "str", "'{0} {1} {0}'.format(a, b)", "int", "str")
row("format method", "str", "a.format(b)", "str", "int")
row("tuple str in", "bool", "b in a", "Tuple[int, int]", "small")
row("tuple +", "Tuple[int, int, int, int]", "a + b", "Tuple[int, int]", "Tuple[int, int]")
row("tuple[i]", "int", "a[b]", "Tuple[int, int]", "small")
row("tuple[-1]", "str", "a[-1]", "Tuple[int, float, str]")
row("tuple[:2]", "Tuple[int, float]", "a[:2]", "Tuple[int, float, str]")
row("tuple[::-1]", "Tuple[int, int]", "a[::-1]", "Tuple[int, int]")
row("tuple len", "int", "len(a)", "Tuple[int, float, str]")
row("sorted tuples", "List[Tuple[int, int]]", "sorted([a, b])", "Tuple[int, int]", "Tuple[int, int]")
row("optional or", "int", "a if a is not None else b", "Optional[int]", "small")

for f in ("ceil floor").split():
    row("math." + f, "int", "math.%s(a)" % f, "unit")
for f in ("erf erfc exp expm1 fabs gamma lgamma log10 log1p sqrt asinh atanh cosh sinh tanh acos asin atan cos sin tan "
          "acosh degrees radians log").split():
    row("math." + f, "float", "math.%s(a)" % f, "float")
    row("math.%s int" % f, "float", "math.%s(a)" % f, "small")
for f in "isnan isinf isfinite".split():
    row("math." + f, "bool", "math.%s(a)" % f, "float")
for f in "copysign atan2 fmod remainder pow log".split():
    row("math.%s two" % f, "float", "math.%s(a, b)" % f, "float", "unit")
    row("math.%s int float" % f, "float", "math.%s(a, b)" % f, "small", "unit")
for f in "copysign atan2 pow log".split():
    row("math.%s ints" % f, "float", "math.%s(a, b)" % f, "small", "small")
row("math.fmod ints", "float", "math.fmod(a, b)", "small", "nonzero")
row("math.remainder ints", "float", "math.remainder(a, b)", "small", "nonzero")
row("math.modf", "Tuple[float, float]", "math.modf(a)", "float")
row("math.frexp", "Tuple[float, int]", "math.frexp(a)", "float")
row("math.ldexp", "float", "math.ldexp(a, b)", "float", "small")
row("math.gcd", "int", "math.gcd(a, b)", "small", "small")
row("math.factorial", "int", "math.factorial(a)", "width")
row("math.factorial negative", "int", "math.factorial(-a - 1)", "width")


def literal(v):
    return v if isinstance(v, str) and v[:1] in "[{fc-0123456789" and v[:5] != "count" else repr(v)


def drawn(pool, text_pools):
    """The pool as texts of expressions; pools of strings are always quoted."""
    values = POOLS[pool]
    return [repr(v) if pool in text_pools else literal(v) for v in values]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--count", type=int, default=40)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("names", nargs="*")
    args = p.parse_args()
    text_pools = {"str", "sub", "char", "chars", "digits"}
    draw = random.Random(args.seed)
    for name, result, code, pools in ROWS:
        if args.names and not any(n in name for n in args.names):
            continue
        params = ", ".join("%s: %s" % (c, TYPES.get(t, t)) for c, t in zip("abcd", pools))
        body = code if code.startswith("for ") or "\n" in code else "r = " + code
        if code.startswith("for "):
            body = "r = ''\n    " + code
        print("#--- %s\ndef f(%s) -> %s:\n    %s\n    return r" % (name, params, result, body))
        calls = list(itertools.product(*[drawn(t, text_pools) for t in pools]))
        if len(calls) > args.count:
            calls = draw.sample(calls, args.count)
        for call in calls:
            print("#> f(%s)" % ", ".join(call))


if __name__ == "__main__":
    main()
