"""The command from outside: exit codes, odd files, diagnostics, run-time errors, limits, bad --call expressions."""
# SPDX-License-Identifier: Apache-2.0
import json, os, signal, subprocess, time
from cli_test import FOLDER, TJS, check, expect, finish, tjs, write

GOOD = "def f(x: int):\n    return x + 1\n\ndef main():\n    print('hello')\n"
COMMANDS = [["check"], ["run"], ["graph"], ["graph", "--stage", "tokens"], ["graph", "--stage", "ast"]]


def exit_codes():
    good, wrong = write(GOOD), write("def f(x: int):\n    return y\n", "wrong.tjs")
    expect("no command", tjs(), 2, "usage")
    expect("unknown command", tjs("fly"), 2, "no command 'fly'")
    expect("help", tjs("help"), 0, "usage")
    for c in ["check", "run", "graph", "test", "ops", "bench"]:
        expect("--help of " + c, tjs(c, "--help"), 0, "usage: tjs " + c)
        expect("unknown option of " + c, tjs(c, "--no-such-option"), 2, "no option")
    for c in ["check", "run", "graph", "test", "bench"]:
        check("no file given to " + c, tjs(c).code == 2)
    expect("check of a good file", tjs("check", good), 0)
    expect("check of a wrong file", tjs("check", wrong), 1, "wrong.tjs:2:12: error: undefined name 'y'")
    expect("check of both", tjs("check", good, wrong), 1)
    expect("run of a wrong file", tjs("run", wrong, "--call", "f(1)"), 1, "undefined name")
    expect("graph of a wrong file", tjs("graph", wrong), 1, "undefined name")
    expect("run", tjs("run", good), 0, "hello")
    expect("run --call", tjs("run", good, "--call", "f(1)"), 0, "2\n")
    expect("run of a file that raises", tjs("run", write("def main():\n    raise ValueError('no')\n", "r.tjs")), 2,
           "ValueError", "no")
    expect("graph of an unknown function", tjs("graph", good, "nothing"), 2, "nothing")
    expect("graph of an unknown stage", tjs("graph", good, "--stage", "dreams"), 2, "dreams")
    expect("graph with an unknown pass", tjs("graph", good, "--passes", "dreams"), 2, "dreams")
    expect("a failed case", tjs("test", write(GOOD + "#> f(1)\n#= 3\n", "c.tjs")), 1, "0 passed, 1 failed")
    expect("a passed case", tjs("test", write(GOOD + "#> f(1)\n#= 2\n", "c.tjs")), 0, "1 passed, 0 failed")
    expect("an option without its value", tjs("run", good, "--call"), 2, "needs a value")
    expect("an option that is no number", tjs("run", good, "--max-depth", "many"), 2, "many")


