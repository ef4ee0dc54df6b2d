#!/usr/bin/env python3
"""Asks PyTorch and tjs the same questions: compare.py TJS FILE… [--messages] [--keep FOLDER].

A FILE holds small programs, each begun by a line `#--- NAME`, with calls in lines `#> CALL`. Every program is
scripted by PyTorch in a process of its own (some answers of PyTorch end the process) and checked by tjs; what one
accepts and the other refuses is reported, then every call whose value, printed text or failure differs. With
`--messages` the last line of an error must agree too. `--keep` writes the programs with PyTorch's answers there, in
the form of this folder's cases. Needs PyTorch, so it is not part of the test suite; builtins.py makes such files."""
# SPDX-License-Identifier: Apache-2.0
import argparse, json, linecache, math, os, re, signal, subprocess, sys, tempfile, types, warnings

PRELUDE = ("import torch\nfrom torch import Tensor\nimport math\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
           "from typing import List, Dict, Tuple, Optional, Union, Any, NamedTuple\nfrom enum import Enum\n")


def expression(v):
    """A value as an expression of the case format; floats exactly."""
    import torch
    if isinstance(v, torch.Tensor):
        flat = ", ".join(expression(x) for x in v.detach().reshape(-1).tolist())
        return "torch.tensor([%s], dtype=%s).reshape(%s)" % (flat, v.dtype, list(v.shape))
    if isinstance(v, float):
        return repr(v) if math.isfinite(v) else "float('%s')" % v
    if isinstance(v, complex):
        return "complex(%s, %s)" % (expression(v.real), expression(v.imag))
    if isinstance(v, list):
        return "[" + ", ".join(map(expression, v)) + "]"
    if isinstance(v, tuple) and hasattr(v, "_fields"):
        return "%s(%s)" % (type(v).__name__, ", ".join("%s=%s" % (f, expression(getattr(v, f))) for f in v._fields))
    if isinstance(v, tuple):
        return "(" + "".join(expression(x) + ", " for x in v) + ")"
    if isinstance(v, dict):
        return "{" + ", ".join(expression(k) + ": " + expression(x) for k, x in v.items()) + "}"
    if isinstance(v, torch.device):
        return "torch.device(%r)" % str(v)
    if hasattr(v, "name") and hasattr(v, "value"):
        return "%s.%s" % (type(v).__name__, v.name)
    if v is None or isinstance(v, (bool, int, str)):
        return repr(v)
    raise TypeError("no expression for %r" % (v,))


def script(name, text):
    """Runs a program as a module and scripts its functions -> its names. Raises what PyTorch raises."""
    import torch
    path = "<%s>" % name
    module = types.ModuleType("case_" + re.sub(r"\W", "_", name))
    module.__file__ = path
    linecache.cache[path] = (len(text), None, text.splitlines(True), path)
    sys.modules[module.__name__] = module
    names = module.__dict__
    exec(PRELUDE, names)
    before = set(names)
    exec(compile(text, path, "exec"), names)
    scripted = {}
    for key, obj in list(names.items()):
        if key not in before and isinstance(obj, types.FunctionType) and \
                obj.__module__ == module.__name__ and not key.startswith("py_"):
            scripted[key] = torch.jit.script(obj)
    names.update(scripted)
    return names


def answer(names, call):
    """-> (kind, text, printed): what PyTorch says to one call."""
    import torch
    sys.stdout.flush()
    saved, out = os.dup(1), tempfile.TemporaryFile()
    os.dup2(out.fileno(), 1)
    try:
        torch.manual_seed(0)
        try:
            with torch.no_grad():
                kind, text = "value", expression(eval(call, names))
        except Exception as e:
            lines = str(e).strip().splitlines()
            kind, text = "raise", re.sub(r"^RuntimeError: ", "", lines[-1] if lines else "")
    finally:
        sys.stdout.flush()
        os.dup2(saved, 1)
    out.seek(0)
    return kind, text, out.read().decode(errors="replace")


