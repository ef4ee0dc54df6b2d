"""The archives that the interop tests share: PyTorch writes them once into a folder, with a list in cases.json."""
# SPDX-License-Identifier: Apache-2.0
import fcntl, json, os, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = os.environ.get("TJS_TORCH_PYTHON", "/usr/bin/python3")
# No pass at all, the pipeline of every call, all fusion there is, and all passes in orders that are drawn.
OPTIMIZERS = ("default", "none", "fused", "random:1", "random:2")
SOURCES = [os.path.join(HERE, f) for f in ("generate.py", "modules.py", "vision.py")]


def is_fresh(folder):
    made = os.path.join(folder, "cases.json")
    return os.path.exists(made) and os.path.getmtime(made) > max(map(os.path.getmtime, SOURCES))


def generate(folder, full):
    probe = subprocess.run([PYTHON, "-c", "import torch, torchvision" if full else "import torch"], capture_output=True)
    if probe.returncode:
        print("skipped: no torch for", PYTHON)
        sys.exit(77)
    subprocess.run([PYTHON, SOURCES[0], folder] + ([] if full else ["--smoke"]), check=True)


def rows(folder, full, names):
    """The cases in folder, generated unless they are there; two tests may ask at the same time."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_fresh(folder):
            generate(folder, full)
    with open(os.path.join(folder, "cases.json")) as f:
        return [r for r in json.load(f) if not names or r["name"] in names]


def verify(tjs, *words, calls=2, timeout=300):
    """What `tjs verify` has against a module, however it is optimised and when it is called again; None: nothing."""
    for how in OPTIMIZERS:
        command = [tjs, "verify", "--optimizer", how, "--calls", str(calls), *words]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            return "tjs verify --optimizer %s: timeout" % how
        if done.returncode:
            return "tjs verify --optimizer %s: exit %d\n%s" % (how, done.returncode, done.stderr[:1500])
    return None


def run_under_torch(has_torch, main):
    """main() in this process or, where torch is missing, in one of PYTHON's; exit status 77 where that has none either."""
    if not has_torch:
        if sys.executable != PYTHON and os.path.exists(PYTHON):
            os.execv(PYTHON, [PYTHON] + sys.argv)
        print("skipped: no torch for", PYTHON)
        sys.exit(77)
    sys.exit(main())


def words(argv):
    """Arguments that are no options, and whether --full is among those that are."""
    return [w for w in argv[1:] if not w.startswith("--")], "--full" in argv
