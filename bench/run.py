#!/usr/bin/env python3
"""Benchmarks: tjs beside PyTorch, the same input, one run. Prints a table in Markdown.

The figures are medians; the machine's noise shows in repeated runs. Compiling and loops are measured in processor time. `bench/scalar.tjs` runs in both."""
import argparse, importlib.machinery, importlib.util, json, os, resource, shutil, statistics, subprocess, sys, tempfile, threading, time

HERE = os.path.dirname(os.path.abspath(__file__))
rows = []


def report(section, what, theirs, ours, unit, target=""):
    ratio = theirs / ours if ours else float("nan")
    rows.append((section, what, theirs, ours, unit, ratio, target))
    print("| %s | %.4g %s | %.4g %s | %.1f× | %s |" % (what, theirs, unit, ours, unit, ratio, target), flush=True)


def header(title):
    print("\n%s\n\n| what | PyTorch | tjs | ratio | target |\n|---|---|---|---|---|" % title)


def ours(tjs, kind, path, call=None, threads=1, min_time=0.5, more=()):
    cmd = [tjs, "bench", kind, path, "--json", "--min-time", str(min_time), "--threads", str(threads), *more]
    if call:
        cmd += ["--call", call]
    p = subprocess.run(cmd, capture_output=True, text=True)
    if p.returncode:
        print("tjs failed on %s: %s" % (call or path, p.stderr.strip()[:300]), file=sys.stderr)
        return None
    return json.loads(p.stdout.strip().splitlines()[-1])


def median(fn, min_time=0.5, fewest=5, most=2000, clock=time.perf_counter):
    runs, total = [], 0.0
    while (total < min_time or len(runs) < fewest) and len(runs) < most:
        t = clock()
        fn()
        t = clock() - t
        runs.append(t)
        total += t
    return statistics.median(runs)


def module():
    path = os.path.join(HERE, "scalar.tjs")
    loader = importlib.machinery.SourceFileLoader("bench_scalar", path)
    m = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_scalar", loader))
    sys.modules["bench_scalar"] = m
    loader.exec_module(m)
    return m


