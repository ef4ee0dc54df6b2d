"""Programs that are deep or long: nesting to 200 levels works at every stage and more is an error; chains of
10,000 links work in parser, checker, lowering, passes, printer and interpreter alike."""
# SPDX-License-Identifier: Apache-2.0
from cli_test import check, expect, tjs, write

N = 10000
STAGES = ["ast", "typed", "emitted", "inlined", "optimized", "bytecode"]


def body(lines, params="x: int"):
    return "def f(%s):\n%s\n" % (params, "".join("    %s\n" % l for l in lines))


def chains():
    elifs = "".join("    elif x == %d:\n        return %d\n" % (i, i) for i in range(1, N))
    joined = "".join("    elif x == %d:\n        y = %d\n" % (i, i) for i in range(1, N))
    return {
        "+": (body(["return " + "+".join(["x"] * N)]), "10000"),
        "and": (body(["return " + " and ".join(["x > 0"] * N)]), "True"),
        "or": (body(["return " + " or ".join(["x > 1"] * N)]), "False"),
        "comparisons": (body(["return " + " <= ".join(["x"] * N)]), "True"),
        "adjacent strings": (body(["return len(" + " ".join(["'a'"] * N) + ")"]), "10000"),
        "elif with return": (body(["if x == 0:", "    return 0"]) [:-1] + elifs + "    return -1\n", "1"),
        "elif with assignment": (body(["y = 0", "if x == 0:", "    y = 7"])[:-1] + joined + "    return y\n", "1"),
        "statements": (body(["x = x + 1"] * N + ["return x"]), "10001"),
        "one line of statements": (body(["; ".join(["x += 1"] * N), "return x"]), "10001"),
        "early returns": (body(["if x == -%d: return 0" % (i + 5) for i in range(N)] + ["return x"]), "1"),
        "raises": (body(["if x == -%d: raise ValueError('a')" % (i + 5) for i in range(N // 4)] + ["return x"]), "1"),
        "loops": (body(["for i%d in range(1): x += 1" % i for i in range(N // 4)] + ["return x"]), "2501"),
        "list items": (body(["return len([" + ",".join(["x"] * N) + "])"]), "10000"),
        "dict items": (body(["return len({" + ",".join("%d: x" % i for i in range(N)) + "})"]), "10000"),
        "functions": ("".join("def f%d(x: int):\n    return x + %d\n" % (i, i) for i in range(N))
                      + body(["return f9(x)"]), "10"),
        "f-string fields": (body(["return len(f\"" + "{x}" * N + "\")"]), "10000"),
    }


NESTING = {
    "parentheses": ("(", "x", ")"), "lists": ("[", "x", "]"), "dicts": ("{1: ", "x", "}"), "additions": ("1+(", "x", ")"),
    "minus": ("-", "x", ""), "not": ("not ", "x", ""), "power": ("x**", "x", ""), "conditionals": ("(1 if x > 5 else ", "x", ")"),
}
BLOCKS = ["if x > 0:", "for i in range(1):", "while x < 2:"]


def nested(left, middle, right, depth):
    return body(["return " + left * depth + middle + right * depth])


def nested_blocks(head, depth):
    return "def f(x: int):\n" + "".join(" " * (i + 1) + head + "\n" for i in range(depth)) \
        + " " * (depth + 1) + "x = x + 1\n return x\n"


def works_everywhere(name, text, value=None):
    path = write(text)
    expect(name + ": check", tjs("check", path), 0)
    r = tjs("run", path, "--call", "f(1)")
    check(name + ": run", r.code == 0 and (value is None or r.out == value + "\n"), r)
    for stage in STAGES:
        r = tjs("graph", path, "f", "--stage", stage) if stage != "ast" else tjs("graph", path, "--stage", stage)
        check(name + ": " + stage, r.code == 0, r)


def is_refused(name, text):
    path = write(text)
    expect(name + ": check", tjs("check", path), 1, "error:", "nested")
    expect(name + ": run", tjs("run", path, "--call", "f(1)"), 1, "nested")
    expect(name + ": graph", tjs("graph", path), 1, "nested")


if __name__ == "__main__":
    from cli_test import finish
    for name, (text, value) in chains().items():
        works_everywhere("chain of " + name, text, value)
    for name, (left, middle, right) in NESTING.items():
        works_everywhere("200 nested " + name, nested(left, middle, right, 200))
        is_refused("100,000 nested " + name, nested(left, middle, right, 100000))
    for head in BLOCKS:
        works_everywhere("200 nested " + head, nested_blocks(head, 200))
        is_refused("5,000 nested " + head, nested_blocks(head, 5000))
    works_everywhere("a number of 1 MB", body(["return 1." + "1" * (1 << 20)]))
    works_everywhere("a name of 1 MB", body(["return " + "x" * (1 << 20)], "x" * (1 << 20) + ": int"), "1")
    for name, text in {"open brackets": "(" * 100000, "close brackets": ")" * 100000, "mixed brackets": "([{" * 100000,
                       "annotations": "1", "f-strings": "f'{" * 100000}.items():
        params = "x: " + "List[" * 100000 + "int" + "]" * 100000 if name == "annotations" else "x: int"
        expect("100,000 " + name, tjs("check", write(body(["return " + text], params))), 1, "error:")
    finish()
