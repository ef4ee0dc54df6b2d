#!/usr/bin/python3
"""Models: tjs beside PyTorch, the same archives, one run. Prints a table in Markdown.

Each model is scripted (or traced, where scripting takes none of it) in eval mode and saved; tjs runs it frozen
(`tjs compile --freeze`) and with --optimize-for-inference, PyTorch as the best of loaded, frozen and
torch.jit.optimize_for_inference. Rounds take turns, so that all see the same machine; figures are medians of the rounds'
medians, a ratio is tjs / PyTorch.
`first` is the first call of a fresh process: with PyTorch after its freezing, with tjs of the frozen archive. Memory
is the peak of a process that loads and calls three times; PyTorch's without its optimisation, which takes more."""
# SPDX-License-Identifier: Apache-2.0
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

from run import peak_of

HERE = os.path.dirname(os.path.abspath(__file__))


def image(n=1, size=224):
    import torch
    return (torch.rand(n, 3, size, size),)


def vision(name, **kw):
    def make():
        import torch
        import torchvision
        return torch.jit.script(getattr(torchvision.models, name)(weights=None, **kw).eval()), image()
    return make


def encoder():
    import torch
    layer = torch.nn.TransformerEncoderLayer(512, 8, 2048, batch_first=True)
    return torch.jit.script(torch.nn.TransformerEncoder(layer, 6).eval()), (torch.rand(4, 128, 512),)


def tagger():
    import torch

    class Tagger(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(10000, 128)
            self.lstm = torch.nn.LSTM(128, 256, 2, batch_first=True, bidirectional=True)
            self.tags = torch.nn.Linear(512, 50)

        def forward(self, words):
            return torch.log_softmax(self.tags(self.lstm(self.embedding(words))[0]), -1)

    return scripted(Tagger()), (torch.randint(0, 10000, (8, 64)),)


def scripted(m):
    import torch
    return torch.jit.script(m.eval())


def decoder():
    """GPT-2's shape (12 layers of 768), greedy decoding of 16 tokens after a prompt of 32, keys and values kept."""
    import decode
    return scripted(decode.Decoder()), (decode.prompt(), 16)


MODELS = {
    "resnet18": vision("resnet18"),
    "resnet50": vision("resnet50"),
    "mobilenet_v3_large": vision("mobilenet_v3_large"),
    "vit_b_16": vision("vit_b_16"),
    "swin_t": vision("swin_t"),
    "TransformerEncoder, 6 x 512, 4 x 128": encoder,
    "LSTM tagger, 8 x 64": tagger,
    "GPT decode, 12 x 768, 32 + 16 tokens": decoder,
}

THEIRS = """import json, sys, time, warnings
warnings.simplefilter("ignore")
import torch
path, args_path, threads, how, seconds = sys.argv[1:6]
torch.set_num_threads(int(threads))
args = torch.load(args_path)
with torch.no_grad():
    m = torch.jit.load(path)
    if how != "loaded":
        m = torch.jit.freeze(m)
    if how == "optimized":
        m = torch.jit.optimize_for_inference(m)
    t = time.perf_counter(); m(*args); first = time.perf_counter() - t
    for _ in range(2):
        m(*args)
    clock = time.process_time if int(threads) == 1 else time.perf_counter
    runs, begin = [], time.perf_counter()
    while len(runs) < 3 or time.perf_counter() - begin < float(seconds):
        t = clock(); m(*args); runs.append(clock() - t)
runs.sort()
print(json.dumps([runs[len(runs) // 2], first]))
"""


def theirs(path, args, threads, how, seconds):
    p = subprocess.run([sys.executable, "-W", "ignore", "-c", THEIRS, path, args, str(threads), how, str(seconds)],
                       capture_output=True, text=True)
    if p.returncode:
        return None
    return json.loads(p.stdout.strip().splitlines()[-1])


def ours(tjs, path, args, threads, seconds, *more):
    cmd = [tjs, "bench", "run", path, "--args", args, "--json", "--min-time", str(seconds), "--threads", str(threads), *more]
    p = subprocess.run(cmd, capture_output=True, text=True)
    if p.returncode:
        raise SystemExit("tjs: " + p.stderr)
    r = json.loads(p.stdout.strip().splitlines()[-1])
    return [r["cpu_s" if threads == 1 else "median_s"], r["first_s"]]


def middle(rounds):
    return [statistics.median(r[i] for r in rounds) for i in range(2)]


def ratio(r):
    return "%.2f%s" % (r, " !" if r > 0.8 else "")


def measure(tjs, name, folder, a):
    import torch
    path, args, frozen = (os.path.join(folder, f) for f in ("m.pt", "args.pt", "frozen.pt"))
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        m, inputs = MODELS[name]()
    m.save(path)
    torch.save(inputs, args)
    t = time.perf_counter()
    subprocess.run([tjs, "compile", "--freeze", path, "-o", frozen], check=True)
    freezing = time.perf_counter() - t
    kinds = ["loaded", "frozen", "optimized"]
    of_kind, mine, inferring = {k: [] for k in kinds}, [], []
    for _ in range(a.rounds):
        for k in list(of_kind):
            r = theirs(path, args, a.threads, k, a.seconds)
            if r:
                of_kind[k].append(r)
            else:
                del of_kind[k]  # not every model can be optimised there
        mine.append(ours(tjs, frozen, args, a.threads, a.seconds))
        inferring.append(ours(tjs, frozen, args, a.threads, a.seconds, "--optimize-for-inference"))
    best = min((middle(r) + [k] for k, r in of_kind.items()), key=lambda r: r[0])
    us, then = middle(mine), middle(inferring)[0]
    memory = peak_of(["/usr/bin/python3", "-W", "ignore", "-c", THEIRS, path, args, str(a.threads), "loaded", "0"])[1]
    our_memory = peak_of([tjs, "bench", "run", frozen, "--args", args, "--min-time", "0", "--threads", str(a.threads)])[1]
    print("| %s | %.4g ms (%s) | %.4g ms | %s | %.4g ms | %s | %.4g ms | %.4g ms | %.0f MB | %.0f MB | %.2f |" % (
        name, best[0] * 1e3, best[2], us[0] * 1e3, ratio(us[0] / best[0]), then * 1e3, ratio(then / best[0]),
        best[1] * 1e3, us[1] * 1e3, memory, our_memory, our_memory / memory), flush=True)
    if a.verbose:
        print("freezing and saving: %.0f ms; " % (freezing * 1e3) +
              ", ".join("%s %.4g ms" % (k, middle(r)[0] * 1e3) for k, r in of_kind.items()), file=sys.stderr)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--tjs", required=True)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--verbose", action="store_true")
    p.add_argument("models", nargs="*", help="those whose name contains a word; default: all")
    a = p.parse_args()
    sys.path.insert(0, HERE)
    tjs = os.path.abspath(a.tjs)
    print("| model, %d thread%s | PyTorch | tjs | ratio | for inference | ratio | first, PyTorch | first, tjs | memory, PyTorch | memory, tjs | ratio |"
          % (a.threads, "s" * (a.threads > 1)))
    print("|---" * 11 + "|")
    for name in MODELS:
        if not a.models or any(w in name for w in a.models):
            with tempfile.TemporaryDirectory() as folder:
                measure(tjs, name, folder, a)


if __name__ == "__main__":
    main()