def program(lines):
    """A source of about `lines` lines: functions of ten lines with calls, loops, tensors and containers."""
    body = ("def f%d(x: Tensor, n: int) -> Tensor:\n"
            "    y = torch.relu(x) * 2.0 + float(n)\n"
            "    total = 0\n"
            "    for i in range(n):\n"
            "        if i %% 2 == 0:\n"
            "            total += i * 3\n"
            "        else:\n"
            "            y = y - x[0]\n"
            "    shape = [x.size(0), total]\n"
            "    return torch.sigmoid(y) + float(len(shape))\n")
    return "".join(body % i for i in range(max(1, lines // 10)))


def bench_compile(tjs, torch):
    header("Compiling a source (check, lower, emit), processor time")
    curve = []
    for lines, target in ((10, "≤ 20 µs"), (100, ""), (1000, "≤ 2 ms"), (5000, "≤ 10 ms"), (20000, ""), (50000, "")):
        source = program(lines)
        with tempfile.NamedTemporaryFile("w", suffix=".tjs", delete=False) as f:
            f.write(source)
        mine = ours(tjs, "compile", f.name)
        check = ours(tjs, "compile", f.name, more=["--check-only"])
        os.unlink(f.name)
        if mine and check:
            curve.append((lines, check, mine))
        if mine and lines <= 5000:
            theirs = median(lambda: torch.jit.CompilationUnit(source), 1.0, 3, clock=time.process_time)
            report("compile", "%d lines" % lines, theirs * 1e6, mine["cpu_s"] * 1e6, "µs", target)
    print("\n| lines | check | per line | compile | per line | peak bytes a line |\n|---|---|---|---|---|---|")
    for lines, check, mine in curve:
        print("| %d | %.4g ms | %.2f µs | %.4g ms | %.2f µs | %.0f |" % (
            lines, check["cpu_s"] * 1e3, check["cpu_s"] / lines * 1e6, mine["cpu_s"] * 1e3, mine["cpu_s"] / lines * 1e6,
            mine["peak_bytes_per_line"]))


# Linux hands a process's peak memory on to its children, so a small one does the measuring: its own 9 MB are the
# least it can report.
PEAK = """import os, sys, time, json
t = time.perf_counter()
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
_, status, usage = os.wait4(pid, 0)
print(json.dumps([time.perf_counter() - t, usage.ru_maxrss / 1024, status, usage.ru_utime + usage.ru_stime]))
"""


def peak_of(cmd):
    """Seconds, MB, exit status and processor seconds of a command."""
    out = subprocess.run(["/bin/sh", "-c", 'exec /usr/bin/python3 -S -E -c "$0" "$@"', PEAK] + cmd, capture_output=True,
                         text=True, preexec_fn=None).stdout
    return json.loads(out)


def bench_start(tjs, torch):
    header("Process start to first result (the MLP 3-8-16-1 as a source)")
    call = ("mlp(torch.ones(1, 3), torch.ones(3, 8), torch.ones(8), torch.ones(8, 16), torch.ones(16), torch.ones(16, 1), "
            "torch.ones(1))")
    script = ("import sys; sys.path.insert(0, %r); import torch, importlib.machinery as m; "
              "b = m.SourceFileLoader('bench_scalar', %r).load_module(); f = torch.jit.script(b.mlp); "
              "print(f(%s))" % (HERE, os.path.join(HERE, "scalar.tjs"), call[4:-1]))
    theirs = [peak_of(["/usr/bin/python3", "-W", "ignore", "-c", script]) for _ in range(3)]
    mine = [peak_of([tjs, "run", os.path.join(HERE, "scalar.tjs"), "--call", call]) for _ in range(15)]
    if any(run[2] for run in mine):
        print("tjs failed to run the MLP", file=sys.stderr)
        return
    mid = lambda runs, i: statistics.median(r[i] for r in runs)
    report("start", "time", mid(theirs, 0) * 1e3, mid(mine, 0) * 1e3, "ms", "≤ 10 ms")
    report("start", "peak memory", mid(theirs, 1), mid(mine, 1), "MB", "≤ 20 MB")


def mlp_archive(torch, folder):
    """The network R torch's documentation trains, traced in eval mode."""
    nn = torch.nn
    net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1),
                        nn.Linear(16, 1)).eval()
    path = os.path.join(folder, "mlp.pt")
    torch.jit.trace(net, torch.ones(1, 3)).save(path)
    return path


def large_archive(torch, folder):
    """300 MB of weights in 75 parameters."""
    net = torch.nn.Sequential(*[torch.nn.Linear(1000, 1000, bias=False) for _ in range(75)])
    path = os.path.join(folder, "large.pt")
    torch.jit.script(net).save(path)
    return path


def vit_archives(torch, folder):
    """347 MB in 152 parameters and many small code records, scripted and traced; none without torchvision."""
    try:
        import torchvision
    except ImportError:
        return
    net = torchvision.models.vit_b_16().eval()
    for how, module in (("scripted", torch.jit.script(net)), ("traced", torch.jit.trace(net, torch.rand(1, 3, 224, 224), check_trace=False))):
        path = os.path.join(folder, "vit_%s.pt" % how)
        module.save(path)
        yield how, path


def bench_load(tjs, torch, what, path, unit, target=""):
    """Processor time, which other work on the machine moves least."""
    mine = ours(tjs, "load", path)
    theirs = median(lambda: torch.jit.load(path), 2.0, 3, clock=time.process_time)
    scale = {"µs": 1e6, "ms": 1e3}[unit]
    report("archive", what, theirs * scale, mine["cpu_s"] * scale, unit, target)


def bench_archive(tjs, torch):
    header("Archives; loading in processor time")
    mid = lambda runs, i: statistics.median(r[i] for r in runs)
    with tempfile.TemporaryDirectory() as folder:
        mlp, large = mlp_archive(torch, folder), large_archive(torch, folder)
        load = "import torch; m = torch.jit.load(%r)"
        script = (load + "; print(m(torch.ones(1, 3)))") % mlp
        theirs = [peak_of(["/usr/bin/python3", "-W", "ignore", "-c", script]) for _ in range(3)]
        mine = [peak_of([tjs, "run", mlp, "--call", "forward(torch.ones(1, 3))"]) for _ in range(15)]
        if any(run[2] for run in mine):
            print("tjs failed to run the MLP", file=sys.stderr)
            return
        report("archive", "start to first output, MLP 3-8-16-1", mid(theirs, 0) * 1e3, mid(mine, 0) * 1e3, "ms", "≤ 10 ms")
        report("archive", "the same, processor time", mid(theirs, 3) * 1e3, mid(mine, 3) * 1e3, "ms")
        report("archive", "the same, peak memory", mid(theirs, 1), mid(mine, 1), "MB", "≤ 20 MB")
        bench_load(tjs, torch, "load the MLP", mlp, "µs")
        bench_load(tjs, torch, "load 300 MB of weights", large, "ms", "≤ 5 ms")
        for how, path in vit_archives(torch, folder):
            bench_load(tjs, torch, "load ViT-B/16, %s, 347 MB" % how, path, "ms", "≤ 5 ms")
        theirs = peak_of(["/usr/bin/python3", "-W", "ignore", "-c", load % large])
        report("archive", "load 300 MB of weights, peak memory", theirs[1], peak_of([tjs, "check", large])[1], "MB")


def in_lua(name, n):
    """Seconds of bench/scalar.lua's function, where Lua is installed."""
    lua = shutil.which("lua5.4") or shutil.which("lua")
    p = lua and subprocess.run([lua, os.path.join(HERE, "scalar.lua"), name, str(n)], capture_output=True, text=True)
    return float(p.stdout) if p and p.returncode == 0 else None


def bench_loops(tjs, torch, section, title, cases):
    header(title)
    m = module()
    path = os.path.join(HERE, "scalar.tjs")
    for name, n, call, args, target, *what in cases:
        fn = torch.jit.script(getattr(m, name))
        for _ in range(3):
            fn(*args)
        theirs = median(lambda: fn(*args), 0.5, 3, clock=time.process_time) / n
        mine = ours(tjs, "run", path, call)
        if mine:
            report(section, what[0] if what else name, theirs * 1e9, mine["cpu_s"] / n * 1e9, "ns", target)


def bench_scalar(tjs, torch):
    n = 100000
    names = ("fib", "collatz", "nested", "sieve", "list_sort", "mean", "list_sum"), ("dict_count", "strings")
    cases = [(f, n, "%s(%d)" % (f, n), (n,), target) for fs, target in zip(names, ("≥ 25×", "≥ 10×")) for f in fs]
    cases += [(f, n, "%s(%d)" % (f, n), (n,), "≥ 25×") for f in ("matrix", "pair")]
    cases.append(("characters", n, "characters(%d, 'the quick brown fox ')" % n, (n, "the quick brown fox "), "≥ 10×"))
    bench_loops(tjs, torch, "scalar", "Scalar loops, per iteration", cases)
    print("\nThe same loops elsewhere, for scale\n\n| what | CPython %d.%d | Lua 5.4 |\n|---|---|---|" % sys.version_info[:2])
    for name in names[0] + names[1]:
        fn = getattr(module(), name)
        python = median(lambda: fn(n), 0.2, 3, clock=time.process_time)
        lua = in_lua(name, n)
        print("| %s | %.3g ns | %s |" % (name, python / n * 1e9, "%.3g ns" % (lua / n * 1e9) if lua else "–"), flush=True)


def bench_small(tjs, torch):
    n = 10000
    torch.set_num_threads(1)
    cases = [("small_op", n, "small_op(torch.ones(1), %d)" % n, (torch.ones(1), n), "≤ 60 ns"),
             ("small_op_inplace", n, "small_op_inplace(torch.ones(1), %d)" % n, (torch.ones(1), n), "≤ 60 ns")]
    bench_loops(tjs, torch, "small", "One operator on a 1-element tensor in a loop, per iteration", cases)


def bench_lstm(tjs, torch):
    torch.set_num_threads(1)
    steps = 100
    cases = []
    for batch, size in ((1, 16), (1, 64), (16, 64), (16, 256)):
        shapes = ((steps, batch, size), (batch, size), (batch, size), (4 * size, size), (4 * size, size), (4 * size,))
        call = "lstm_loop(%s)" % ", ".join("torch.ones(%s) * 0.01" % ", ".join(map(str, shape)) for shape in shapes)
        cases.append(("lstm_loop", steps, call, [torch.ones(shape) * 0.01 for shape in shapes], "≥ 3×",
                      "batch %d, size %d" % (batch, size)))
    bench_loops(tjs, torch, "lstm", "An LSTM cell written in TorchScript, per step", cases)


def bench_chain(tjs, torch):
    header("Chain of 10 pointwise operators, one thread")
    torch.set_num_threads(1)
    m = module()
    path = os.path.join(HERE, "scalar.tjs")
    fn = torch.jit.script(m.chain)
    for exponent in (3, 4, 5, 6, 7):
        n = 10 ** exponent
        x = torch.rand(n)
        for _ in range(3):
            fn(x)
        theirs = median(lambda: fn(x), 0.5, 3)
        bare = median(lambda: torch.neg(x), 0.3, 3)
        mine = ours(tjs, "run", path, "chain(torch.rand(%d))" % n)
        if mine:
            report("chain", "10^%d floats" % exponent, theirs * 1e6, mine["median_s"] * 1e6, "µs",
                   "bare read + write %.4g µs" % (bare * 1e6))


def bench_fork(tjs, torch):
    """Wall time of two threads: on a busy machine it says how long a thread waited for its turn."""
    path = os.path.join(HERE, "fork.tjs")
    cu = torch.jit.CompilationUnit(open(path).read().split("import torch", 1)[1].replace("torch.Tensor", "Tensor"))
    torch.set_num_threads(1)
    header("Two branches, in turn and forked on two threads; a call forked and waited for")
    calls = [("scalars_in_turn", "20000", (20000,), 1), ("scalars_forked", "20000", (20000,), 1),
             ("tensors_in_turn", "torch.ones(200000), 30", (torch.ones(200000), 30), 1),
             ("tensors_forked", "torch.ones(200000), 30", (torch.ones(200000), 30), 1),
             ("fork_and_wait", "torch.ones(1), 1000", (torch.ones(1), 1000), 1000)]
    for name, text, args, per in calls:
        fn = getattr(cu, name)
        for _ in range(2):
            fn(*args)
        us = ours(tjs, "run", path, "%s(%s)" % (name, text), 2 if "fork" in name else 1)
        if us:
            report("fork", name, median(lambda: fn(*args), fewest=3) / per * 1e6, us["median_s"] / per * 1e6, "µs")


def in_threads(fn, args, n, seconds=0.5):
    """Calls a second of n threads that call at once, processor seconds a call."""
    counts, stop = [0] * n, threading.Event()

    def call(i):
        while not stop.is_set():
            fn(*args)
            counts[i] += 1

    threads = [threading.Thread(target=call, args=(i,)) for i in range(n)]
    wall, cpu = time.perf_counter(), time.process_time()
    for t in threads:
        t.start()
    time.sleep(seconds)
    stop.set()
    for t in threads:
        t.join()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return sum(counts) / wall, cpu / max(1, sum(counts))


def bench_callers(tjs, torch):
    """Calls a second need cores that are free; that the processor time of a call stays the same shows without them
    that callers do not wait for each other."""
    torch.set_num_threads(1)
    m = module()
    shapes = (1, 3), (3, 8), (8,), (8, 16), (16,), (16, 1), (1,)
    cases = [("collatz", (1000,), "collatz(1000)"), ("dict_count", (1000,), "dict_count(1000)"),
             ("mlp", [torch.ones(s) for s in shapes],
              "mlp(%s)" % ", ".join("torch.ones(%s)" % ", ".join(map(str, s)) for s in shapes))]
    print("\nThe same function called from several threads at once, %d cores\n" % os.cpu_count())
    print("| what | callers | PyTorch, calls a second | tjs | ratio | processor time of a call, PyTorch | tjs |\n|---|---|---|---|---|---|---|")
    for name, args, call in cases:
        fn = torch.jit.script(getattr(m, name))
        for _ in range(3):
            fn(*args)
        for callers in (1, 2, 4, 8):
            theirs = in_threads(fn, args, callers)
            mine = ours(tjs, "run", os.path.join(HERE, "scalar.tjs"), call, more=["--callers", str(callers)])
            if mine:
                print("| %s | %d | %.3g | %.3g | %.1f× | %.3g µs | %.3g µs |" % (
                    name, callers, theirs[0], mine["calls_per_s"], mine["calls_per_s"] / theirs[0], theirs[1] * 1e6,
                    mine["cpu_s"] * 1e6), flush=True)


SECTIONS = {"compile": bench_compile, "start": bench_start, "archive": bench_archive, "scalar": bench_scalar, "small": bench_small, "lstm": bench_lstm,
            "chain": bench_chain, "fork": bench_fork, "callers": bench_callers}


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--tjs", required=True)
    p.add_argument("sections", nargs="*", choices=[[]] + list(SECTIONS))
    a = p.parse_args()
    import torch
    tjs = os.path.abspath(a.tjs)
    print("PyTorch %s, %d cores" % (torch.__version__, os.cpu_count()))
    for name in a.sections or SECTIONS:
        SECTIONS[name](tjs, torch)


if __name__ == "__main__":
    main()
