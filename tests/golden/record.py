#!/usr/bin/env python3
"""Compares the emitted graphs with PyTorch's: record.py TJS FILE.tjs… [--show FILE:FUNCTION] [--list].

Each top-level function PyTorch can script is printed by both, `torch.jit.script(fn).graph` and
`tjs graph --stage emitted`. Value names are renumbered by first appearance and source comments dropped; what is left
must be the same text: kinds, types, attributes, operands, blocks, order. A function differs either in the order of
its constants alone or in the nodes; for these the node kinds one of them has more of are listed. Needs PyTorch, so
it is not part of the test suite; docs/ir.md quotes its numbers."""
import collections, linecache, os, re, subprocess, sys, types

PRELUDE = ("import torch\nfrom torch import Tensor\nimport math\n"
           "from typing import List, Dict, Tuple, Optional, Union, Any, NamedTuple\nfrom enum import Enum\n")
CONSTANT = re.compile(r"^\s*(%[\w.]+) : (.*) = prim::Constant(.*)\(\)$")


def pytorch_graphs(path):
    """{name: graph text} of the functions of a module, scripted one by one."""
    import torch
    module = types.ModuleType("case_" + re.sub(r"\W", "_", os.path.basename(path)))
    module.__file__ = path  # where inspect looks for the source of a class
    text = open(path).read()
    linecache.cache[path] = (len(text), None, text.splitlines(True), path)
    sys.modules[module.__name__] = module
    exec(PRELUDE, module.__dict__)
    before = set(module.__dict__)
    exec(compile(text, path, "exec"), module.__dict__)
    graphs = {}
    for name, obj in list(module.__dict__.items()):
        if name in before or not isinstance(obj, types.FunctionType) or name.startswith("py_"):
            continue
        try:
            graphs[name] = str(torch.jit.script(obj).graph)
        except Exception:
            pass  # helpers that only Python runs
    return graphs


def tjs_graphs(tjs, path, names):
    """{name: graph text}: one call for each file; a file of one function has no headings."""
    out = subprocess.run([tjs, "graph", "--stage", "emitted", path], capture_output=True, text=True).stdout
    if not out.startswith("# "):
        return {names[0]: out} if len(names) == 1 and out else {}
    parts = re.split(r"^# ([\w.]+)\n", out, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def canonical(graph):
    """-> (text with constants at their uses and values renumbered, constants in order)."""
    graph = re.sub(r" +# [^\n\"]*:\d+:\d+$", "", graph.strip(), flags=re.M)
    graph = re.sub(r"__torch__\.(?:case_\w+?_tjs\.)?(?:___torch_mangle_\d+\.)?", "__torch__.", graph)
    constants, values, lines = [], {}, []
    for line in graph.split("\n"):
        m = CONSTANT.match(line)
        if m:
            values[m.group(1)] = "<%s%s>" % (m.group(2), m.group(3))
            constants.append(values[m.group(1)])
        else:
            lines.append(line.rstrip())
    count = [0]

    def value(m):
        if m.group(0) not in values:
            values[m.group(0)] = "%%%d" % count[0]
            count[0] += 1
        return values[m.group(0)]

    # names stand outside of strings only
    body = re.sub(r"\"(?:[^\"\\]|\\.)*\"|%[\w.]+", lambda m: m.group(0) if m.group(0)[0] == '"' else value(m),
                  "\n".join(lines))
    return body, constants


def kinds(text):
    return collections.Counter(re.findall(r"= (\^?\w+(?:::\w+)?)[\[(]", text))


def difference(a, b):
    """-> None, or the class of the difference between two canonical graphs."""
    if a == b:
        return None
    if a[0] == b[0]:
        return "order of constants" if sorted(a[1]) == sorted(b[1]) else "unused constants"
    more, less = kinds(a[0]) - kinds(b[0]), kinds(b[0]) - kinds(a[0])
    if not more and not less:
        strip = lambda t: re.sub(r" : [^=\n]*? = ", " = ", t)
        return "types of values" if strip(a[0]) == strip(b[0]) else "same kinds of nodes, other order or operands"
    text = lambda c: " ".join("%s×%d" % (k, n) for k, n in sorted(c.items())) or "-"
    return "PyTorch has %s, tjs has %s" % (text(more), text(less))


def main(arguments):
    show, listing = None, "--list" in arguments
    arguments = [a for a in arguments if a != "--list"]
    if "--show" in arguments:
        i = arguments.index("--show")
        show = arguments[i + 1]
        del arguments[i:i + 2]
    tjs, classes, n, same, missing = arguments[0], collections.defaultdict(list), 0, 0, []
    for path in arguments[1:]:
        reference = pytorch_graphs(path)
        ours = tjs_graphs(tjs, path, list(reference))
        for name, graph in reference.items():
            where = "%s:%s" % (os.path.basename(path), name)
            n += 1
            if name not in ours:
                missing.append(where)
                continue
            a, b = canonical(graph), canonical(ours[name])
            why = difference(a, b)
            same += why is None
            if why:
                classes[why].append(where)
            if where == show:
                print(graph, "\n".join(["--- tjs", ours[name]]))
    print("%d functions, %d identical, %d without a graph of ours" % (n, same, len(missing)))
    if missing:
        print("no graph:", " ".join(missing))
    for why, where in sorted(classes.items(), key=lambda x: -len(x[1])):
        print("%4d  %s: %s" % (len(where), why, " ".join(where if listing else where[:3])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
