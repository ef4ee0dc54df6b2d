#!/usr/bin/env python3
"""Archives and the command: tables of contents, names of files, the bar on a terminal. test_archive.py TJS [--update]

tests/archive/net.inspect.txt and .json are what `tjs inspect` shows of net.pt; --update writes them."""
# SPDX-License-Identifier: Apache-2.0
import json, os, pty, shutil, subprocess, sys, zipfile

from cli_test import FOLDER, TJS, check, expect, finish, tjs, write

ARCHIVES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "archive")
NET = os.path.join(ARCHIVES, "net.pt")


def golden(name, text):
    path = os.path.join(ARCHIVES, name)
    if "--update" in sys.argv:
        with open(path, "w") as f:
            f.write(text)
    with open(path) as f:
        check(name, f.read() == text)


def contents():
    """The table of contents, as text and as JSON; operators we lack are marked."""
    shown = tjs("inspect", "net.pt", cwd=ARCHIVES)
    expect("inspect", shown, 0)
    golden("net.inspect.txt", shown.out)
    shown = tjs("inspect", "--json", "net.pt", cwd=ARCHIVES)
    expect("inspect --json", shown, 0)
    golden("net.inspect.json", json.dumps(json.loads(shown.out), indent=1) + "\n")
    source = write("def f(x: Tensor) -> Tensor:\n    return x.to_sparse()\n", "lacks.tjs")
    expect("compile", tjs("compile", source, "-o", FOLDER + "/lacks.pt"), 0)
    expect("missing", tjs("inspect", FOLDER + "/lacks.pt"), 0, "aten::to_sparse  MISSING")
    found = json.loads(tjs("inspect", "--json", FOLDER + "/lacks.pt").out)["operators"]
    check("missing in JSON", [o["implemented"] for o in found if o["name"] == "aten::to_sparse"] == [False])
    expect("verify", tjs("inspect", "--verify", NET), 0)
    expect("a source", tjs("inspect", source), 2)


def passes():
    """Any pass runs on a source, on an archive's method and on the text of a graph, which shows it and its time."""
    source = write("def f(x: int) -> int:\n    y = x + 1\n    return (x + 1) * y\n", "twice.tjs")
    text = write(tjs("graph", source, "--stage", "emitted").out, "twice.ir")
    for given in (source,), (text,), (NET, "forward"):
        r = tjs("graph", *given, "--passes=dce,cse", "--print-after=cse", "--timings")
        expect("passes on " + given[0], r, 0, "# after cse")
        times = [line.split() for line in r.out.splitlines() if " us, " in line]
        check("times of passes on " + given[0], [t[1] for t in times] == ["dce", "cse"] and all(float(t[2]) > 0 for t in times), r)
        check("cse acts on " + given[0], given[0] == NET or r.out.split("# dce")[1].count("aten::add") == 1, r)


def verify():
    """However it is optimised, and each call with the arguments of the first."""
    zeros, ones = FOLDER + "/zeros.npy", FOLDER + "/ones.npy"
    source = write("def main(x: Tensor) -> Tensor:\n    return x.add_(1.0)\n", "writes.tjs")
    for path, call in (zeros, "torch.zeros([2])"), (ones, "torch.ones([2])"):
        expect(call, tjs("run", NET, "--call", call, "--out", path), 0)
    judge = ("verify", source, "--args", zeros, "--expect", ones, "--expect-args", ones)
    for how in "default", "none", "fused", "random:7":
        expect("verify, " + how, tjs(*judge, "--optimizer", how, "--calls", "3"), 0)
    expect("another answer", tjs("verify", source, "--args", ones, "--expect", ones, "--calls", "3"), 1)
    expect("--optimizer", tjs(*judge, "--optimizer", "best"), 2)
    expect("--calls", tjs(*judge, "--calls", "0"), 2)


def names():
    """What an archive is called says only which folder its records lie in: the base name without its last ending."""
    for name, prefix in (("plain", "plain"), ("model.zip", "model"), ("model.v2.pt", "model.v2"), (".hidden", ".hidden"),
                         ("ünï ☃.pt", "ünï ☃")):
        path = os.path.join(FOLDER, name)
        expect("save " + name, tjs("compile", NET, "-o", path), 0)
        with zipfile.ZipFile(path) as z:
            check("prefix of " + name, z.namelist()[0].split("/")[0] == prefix)
        expect("run " + name, tjs("run", path, "--call", "describe()"), 0, "net2")
    moved = os.path.join(FOLDER, "moved")  # the prefix inside need not be the file's name
    shutil.copy(NET, moved)
    expect("run a renamed archive", tjs("run", moved, "--call", "describe()"), 0, "net2")
    expect("check", tjs("check", moved), 0)
    again = os.path.join(FOLDER, "net.pt")
    expect("save once", tjs("compile", NET, "-o", again), 0)
    with open(again, "rb") as f:
        first = f.read()
    expect("save over itself", tjs("compile", again, "-o", again), 0)
    with open(again, "rb") as f:
        check("saving again gives the same bytes", f.read() == first)


def on_terminal(*args):
    """Exit status and what the command wrote to a terminal."""
    leader, follower = pty.openpty()
    p = subprocess.Popen([TJS, *args], stdin=follower, stdout=follower, stderr=follower,
                         env={k: v for k, v in os.environ.items() if k != "NO_COLOR"})
    os.close(follower)
    out = b""
    try:
        while True:
            piece = os.read(leader, 4096)
            if not piece:
                break
            out += piece
    except OSError:  # how Linux says that nobody is left
        pass
    os.close(leader)
    return p.wait(), out


def bars():
    """Short work shows no bar; and there is never one in a file."""
    code, out = on_terminal("compile", NET, "-o", FOLDER + "/bar.pt")
    check("no bar for what is short", code == 0 and b"saving" not in out)
    r = tjs("compile", NET, "-o", FOLDER + "/bar.pt")
    check("no bar in a file", r.code == 0 and not r.err, r)


contents()
passes()
verify()
names()
bars()
finish()