def odd_files():
    files = {
        "binary": os.urandom(5000).replace(b"#", b"\0"),
        "not-utf8": b"def f(x: int):\n    return '\xff\xfe'\n",
        "nul": b"def f(x: int):\n    return x\0\n",
    }
    for c in COMMANDS:
        title = " ".join(c) + " of "
        expect(title + "a missing file", tjs(*c, FOLDER + "/missing.tjs"), 2, "No such file")
        expect(title + "a directory", tjs(*c, FOLDER), 2, "Is a directory")
        for name, content in files.items():
            expect(title + name, tjs(*c, write(content, name + ".tjs")), 1, name + ".tjs:", "error:")
    empty = write("", "empty.tjs")
    expect("check of an empty file", tjs("check", empty), 0)
    expect("graph of an empty file", tjs("graph", empty), 0)
    expect("run of an empty file", tjs("run", empty), 2, "main")
    expect("check of standard input", tjs("check", "-", stdin=b"def f(:\n"), 1, "<stdin>:1:")
    for name, text in {"crlf": GOOD.replace("\n", "\r\n"), "byte order mark": "\ufeff" + GOOD,
                       "no last newline": GOOD.rstrip()}.items():
        expect("a file with " + name, tjs("run", write(text), "--call", "f(1)"), 0, "2\n")
    line = "def f(x: int):\n    return x  # " + "a" * (1 << 20) + "\n"
    expect("a line of 1 MB", tjs("run", write(line), "--call", "f(1)"), 0, "1\n")
    long = "def f(x: int):\n    return y" + " + y" * (1 << 18) + "\n"
    r = tjs("check", write(long))
    expect("an error in a line of 1 MB", r, 1, "undefined name 'y'")
    check("its report shows parts of the line", len(r.err) < 1000000, r)
    big = "# a comment that fills the file\n" * (50 * 1024 * 1024 // 32) + GOOD
    expect("a file of 50 MB", tjs("check", write(big)), 0)
    junk = write("x = = 1\n" * (1 << 17))
    expect("1 MB of errors", tjs("check", junk), 1, "error:")
    os.remove(junk)


def diagnostics():
    src = ("def f(x: int, items: List[int]):\n"
           "\ty = itmes[0]\n"
           "    z = x.foo\n"
           "    return y\n"
           "def g(a: Tensor):\n"
           "    s = 'äöü€𝄞' + undefined_one\n"
           "    return torch.reluu(a)\n")
    src = src.replace("    z", "\tz").replace("    return y", "\treturn y")
    r = tjs("check", write(src, "d.tjs"))
    expect("several errors in one run", r, 1, "d.tjs:2:6: error: undefined name 'itmes'", "d.tjs:3:6: error:",
           "d.tjs:6:19: error: undefined name 'undefined_one'", "d.tjs:7:12: error:")
    expect("did you mean a variable", r, 1, "did you mean 'items'?")
    expect("did you mean an operator", r, 1, "relu'?")
    lines = r.err.splitlines()
    for word in ["itmes", "undefined_one"]:
        shown = next(i for i, l in enumerate(lines) if word in l and "|" in l)
        source, caret = lines[shown], lines[shown + 1]
        # the caret line repeats tabs, so that both lines are as wide up to the mark
        before = source[:source.index(word)]
        check("caret under " + word, caret.index("^") == len(before)
              and all((a == "\t") == (b == "\t") for a, b in zip(before, caret[:len(before)]) if "\t" in (a, b)), r)
    r = tjs("check", "--json", write(src, "d.tjs"))
    items = json.loads(r.out)
    check("--json is JSON with every error", r.code == 1 and len(items) >= 4, r)
    check("--json has places", all(i["range"]["start"]["line"] and i["range"]["start"]["column"] and i["message"] for i in items), r)
    r = tjs("check", "--json", write(GOOD))
    check("--json of a good file", r.code == 0 and json.loads(r.out) == [], r)
    r = tjs("check", write("def f(x: Optional[int]):\n    return x + 1\n"))
    expect("an Optional in arithmetic", r, 1, "error:")
    expect("unsupported Python is named", tjs("check", write("def f(x):\n    try:\n        pass\n    except:\n        pass\n")),
           1, "try")


def run_time_errors():
    src = ("def inner(items: List[int], i: int):\n"
           "    total = 0\n"
           "    for k in range(2):\n"
           "        total += items[i + k]\n"
           "    return total\n"
           "def outer(items: List[int]):\n"
           "    return inner(items, 5) + 1\n"
           "def shapes(a: Tensor, b: Tensor):\n"
           "    return a + b\n"
           "def key(d: Dict[str, int]):\n"
           "    return d['no']\n"
           "def check(x: int):\n"
           "    assert x > 5, 'too small'\n"
           "    return x\n"
           "def throw(x: int):\n"
           "    raise NotImplementedError('later')\n"
           "def zero(x: int):\n"
           "    return 5 % x\n")
    p = write(src, "e.tjs")
    r = tjs("run", p, "--call", "outer([1])")
    expect("a list index", r, 2, "Traceback of TorchScript (most recent call last):", "list index out of range",
           'File "' + p + '", line 7, in outer', 'File "' + p + '", line 4, in inner', "<--- HERE")
    expect("the place of the failing operator", r, 2, "e.tjs:4:18: error:")
    check("outermost call first", -1 < r.err.find("in outer") < r.err.find("in inner"), r)
    expect("shapes that do not fit", tjs("run", p, "--call", "shapes(torch.ones(2), torch.ones(3))"), 2,
           "e.tjs:9:12: error:", "RuntimeError:", "(2)", "(3)")
    expect("a missing key", tjs("run", p, "--call", "key({'a': 1})"), 2, "e.tjs:11:12: error:", "KeyError")
    expect("an assertion", tjs("run", p, "--call", "check(1)"), 2, "AssertionError: too small")
    expect("an exception", tjs("run", p, "--call", "throw(1)"), 2, "NotImplementedError: later")
    expect("division by zero", tjs("run", p, "--call", "zero(0)"), 2, "modulo by zero")


def limits():
    p = write("def forever(x: int):\n    while x > -1:\n        x = x % 7 + 1\n    return x\n"
              "def memory(n: int):\n    xs = [torch.ones(1000)]\n    for i in range(n):\n        xs.append(torch.ones(1000))\n"
              "    return len(xs)\n"
              "def text(n: int):\n    s = 'abcdefgh'\n    for i in range(n):\n        s = s + s\n    return len(s)\n"
              "def huge(n: int):\n    return torch.ones(n, n)\n"
              "def repeat(n: int):\n    return len([0] * n)\n", "l.tjs")
    expect("--max-instructions", tjs("run", p, "--call", "forever(1)", "--max-instructions", "100000"), 2, "instruction")
    r = tjs("run", p, "--call", "forever(1)", "--max-time", "1")
    expect("--max-time", r, 2, "time")
    check("it ends soon", r.seconds < 20, r)
    for call in ["memory(100000000)", "text(60)", "huge(1000000)", "repeat(1000000000000)"]:
        expect("--max-memory: " + call, tjs("run", p, "--call", call, "--max-memory", "64"), 2, "memory")
    expect("within --max-memory", tjs("run", p, "--call", "memory(10)", "--max-memory", "64"), 0, "11")
    deep = "def f0(x: int):\n    return x\n" + "".join(
        "def f%d(x: int):\n    y = f%d(x)\n    return y + 1\n" % (i, i - 1) for i in range(1, 5000))
    p = write(deep, "deep.tjs")
    r = tjs("run", p, "--call", "f4999(1)")
    check("5,000 calls deep", (r.code == 0 and r.out == "5000\n") or (r.code == 2 and "dep" in r.err), r)
    expect("50 calls deep", tjs("run", p, "--call", "f50(1)"), 0, "51\n")


def interruption():
    p = write("def main():\n    x = 1\n    while x > 0:\n        x = x % 7 + 1\n    return x\n", "loop.tjs")
    run = subprocess.Popen([TJS, "run", p], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    time.sleep(1.5)
    run.send_signal(signal.SIGINT)
    try:
        _, err = run.communicate(timeout=30)
        check("Ctrl-C ends the run with a report: %s" % err, run.returncode == 2 and b"interrupt" in err.lower())
    except subprocess.TimeoutExpired:
        run.kill()
        check("Ctrl-C ends the run", False)
    good = write(GOOD)
    for args in [["run", good], ["graph", good], ["ops"], ["help"]]:
        full = os.open("/dev/full", os.O_WRONLY)
        r = subprocess.run([TJS, *args], stdout=full, stderr=subprocess.PIPE)
        os.close(full)
        check("a full device: %s: %s" % (args[0], r.stderr), r.returncode == 2 and b"cannot write" in r.stderr)
        r = subprocess.run(["sh", "-c", '"$@" >&-', "sh", TJS, *args], stderr=subprocess.PIPE)
        check("no standard output: %s: %s" % (args[0], r.stderr), r.returncode in (0, 2) and b"Sanitizer" not in r.stderr)


def operators():
    out = subprocess.run([TJS, "ops", "relu"], capture_output=True, text=True).stdout.splitlines()
    check("operators are schema, back end, derivative: %s" % out[:1], out and all(len(l.split("\t")) == 3 for l in out))
    out = subprocess.run([TJS, "ops", "relu", "--json"], capture_output=True, text=True).stdout.splitlines()
    rows = [json.loads(l) for l in out]
    check("operators as JSON: %s" % out[:1], rows and all(set(r) == {"schema", "backend", "derivative"} for r in rows))
    count = json.loads(subprocess.run([TJS, "ops", "--coverage", "--json"], capture_output=True, text=True).stdout)
    check("the counts as JSON: %s" % count, 0 < count["implemented"] <= count["known"])
    table = write("# models programs name\n  3  1  aten::relu\n  1  1  aten::no_such_operator\n", "priority.md")
    share = json.loads(subprocess.run([TJS, "ops", "--coverage", "--list", table, "--json"], capture_output=True, text=True).stdout)
    check("the share of a table: %s" % share, share["implemented"] == 1 and share["known"] == 2)
    check("a name that is none", subprocess.run([TJS, "ops", "no_such_operator"], capture_output=True).returncode == 1)


def bad_calls():
    p = write("def f(x: int, y: float = 1.0):\n    return x + y\n"
              "def t(x: Tensor):\n    return x\n"
              "def l(x: List[int]):\n    return x\n", "b.tjs")
    calls = ["", " ", "(", ")", "f", "f(", "f)", "f(1", "f()", "f(1, 2, 3)", "f(1, 2, y=3)", "f(z=1)", "f(1, x=2)", "f('a')",
             "f(None)", "f([1])", "f(1, 'a')", "g(1)", "F(1)", "t(1)", "t(torch.ones)", "t(torch.nothing(1))", "l(1)", "l(['a'])",
             "l([1, 'a'])", "f(1) f(2)", "f(1); f(2)", "x = f(1)", "f(1)(2)", "f.x", "f(1).x", "f(1).x()", "1()", "''()",
             "lambda: 1", "f(*[1])", "f(**{})", "f(x for x in y)", "[x for x in [1]]", "1 if True else 2", "import os", "\0",
             "é", "f(é=1)", "f(1)\nf(2)", "f(\n1)", "9" * 100, "1e999", "'" + "a" * 100000 + "'", "f(" + "1," * 10000 + ")",
             "(" * 100000, "[" * 200 + "]" * 200, "-" * 100000 + "1", "1" + "+1" * 20000, "torch", "torch.ones", "torch.ones(-1)",
             "torch.ones(2, 3, 4, 5, 'a')", "torch.ones(1 << 62)", "torch.tensor([[1, 2], [3]])", "torch.tensor('a')",
             "torch.zeros(3)[5]", "torch.zeros(3)[0:1]", "(1, 2)[5]", "[1][5]", "{}['a']", "{1: 2}[3]", "{[1]: 2}", "1 // 0",
             "1 % 0", "1 / 0", "2 ** 70", "1 << 64", "1 << -1", "not", "and", "None.x", "f(x=)", "f(,)", "f(1,,2)", "#", "f(1) #",
             "f(1) if", "@", "$", "`", "?", "'", '"', "f('", "f\"{x}\"", "f(True)", "-None", "~1.5", "1 @ 2", "'a' * -1",
             "'a' * 100000000000", "[0] * 100000000000", "...", "f(...)", "int('9' * 30)", "int('')", "float('x')", "len(1)", "abs('a')"]
    for c in calls:
        if "\0" in c:
            continue # cannot be an argument of a process
        r = tjs("run", p, "--call", c, "--max-memory", "512")
        check("--call %.60r" % c, (r.code == 0 or len(r.err) > 0) and len(r.err) < 1000000, r)
    for c in ["", "(", "f(", "f('a')", "g(1)", "f(z=1)", "f()", "1()", "torch.nothing(1)"]:
        expect("--call %r is refused" % c, tjs("run", p, "--call", c), 2, "rror")


def compile_memory():
    """What a compile takes and keeps: bounded for each line, however many there are."""
    body = ("def f%d(x: Tensor, n: int) -> Tensor:\n    y = torch.relu(x) * 2.0 + float(n)\n    total = 0\n"
            "    for i in range(n):\n        if i %% 2 == 0:\n            total += i * 3\n        else:\n"
            "            y = y - x[0]\n    shape = [x.size(0), total]\n    return torch.sigmoid(y) + float(len(shape))\n")
    figures = {}
    for lines in 1000, 5000:
        path = write("".join(body % i for i in range(lines // 10)), "lines%d.tjs" % lines)
        r = tjs("bench", "compile", path, "--json", "--min-time", "0")
        figures[lines] = json.loads(r.out) if r.code == 0 else {}
        check("%d lines are counted" % lines, figures[lines].get("lines") == lines)
        check("bytes a line of %d lines" % lines, 0 < figures[lines].get("peak_bytes_per_line", 0) < 3000)
    check("5,000 lines take no more memory each than 1,000",
          figures[5000].get("peak_bytes_per_line", 0) < 1.05 * figures[1000].get("peak_bytes_per_line", 0))
    expect("memory of a compile as text", tjs("bench", "compile", write(GOOD), "--min-time", "0"), 0, "5 lines:",
           "bytes at the peak")
    expect("timing a check alone", tjs("bench", "compile", write(GOOD), "--min-time", "0", "--check-only"), 0, "median")


def npy_files():
    p = write("def main(x: Tensor):\n    return x\n", "n.tjs")
    header = b"\x93NUMPY\x01\x00\x76\x00{'descr': '%s', 'fortran_order': %s, 'shape': %s, }"

    def npy(descr, fortran, shape, data):
        h = header % (descr, fortran, shape)
        return h + b" " * (128 - 1 - len(h)) + b"\n" + data

    good = npy(b"<f4", b"False", b"(2,)", b"\0\0\x80?\0\0\0@")
    expect("a good .npy", tjs("run", p, "--args", write(good, "a.npy")), 0, "1", "2")
    bad = {"empty": b"", "magic only": good[:6], "header cut": good[:40], "data cut": good[:-1],
           "no such dtype": npy(b"<q9", b"False", b"(2,)", b"\0" * 8), "objects": npy(b"|O", b"False", b"(2,)", b"\0" * 16),
           "negative size": npy(b"<f4", b"False", b"(-2,)", b"\0" * 8), "huge": npy(b"<f4", b"False", b"(1<<62,)", b"\0" * 8),
           "product wraps": npy(b"<f4", b"False", b"(4294967296, 4294967296, 4)", b"\0" * 8),
           "many bytes": npy(b"<f4", b"False", b"(4611686018427387904,)", b"\0" * 8),
           "no shape": good.replace(b"'shape'", b"'shope'"),
           "header length lies": good[:8] + b"\xff\xff" + good[10:], "text": b"1 2 3\n"}
    for name, content in bad.items():
        expect(".npy: " + name, tjs("run", p, "--args", write(content, "bad.npy")), 2, "bad.npy")
    expect(".npy: missing", tjs("run", p, "--args", FOLDER + "/none.npy"), 2, "No such file")


def result_files():
    """What --out wrote, --args reads."""
    p = write("def pair() -> Tuple[Dict[str, Tensor], int]:\n    return ({'x': torch.ones(2)}, 3)\n"
              "def named() -> Dict[str, Tensor]:\n    return {'x': torch.ones(2)}\n"
              "def take_pair(d: Dict[str, Tensor], n: int) -> Tensor:\n    return d['x'] * n\n"
              "def take(d: Dict[str, Tensor]) -> Tensor:\n    return d['x'] * 3\n", "f.tjs")
    for name, take, files in (("pair", "take_pair", ["r.pt"]), ("named", "take", ["r.npz", "r.safetensors", "r.pt"])):
        for file in files:
            out = os.path.join(FOLDER, file)
            expect("--out " + file, tjs("run", p, "--call", name + "()", "--out", out), 0)
            expect("--args " + file, tjs("run", p, "--method", take, "--args", out), 0, "3", "3")
    out = os.path.join(FOLDER, "r.npy")
    expect("a pair as .npy", tjs("run", p, "--call", "pair()", "--out", out), 2, "only tensors can be written as .npy")
    out = os.path.join(FOLDER, "r.npz")
    expect("a pair as .npz", tjs("run", p, "--call", "pair()", "--out", out), 2, "only a dict of tensors by name")


def archives():
    """An archive made here, without an ending in its name, is known by its content; --call reaches into it."""
    source, path = write("def half(x: Tensor, by: float = 2.0) -> Tensor:\n    return x / by\n", "half.tjs"), FOLDER + "/half"
    expect("compile", tjs("compile", source, "-o", path), 0)
    expect("forward by --call", tjs("run", path, "--call", "forward(torch.ones(2), by=4.0)"), 0, "0.2500")
    for other in ("half.zip", "half.v1.2", "half again"):
        expect("saved as " + other, tjs("compile", path, "-o", os.path.join(FOLDER, other)), 0)
        expect("run " + other, tjs("run", os.path.join(FOLDER, other), "--call", "forward(torch.ones(2))"), 0, "0.5000")
    expect("an attribute by --call", tjs("run", path, "--call", "training"), 0, "True")
    expect("no such method", tjs("run", path, "--call", "backward()"), 2, "no function or class")
    expect("a call of wrong arguments", tjs("run", path, "--call", "forward()"), 2, "missing value for argument 'x'")
    expect("timing a method by --call", tjs("bench", "run", path, "--call", "forward(torch.ones(2))", "--min-time", "0"), 0, "median")
    expect("many callers at once", tjs("bench", "run", path, "--call", "forward(torch.ones(2))", "--min-time", "0.01", "--callers", "3"),
           0, "3 callers, ", "calls a second")
    expect("fewer callers than none", tjs("bench", "run", path, "--callers", "-1"), 2, "--callers")
    source, path = write("# a comment\ndef fail(n: int) -> int:\n    assert n > 3, 'too few'\n    return n\n", "fail.tjs"), FOLDER + "/fail"
    expect("compile what raises", tjs("compile", source, "-o", path), 0)
    expect("an error shows the code and the source it was saved from", tjs("run", path, "--call", "forward(1)"), 2,
           "serialized code", 'File "code/__torch__', "original code", 'fail.tjs", line 3', "assert n > 3")
    source = write("def cast(x: Tensor, where: str) -> Tensor:\n    with torch.autocast(where, dtype=torch.bfloat16):\n        y = x @ x\n"
                   "    return y\n", "cast.tjs")
    expect("compile an autocast", tjs("compile", source, "-o", path), 0)
    expect("autocast elsewhere", tjs("run", path, "--call", "forward(torch.ones(2, 2), 'cuda')"), 0, "2")
    expect("autocast here", tjs("run", path, "--call", "forward(torch.ones(2, 2), 'cpu')"), 2, "autocast on the CPU is not implemented")
    expect("--call and --method", tjs("bench", "run", path, "--call", "forward()", "--method", "forward"), 2, "--call says all")


exit_codes()
odd_files()
diagnostics()
run_time_errors()
limits()
interruption()
operators()
bad_calls()
compile_memory()
npy_files()
result_files()
archives()
finish()
