#!/usr/bin/env python3
"""Checks the house rules that a compiler does not: every #include against the table of layers, no include cycles,
files not too long, the licence line, no generated code in the tree. Usage: includes.py ROOT"""
import os, re, sys

# What each library may include, besides itself and jit.h; closed transitively (docs/architecture.md).
MAY = {
    "base": [],
    "runtime/tensor": ["base"],
    "frontend/script": ["base"],
    "ir": ["runtime/tensor"],
    "sema": ["frontend/script", "ir"],
    "opt": ["ir"],
    "codegen": ["ir"],
    "runtime/device": ["runtime/tensor"],
    "runtime/kernels": ["runtime/device", "ir/op.h", "ir/schema.h", "ir/type.h", "ir/function.h", "ir/ops/"],
    "runtime/archive": ["ir", "runtime/device"],
    "runtime/autograd": ["runtime/tensor", "runtime/kernels/dispatch.h"],
    "frontend/trace": ["ir", "runtime/kernels/dispatch.h"],
    "runtime/vm": ["ir", "runtime/kernels"],
    "runtime/exec": ["opt", "codegen", "runtime/vm", "runtime/autograd"],
    "runtime/api": ["sema", "opt", "codegen", "runtime/archive", "runtime/vm", "runtime/exec", "frontend/trace"],
    "tools/tjs": [],
    "examples": [],
    "include": [],
}
PUBLIC = {"jit.h", "jit_ops.h"}
MAX_LINES = 900


def layer_of(path):
    if path.startswith("grammar/"):
        return {"script": "frontend/script", "ir": "ir", "schema": "ir", "tokens": "frontend/script"}[
            os.path.basename(path).split(".")[0]]
    best = [l for l in MAY if path.startswith(l + "/")]
    return max(best, key=len) if best else None


def closure(layer, seen=None):
    seen = set() if seen is None else seen
    for dep in MAY.get(layer, []):
        if dep not in seen:
            seen.add(dep)
            closure(dep, seen)
    return seen


def allowed(layer, target):
    if target in PUBLIC or os.path.basename(target) == target and target.endswith((".tab.h", ".inc")):
        return True
    if target == "jit_debug.h":
        return layer in ("tools/tjs", "runtime/api", "include")
    own = layer_of(target)
    if own == layer:
        return True
    return any(target == d or target.startswith(d if d.endswith("/") else d + "/") or own == d and "." not in d
               for d in closure(layer))


def main(root):
    bad, n = [], 0
    graph = {}
    for top, dirs, files in os.walk(root):
        dirs[:] = [d for d in dirs if d not in ("build", ".git", "tests", "bench")]
        for f in files:
            path = os.path.relpath(os.path.join(top, f), root)
            if not f.endswith((".c", ".h", ".re", ".y", ".def")):
                continue
            layer = layer_of(path)
            text = open(os.path.join(root, path), errors="replace").read()
            n += 1
            if "SPDX-License-Identifier: Apache-2.0" not in text[:3000]:
                bad.append("%s: no SPDX line" % path)
            if text.count("\n") > MAX_LINES and not path.endswith(".def"):
                bad.append("%s: %d lines; what two things is it?" % (path, text.count("\n")))
            graph[path] = []
            for m in re.finditer(r'^\s*#\s*include\s+"([^"]+)"', text, re.M):
                target, line = m.group(1), text.count("\n", 0, m.start()) + 1
                if os.path.exists(os.path.join(root, target)):
                    graph[path].append(target)
                if layer and not allowed(layer, target):
                    bad.append("%s:%d: %s may not include %s" % (path, line, layer, target))
    state = {}

    def visit(p, trail):
        if state.get(p) == 2 or p.endswith(".def"):
            return
        if state.get(p) == 1:
            bad.append("include cycle: " + " -> ".join(trail[trail.index(p):] + [p]))
            return
        state[p] = 1
        for q in graph.get(p, []):
            visit(q, trail + [p])
        state[p] = 2

    for p in list(graph):
        visit(p, [])
    for b in bad:
        print(b)
    print("%d passed, %d failed" % (n - len({b.split(":")[0] for b in bad}), len(bad)))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
