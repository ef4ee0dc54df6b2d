#!/usr/bin/python3
"""Operators one by one: tjs beside PyTorch, the same source (bench/ops.tjs), one run. Prints a table in Markdown.

Each line is measured in rounds, PyTorch and tjs in turn, so that both see the same machine; the figures are
medians of the rounds' medians. The ratio is tjs / PyTorch: below one is faster.

On a machine that does other work too, `--clock cpu` compares what one thread costs instead of how long it waits: the
mean processor time of a call. Figures of several threads are of the wall clock always."""
# SPDX-License-Identifier: Apache-2.0
import argparse
import ctypes
import importlib.machinery
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.join(HERE, "ops.tjs")
BIG = "torch.rand(4096, 1024)"

# What a line is held to: one library under both, code of our own, memory's speed, and design figures of their own.
SHARED, OWN, MEMORY, THIRD = 1.05, 1.0, 0.5, 1 / 3


def conv(label, n_in, n_out, size, kernel, stride, groups=1):
    call = "torch.rand(1, %d, %d, %d), torch.rand(%d, %d, %d, %d) - 0.5, %d, %d, %d" % (
        n_in, size, size, n_out, n_in // groups, kernel, kernel, stride, kernel // 2, groups)
    return (label, "conv2d", call, SHARED)


def recurrent(name, gates, steps, batch, n_in, n_hidden):
    state = "torch.zeros(1, %d, %d)" % (batch, n_hidden)
    sizes = ((gates * n_hidden, n_in), (gates * n_hidden, n_hidden), (gates * n_hidden,), (gates * n_hidden,))
    params = ", ".join("torch.rand(%s) * 0.2 - 0.1" % ", ".join(map(str, s)) for s in sizes)
    states = ", ".join([state] * (2 if name == "lstm" else 1))
    return ("%s, %d steps, batch %d, %d to %d" % (name, steps, batch, n_in, n_hidden), name,
            "torch.rand(%d, %d, %d), %s, [%s]" % (steps, batch, n_in, states, params), OWN)


def square(n):
    return ("%d" % n, "matmul", "torch.rand(%d, %d), torch.rand(%d, %d)" % (n, n, n, n), SHARED)


def chains():
    """Chains of pointwise operators, from tensors in a cache to tensors that are not."""
    lines = []
    for exponent, target in ((3, OWN), (4, 0.2), (5, 0.2), (6, 0.2), (7, 0.05)):
        x = "torch.rand(%d)" % 10 ** exponent
        lines += [("%s, 10^%d" % (label, exponent), name, x, OWN if name == "neg" else target if exponent < 7 or "10" in name else 0.2)
                  for label, name in (("a bare pass", "neg"), ("3 operators", "chain3"), ("10, two of them exponentials", "chain10"),
                                      ("10 of arithmetic", "arithmetic10"), ("20, four exponentials", "chain20"))]
    return lines


# section: lines of (label, function of ops.tjs, its arguments, the ratio to reach)
SECTIONS = {
    "pointwise": [
        ("add, 10^3", "add", "torch.rand(1000), torch.rand(1000)", OWN),
        ("add, 10^5", "add", "torch.rand(100000), torch.rand(100000)", OWN),
        ("add, 10^7", "add", "torch.rand(10000000), torch.rand(10000000)", MEMORY),
        ("add a row, 4096x1024", "add", BIG + ", torch.rand(1024)", MEMORY),
        ("add a column, 4096x1024", "add", BIG + ", torch.rand(4096, 1)", MEMORY),
        ("add a transposed, 2048x2048", "add", "torch.rand(2048, 2048), torch.rand(2048, 2048).t()", OWN),
        ("add int64, 10^6", "add", "torch.ones(1000000, dtype=torch.int64), torch.ones(1000000, dtype=torch.int64)", OWN),
        ("add float16, 10^6", "add", "torch.rand(1000000).half(), torch.rand(1000000).half()", OWN),
        ("add bfloat16, 10^6", "add", "torch.rand(1000000).bfloat16(), torch.rand(1000000).bfloat16()", OWN),
        ("relu, 10^6", "relu", "torch.rand(1000000)", OWN),
        ("exp, 10^6", "exp", "torch.rand(1000000)", OWN),
        ("gelu, 10^6", "gelu", "torch.rand(1000000)", OWN),
        ("hardswish, 10^6", "hardswish", "torch.rand(1000000)", OWN),
        ("elu, 10^6", "elu", "torch.randn(1000000)", OWN),
        ("softplus, 10^6", "softplus", "torch.randn(1000000)", OWN),
        ("x ** 2, 10^6", "pow2", "torch.rand(1000000)", OWN),
        ("less, 10^6", "less", "torch.rand(1000000), torch.rand(1000000)", OWN),
        ("where, 10^6", "where", "torch.lt(torch.rand(1000000), 0.5), torch.rand(1000000), torch.rand(1000000)", OWN),
        ("rand, 10^6", "rand", "1000000", OWN),
        ("randn, 10^6", "randn", "1000000", OWN),
        ("dropout, 10^6", "dropout", "torch.rand(1000000)", OWN),
        ("nll_loss, 1024 x 1000", "nll", "torch.rand(1024, 1000), torch.zeros(1024, dtype=torch.int64)", OWN),
        ("cdist, 256 x 256 x 1000", "cdist", "torch.rand(256, 1000), torch.rand(256, 1000)", OWN),
    ],
    "reductions": [
        ("sum, all", "sum_all", BIG, OWN),
        ("sum, rows", "sum_dim", BIG + ", 1", OWN),
        ("sum, columns", "sum_dim", BIG + ", 0", OWN),
        ("mean, rows", "mean_dim", BIG + ", 1", OWN),
        ("sum int64, all", "sum_all", BIG + ".long()", OWN),
        ("max, all", "max_all", BIG, OWN),
        ("max with indices, rows", "max_dim", BIG + ", 1", OWN),
        ("max with indices, columns", "max_dim", BIG + ", 0", OWN),
        ("amax, rows", "amax", BIG + ", 1", OWN),
        ("argmax, rows", "argmax", BIG + ", 1", OWN),
        ("var, rows", "var_dim", BIG + ", 1", OWN),
        ("norm, rows", "norm_dim", BIG + ", 1", OWN),
        ("logsumexp, rows", "logsumexp", BIG + ", 1", OWN),
        ("cumsum, rows", "cumsum", BIG + ", 1", OWN),
        ("cumsum, columns", "cumsum", BIG + ", 0", OWN),
        ("any, all", "any_all", "torch.zeros(4096, 1024, dtype=torch.bool)", OWN),
    ],
    "normalisation": [
        ("softmax, rows", "softmax", BIG + ", 1", THIRD),
        ("softmax, columns", "softmax", BIG + ", 0", OWN),
        ("log_softmax, rows", "log_softmax", BIG + ", 1", THIRD),
        ("layer_norm, rows", "layer_norm", BIG + ", torch.rand(1024), torch.rand(1024)", THIRD),
        ("group_norm, 8x64x56x56", "group_norm", "torch.rand(8, 64, 56, 56), 32, torch.rand(64), torch.rand(64)", OWN),
        ("batch_norm, 8x64x56x56", "batch_norm",
         "torch.rand(8, 64, 56, 56), torch.rand(64), torch.rand(64), torch.rand(64), torch.rand(64), False", OWN),
        ("batch_norm in training, 8x64x56x56", "batch_norm",
         "torch.rand(8, 64, 56, 56), torch.rand(64), torch.rand(64), torch.rand(64), torch.rand(64), True", OWN),
    ],
    "chains": chains(),
    "fusion": [
        ("a bare pass, 4096x1024", "neg", BIG, OWN),
        ("softmax between pointwise operators", "softmax_between", BIG, OWN),
        ("log_softmax between pointwise operators", "log_softmax_between", BIG, OWN),
        ("layer_norm", "layer_norm", BIG + ", torch.rand(1024), torch.rand(1024)", OWN),
        ("add, layer_norm, gelu", "norm_between", BIG + ", " + BIG + ", torch.rand(1024), torch.rand(1024)", OWN),
        ("RMS norm by hand", "rms_norm", BIG + ", torch.rand(1024)", OWN),
        ("layer norm by hand", "norm_by_hand", BIG + ", torch.rand(1024), torch.rand(1024)", OWN),
        ("softmax of 65536 rows of 16, times 2", "softmax_short", "torch.rand(65536, 16)", OWN),
        ("bias, gelu", "bias_gelu", BIG + ", torch.rand(1024)", OWN),
        ("eval batch_norm, add, relu, 8x64x56x56", "norm_add_relu",
         "torch.rand(8, 64, 56, 56), torch.rand(8, 64, 56, 56), torch.rand(64), torch.rand(64), torch.rand(64), torch.rand(64)", OWN),
        ("two results, 10^6", "two_results", "torch.rand(1000000), torch.rand(1000000)", OWN),
        ("comparison and where, 10^6", "masked", "torch.rand(1000000), torch.rand(1000000)", OWN),
        ("bfloat16 chain of 4, 10^6", "short_chain", "torch.rand(1000000).bfloat16()", OWN),
        ("product and sum, 10^6", "dot", "torch.rand(1000000), torch.rand(1000000)", OWN),
        ("sigmoid, mse_loss, 10^6", "loss", "torch.rand(1000000), torch.rand(1000000)", OWN),
        ("BCE with logits, 10^6", "bce_logits", "torch.randn(1000000), torch.rand(1000000)", OWN),
        ("update of Adam, 10^6", "adam", "torch.rand(1000000), torch.rand(1000000), torch.rand(1000000), torch.rand(1000000)", OWN),
    ],
    "matmul": [square(n) for n in (64, 128, 256, 512, 1024, 2048)] + [
        ("8 by 4096 by 4096", "matmul", "torch.rand(8, 4096), torch.rand(4096, 4096)", SHARED),
        ("1 by 4096 by 4096", "matmul", "torch.rand(1, 4096), torch.rand(4096, 4096)", SHARED),
        ("4096x4096 by a vector", "matmul", "torch.rand(4096, 4096), torch.rand(4096)", SHARED),
        ("linear, 1x768 to 3072", "linear", "torch.rand(1, 768), torch.rand(3072, 768), torch.rand(3072)", SHARED),
        ("linear, 197x768 to 3072", "linear", "torch.rand(197, 768), torch.rand(3072, 768), torch.rand(3072)", SHARED),
        ("linear, 32x512 to 512", "linear", "torch.rand(32, 512), torch.rand(512, 512), torch.rand(512)", SHARED),
        ("addmm, 256x256", "addmm", "torch.rand(256), torch.rand(256, 256), torch.rand(256, 256)", SHARED),
        ("bmm, 12x197x64x197", "matmul", "torch.rand(12, 197, 64), torch.rand(12, 197, 64).transpose(1, 2)", SHARED),
        ("bmm, 96x128x64x128", "matmul", "torch.rand(96, 128, 64), torch.rand(96, 64, 128)", SHARED),
        ("float64, 512", "matmul", "torch.rand(512, 512, dtype=torch.float64), torch.rand(512, 512, dtype=torch.float64)", SHARED),
    ],
    "convolution": [
        conv("ResNet-50, 7x7/2 3 to 64 at 224", 3, 64, 224, 7, 2),
        conv("ResNet-50, 1x1 64 to 256 at 56", 64, 256, 56, 1, 1),
        conv("ResNet-50, 3x3 64 to 64 at 56", 64, 64, 56, 3, 1),
        conv("ResNet-50, 3x3 128 to 128 at 28", 128, 128, 28, 3, 1),
        conv("ResNet-50, 1x1/2 512 to 1024 at 28", 512, 1024, 28, 1, 2),
        conv("ResNet-50, 3x3 256 to 256 at 14", 256, 256, 14, 3, 1),
        conv("ResNet-50, 3x3 512 to 512 at 7", 512, 512, 7, 3, 1),
        conv("ResNet-50, 1x1 2048 to 512 at 7", 2048, 512, 7, 1, 1),
        conv("MobileNetV3, 3x3/2 3 to 16 at 224", 3, 16, 224, 3, 2),
        conv("MobileNetV3, depthwise 3x3 16 at 112", 16, 16, 112, 3, 1, 16),
        conv("MobileNetV3, 1x1 16 to 64 at 112", 16, 64, 112, 1, 1),
        conv("MobileNetV3, depthwise 3x3/2 64 at 112", 64, 64, 112, 3, 2, 64),
        conv("MobileNetV3, depthwise 5x5 120 at 28", 120, 120, 28, 5, 1, 120),
        conv("MobileNetV3, 1x1 40 to 240 at 28", 40, 240, 28, 1, 1),
        conv("MobileNetV3, depthwise 5x5 960 at 7", 960, 960, 7, 5, 1, 960),
        conv("MobileNetV3, 1x1 960 to 160 at 7", 960, 160, 7, 1, 1),
        conv("grouped 3x3 128 to 128 at 56, 32 groups", 128, 128, 56, 3, 1, 32),
        ("conv1d, 3 256 to 256 at 1000", "conv1d", "torch.rand(1, 256, 1000), torch.rand(256, 256, 3), torch.rand(256), 1, 1", SHARED),
        ("conv3d, 3x3x3 16 to 32 at 32", "conv3d", "torch.rand(1, 16, 32, 32, 32), torch.rand(32, 16, 3, 3, 3), torch.rand(32), 1, 1", SHARED),
        ("transposed 4x4/2 128 to 64 at 32", "conv_transpose2d", "torch.rand(1, 128, 32, 32), torch.rand(128, 64, 4, 4), 2, 1", SHARED),
        ("max_pool 3x3/2, 64 at 112", "max_pool2d", "torch.rand(1, 64, 112, 112), 3, 2, 1", OWN),
        ("avg_pool 2x2/2, 64 at 112", "avg_pool2d", "torch.rand(1, 64, 112, 112), 2, 2", OWN),
        ("adaptive_avg_pool to 1, 2048 at 7", "adaptive_avg_pool2d", "torch.rand(1, 2048, 7, 7), 1", OWN),
        ("bilinear x2, 64 at 56", "upsample", "torch.rand(1, 64, 56, 56), 2.0, \"bilinear\"", OWN),
    ],
    "recurrent": [
        recurrent("lstm", 4, 50, 1, 64, 64),
        recurrent("lstm", 4, 100, 16, 128, 256),
        recurrent("gru", 3, 100, 16, 128, 256),
        ("lstm_cell, batch 64, 256", "lstm_cell", "torch.rand(64, 256), torch.rand(64, 256), torch.rand(64, 256), "
         "torch.rand(1024, 256) - 0.5, torch.rand(1024, 256) - 0.5, torch.rand(1024)", OWN),
        ("lstm_cell, batch 1, 32", "lstm_cell", "torch.rand(1, 32), torch.rand(1, 32), torch.rand(1, 32), "
         "torch.rand(128, 32) - 0.5, torch.rand(128, 32) - 0.5, torch.rand(128)", OWN),
    ],
    "sorting": [
        ("sort, 10^6 floats", "sort", "torch.rand(1000000), 0", OWN),
        ("sort, 1000x1000, rows", "sort", "torch.rand(1000, 1000), 1", OWN),
        ("sort, 1000x1000, columns", "sort", "torch.rand(1000, 1000), 0", OWN),
        ("sort, 10^6 int64", "sort", "torch.randint(0, 1000000000, [1000000]), 0", OWN),
        ("topk 10 of 10^6", "topk", "torch.rand(1000000), 10", OWN),
        ("topk 50 of 128x30000", "topk", "torch.rand(128, 30000), 50", OWN),
        ("unique, 10^6 of 1000 values", "unique", "torch.randint(0, 1000, [1000000])", OWN),
    ],
    "indexing": [
        ("x[i], 10^5 rows of 64", "index", "torch.rand(100000, 64), torch.randint(0, 100000, [100000])", OWN),
        ("x[i], 10^6 elements", "index", "torch.rand(1000000), torch.randint(0, 1000000, [1000000])", OWN),
        ("x[i, j], 10^6 elements", "index_pair", "torch.rand(1000, 1000), torch.randint(0, 1000, [1000000]), torch.randint(0, 1000, [1000000])", OWN),
        ("x[i] = y, 10^5 rows of 64", "index_put", "torch.rand(100000, 64), torch.randint(0, 100000, [100000]), torch.rand(100000, 64)", OWN),
        ("index_select, columns", "index_select", BIG + ", 1, torch.randint(0, 1024, [1024])", OWN),
        ("gather, rows", "gather", BIG + ", 1, torch.randint(0, 1024, [4096, 1024])", OWN),
        ("gather, columns", "gather", BIG + ", 0, torch.randint(0, 4096, [4096, 1024])", OWN),
        ("scatter_add, rows", "scatter_add", BIG + ", 1, torch.randint(0, 1024, [4096, 1024]), " + BIG, OWN),
        ("x[mask], 10^6", "masked_select", "torch.rand(1000000), torch.lt(torch.rand(1000000), 0.5)", OWN),
        ("masked_fill, 10^6", "masked_fill", "torch.rand(1000000), torch.lt(torch.rand(1000000), 0.5)", OWN),
        ("embedding, 4096 rows of 768", "embedding", "torch.rand(30000, 768), torch.randint(0, 30000, [4096])", MEMORY),
    ],
    "copies": [
        ("cat 4 of 1000x1000, rows", "cat", "[torch.rand(1000, 1000), torch.rand(1000, 1000), torch.rand(1000, 1000), torch.rand(1000, 1000)], 0", MEMORY),
        ("cat 4 of 1000x1000, columns", "cat", "[torch.rand(1000, 1000), torch.rand(1000, 1000), torch.rand(1000, 1000), torch.rand(1000, 1000)], 1", MEMORY),
        ("cat 2 of 10", "cat", "[torch.rand(10), torch.rand(10)], 0", OWN),
        ("stack 4 of 10^6, last", "stack", "[torch.rand(1000000), torch.rand(1000000), torch.rand(1000000), torch.rand(1000000)], 1", OWN),
        ("clone, 10^7", "clone", "torch.rand(10000000)", MEMORY),
        ("transposed copy, 2048x2048", "transposed_copy", "torch.rand(2048, 2048)", OWN),
        ("NCHW to NHWC, 8x64x56x56", "to_nhwc", "torch.rand(8, 64, 56, 56)", OWN),
        ("heads, 8x197x12x64", "swap_heads", "torch.rand(8, 197, 12, 64)", MEMORY),
        ("to float16, 10^6", "to_half", "torch.rand(1000000)", OWN),
        ("to int64, 10^6", "to_int", "torch.rand(1000000)", OWN),
        ("flip, 4096x1024, rows", "flip", BIG + ", 1", OWN),
        ("pad by 1, 8x64x56x56", "pad", "torch.rand(8, 64, 56, 56), 1", OWN),
    ],
}


def load_source():
    loader = importlib.machinery.SourceFileLoader("bench_ops", SOURCE)
    m = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_ops", loader))
    sys.modules["bench_ops"] = m
    loader.exec_module(m)
    return m


def time_theirs(fn, args, seconds, is_cpu):
    """Median seconds of a call, or its mean processor time; calls of a few microseconds in batches, so that the clock
    does not count."""
    begin = time.perf_counter()
    fn(*args)
    batch = max(1, int(20e-6 / (time.perf_counter() - begin + 1e-9)))
    runs, total, cpu = [], 0.0, time.process_time()
    while total < seconds or len(runs) < 5:
        begin = time.perf_counter()
        for _ in range(batch):
            fn(*args)
        t = time.perf_counter() - begin
        total += t
        runs.append(t / batch)
    return (time.process_time() - cpu) / (len(runs) * batch) if is_cpu else statistics.median(runs)


def time_ours(tjs, call, threads, seconds, is_cpu):
    cmd = [tjs, "bench", "run", SOURCE, "--json", "--min-time", str(seconds), "--threads", str(threads), "--call", call]
    p = subprocess.run(cmd, capture_output=True, text=True)
    if p.returncode:
        print("tjs failed on %s: %s" % (call, p.stderr.strip()[:300]), file=sys.stderr)
        return None
    return json.loads(p.stdout.strip().splitlines()[-1])["cpu_s" if is_cpu else "median_s"]


def set_threads(torch, n):
    """PyTorch's own threads, and those of the OpenBLAS under its products, which set_num_threads does not reach."""
    torch.set_num_threads(n)
    try:
        ctypes.CDLL("libopenblas.so.0").openblas_set_num_threads(n)
    except (OSError, AttributeError):
        pass


def measure(torch, fn, args, tjs, call, threads, rounds, seconds, clock):
    """Medians of (PyTorch, tjs) in seconds, or None."""
    is_cpu = clock == "cpu" and threads == 1
    set_threads(torch, threads)
    theirs, ours = [], []
    for _ in range(rounds):
        theirs.append(time_theirs(fn, args, seconds, is_cpu))
        ours.append(time_ours(tjs, call, threads, seconds, is_cpu))
        if ours[-1] is None:
            return None
    return statistics.median(theirs), statistics.median(ours)


def show_time(seconds):
    for scale, unit in ((1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")):
        if seconds >= scale:
            return "%.3g %s" % (seconds / scale, unit)
    return "%.3g ns" % (seconds * 1e9)


def bench(torch, tjs, section, lines, threads, rounds, seconds, clock):
    """Prints the section's table; returns its rows as [section, label, threads, theirs, ours, target]."""
    source, rows = load_source(), []
    print("\n%s\n\n| %s | target |" % (section, " | ".join(["what"] + ["PyTorch, %d | tjs, %d | ratio" % (n, n) for n in threads])))
    print("|---%s|---|" % ("|---|---|---" * len(threads)))
    for label, name, arguments, target in lines:
        torch.manual_seed(0)
        args = eval("(%s,)" % arguments, {"torch": torch})
        fn, cells = torch.jit.script(getattr(source, name)), [label]
        with torch.no_grad():
            for _ in range(3):
                fn(*args)
            for n in threads:
                pair = measure(torch, fn, args, tjs, "%s(%s)" % (name, arguments), n, rounds, seconds, clock)
                if not pair:
                    cells += ["", "failed", ""]
                    continue
                rows.append([section, label, n, pair[0], pair[1], target])
                ratio = pair[1] / pair[0]
                cells += [show_time(pair[0]), show_time(pair[1]), "%.2f%s" % (ratio, "" if ratio <= target * 1.005 else " !")]
        print("| %s | ≤ %.2f |" % (" | ".join(cells), target), flush=True)
    return rows


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--tjs", required=True)
    p.add_argument("--threads", default="1,2", help="thread counts, separated by commas")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=0.15, help="of each measurement")
    p.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    p.add_argument("--only", default="", help="lines whose label contains this")
    p.add_argument("--json", help="write the figures here too")
    p.add_argument("sections", nargs="*", choices=[[]] + list(SECTIONS))
    a = p.parse_args()
    import torch
    threads = [int(n) for n in a.threads.split(",")]
    print("PyTorch %s, %d cores" % (torch.__version__, os.cpu_count()))
    rows = []
    for name in a.sections or SECTIONS:
        lines = [line for line in SECTIONS[name] if a.only in line[0]]
        if lines:
            rows += bench(torch, os.path.abspath(a.tjs), name, lines, threads, a.rounds, a.seconds, a.clock)
    if a.json:
        with open(a.json, "w") as f:
            json.dump(rows, f)
    missed = sum(ours / theirs > target * 1.005 for _, _, _, theirs, ours, target in rows)
    print("\n%d figures, %d miss their target" % (len(rows), missed))


if __name__ == "__main__":
    main()