def child(name, text, calls, sink):
    """Writes PyTorch's answers as lines; a call that takes long ends the process."""
    try:
        names = script(name, text)
    except Exception as e:
        sink.write(json.dumps(["reject", str(e)]) + "\n")
        return
    for call in calls:
        signal.alarm(4)
        sink.write(json.dumps(answer(names, call)) + "\n")
        sink.flush()
        signal.alarm(0)


def ask(name, text, calls):
    """PyTorch's answers -> ("reject", message) | ("answers", [...]). A call that kills its process counts as "died"."""
    answers = []
    while True:
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            with os.fdopen(write, "w") as sink:
                child(name, text, calls[len(answers):], sink)
            os._exit(0)
        os.close(write)
        lines = [json.loads(line) for line in os.fdopen(read)]
        status = os.waitpid(pid, 0)[1]
        if lines and lines[0][0] == "reject":
            return lines[0]
        answers += lines
        if status & 127 and len(answers) < len(calls):
            answers.append(["died", "signal %d" % (status & 127), ""])
        if len(answers) == len(calls) or not status:
            return "answers", answers


def programs(path):
    """-> [(name, text)] of a file."""
    parts = re.split(r"^#--- *(.*)\n", open(path).read(), flags=re.M)
    pairs = list(zip(parts[1::2], parts[2::2]))
    return pairs or [(os.path.basename(path), parts[0])]


def run(*command):
    p = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=120)
    return p.returncode, p.stdout, p.stderr


def filled(text, answers, messages):
    """The program with an answer under each call; calls PyTorch died at are dropped."""
    out, at = [], 0
    for line in text.split("\n"):
        if not line.startswith("#> "):
            out.append(line)
            continue
        kind, said = answers[at][0], answers[at][1]
        at += 1
        if kind != "died":
            out += [line, "#= " + said if kind == "value" else ("#! " + (said if messages else "")).rstrip()]
    return "\n".join(out)


def compare(tjs, name, text, args, folder):
    """-> lines about what differs."""
    calls = re.findall(r"^#> (.*)", text, re.M)
    kind, answers = ask(name, text, calls)
    path = os.path.join(folder, re.sub(r"\W+", "_", name) + ".tjs")
    open(path, "w").write(text if kind == "reject" else filled(text, answers, args.messages))
    rc, out, err = run(tjs, "check", "--no-warn", path)
    if kind == "reject":
        said = [line for line in answers.strip().split("\n") if line.strip()]
        if rc != 1:
            return ["ACCEPTED here (%s), PyTorch: %s" % (rc, " / ".join(said[:3]))]
        return ["both refuse:\n  PyTorch: %s\n  tjs: %s" % (" / ".join(said[:4]), err.strip()[:1500])] if args.rejects else []
    if rc != 0:
        return ["REFUSED here (%s): %s" % (rc, err.strip()[:700])]
    rc, out, err = run(tjs, "test", path)
    report = [] if rc == 0 else [out.strip() + err.strip()[:700]]
    for call, (kind, said, printed) in zip(calls, answers):
        if printed:
            mine = run(tjs, "run", path, "--call", call, "--json")[1]
            if not mine.startswith(printed):
                report.append("%s prints\n%s\nnot\n%s" % (call, mine, printed))
        if kind == "died":
            report.append("%s: PyTorch died of %s" % (call, said))
    return report


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("tjs")
    p.add_argument("files", nargs="+")
    p.add_argument("--messages", action="store_true")
    p.add_argument("--rejects", action="store_true", help="show both messages of what both refuse")
    p.add_argument("--only", default="", help="programs whose name contains this")
    p.add_argument("--keep")
    args = p.parse_args()
    import torch  # before the processes part
    warnings.simplefilter("ignore")
    folder = args.keep or tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    count = differing = 0
    for path in args.files:
        for name, text in programs(path):
            if args.only not in name:
                continue
            report = compare(args.tjs, name, text, args, folder)
            count += 1
            if report:
                differing += not report[0].startswith("both refuse")
                print("== %s" % name)
                print("\n".join(report), flush=True)
    print("%d programs, %d differ" % (count, differing))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
