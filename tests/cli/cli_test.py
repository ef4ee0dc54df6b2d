"""What the command-line tests share: running tjs, checking, counting. Prints `N passed, N failed` at the end."""
# SPDX-License-Identifier: Apache-2.0
import os, subprocess, sys, tempfile, time

TJS = os.path.abspath(sys.argv[1])
_folder = tempfile.TemporaryDirectory()
FOLDER = _folder.name
_passed, _failed = 0, []

# Time limits are for a machine that is busy with other things; a hang is what they are to find.
PATIENCE = float(os.environ.get("TJS_TEST_PATIENCE", "120"))


class Result:
    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    def __repr__(self):
        return "exit %s\nstdout: %s\nstderr: %s" % (self.code, self.out[-1500:], self.err[-3000:])


def tjs(*args, stdin=None, **kwargs):
    begin = time.monotonic()
    try:
        r = subprocess.run([TJS, *args], input=stdin, capture_output=True, timeout=PATIENCE, **kwargs)
    except subprocess.TimeoutExpired:
        return Result("hang", "", "no end after %g seconds" % PATIENCE, PATIENCE)
    return Result(r.returncode, r.stdout.decode("utf8", "replace"), r.stderr.decode("utf8", "replace"),
                  time.monotonic() - begin)


def write(text, name="p.tjs"):
    path = os.path.join(FOLDER, name)
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return path


def is_healthy(r):
    """It ended by itself, and no sanitizer spoke."""
    return r.code in (0, 1, 2) and "Sanitizer" not in r.err and "runtime error: " not in r.err.replace(
        "RuntimeError", "")


def check(name, ok, r=None):
    global _passed
    ok = ok and (r is None or is_healthy(r))
    if ok:
        _passed += 1
    else:
        _failed.append(name)
        print("FAILED %s\n%s" % (name, r if r is not None else ""), flush=True)


def expect(name, r, code, *parts):
    """The exit code, and texts that standard output and error together contain."""
    check(name, r.code == code and all(p in r.out + r.err for p in parts), r)


def finish():
    print("%d passed, %d failed" % (_passed, len(_failed)))
    _folder.cleanup()
    sys.exit(1 if _failed else 0)
