#!/usr/bin/env python3
"""Golden tests: run.py TJS [FOLDER]. The first line of a file says what is run on it, the comments in it what comes out.

    # tjs: graph --stage optimized fn      the command; the file is put behind the subcommand and its options
    # CHECK: text                          some line of the output contains text, after the line of the CHECK before
    # CHECK-NEXT: text                     the line right after it does
    # CHECK-NOT: text                      no line between the CHECK before and the next one (or the end) contains text
    # CHECK-COUNT n: text                  exactly n lines of the whole output contain text
    # ERROR line:col text                  the next diagnostic of severity error; warnings and notes: # WARNING, # NOTE

White space is one blank, `%_` stands for any value's name and `...` for anything. Errors are matched exactly in number
and order. A file without ERROR lines must make the command succeed."""
import os, re, shlex, subprocess, sys

CHECK = re.compile(r"#\s*CHECK(?:-(NEXT|NOT|COUNT))?(?:\s+(\d+))?: ?(.*)$")
DIAGNOSTIC = re.compile(r"#\s*(ERROR|WARNING|NOTE) (\d+:\d+) (.*)$")
PRINTED = re.compile(r"[^:\n]*:(\d+:\d+): (error|warning|note): (.*)$", re.M)


def pattern(text):
    """The regular expression of an expectation."""
    blank = re.sub(r"\s+", " ", text.strip())
    parts = re.split(r"(%_|\.\.\.)", blank)
    named = {"%_": r"%[\w.]+", "...": r".*"}
    return re.compile("".join(named.get(p, re.escape(p)) for p in parts))


def check_output(source, output):
    """-> what is wrong with the output, or None."""
    lines = [re.sub(r"\s+", " ", l.strip()) for l in output.splitlines()]
    at, forbidden = 0, []
    for l in source:
        m = CHECK.search(l)
        if not m:
            continue
        kind, count, text = m.groups()
        want = pattern(text)
        if kind == "COUNT":
            found = sum(1 for x in lines if want.search(x))
            if found != int(count):
                return "%s lines instead of %s: %s" % (found, count, text)
            continue
        if kind == "NOT":
            forbidden.append((want, text))
            continue
        end = at + 1 if kind == "NEXT" else len(lines)
        hit = next((i for i in range(at, min(end, len(lines))) if want.search(lines[i])), None)
        if hit is None:
            return "not found: %s" % text
        for bad, text in forbidden:
            if any(bad.search(x) for x in lines[at:hit]):
                return "must not be there: %s" % text
        at, forbidden = hit + 1, []
    for bad, text in forbidden:
        if any(bad.search(x) for x in lines[at:]):
            return "must not be there: %s" % text
    return None


def check_diagnostics(source, printed):
    """Errors exactly, in order; notes and warnings only when the file speaks of them."""
    want = [m.groups() for m in map(DIAGNOSTIC.search, source) if m]
    spoken = {"ERROR"} | {w[0] for w in want}
    got = [(k.upper(), at, text) for at, k, text in PRINTED.findall(printed) if k.upper() in spoken]
    for i in range(max(len(want), len(got))):
        if i >= len(want):
            return "unexpected: %s %s %s" % got[i]
        if i >= len(got):
            return "missing: %s %s %s" % want[i]
        if want[i][:2] != got[i][:2] or not pattern(want[i][2]).search(re.sub(r"\s+", " ", got[i][2])):
            return "want %s %s %s\n     got  %s %s %s" % (want[i] + got[i])
    return None


def run(tjs, path):
    source = open(path, encoding="utf-8", errors="surrogateescape").read().splitlines()
    m = re.match(r"#\s*tjs:\s*(.*)$", source[0])
    if not m:
        return "the first line does not say `# tjs: command`"
    words = shlex.split(m.group(1))
    name = os.path.basename(path)
    # FUNCTION, when given, is the last word and follows FILE
    function = [words.pop()] if len(words) > 1 and words[-2] != "--stage" and not words[-1].startswith("-") else []
    p = subprocess.run([tjs] + words + [name] + function, cwd=os.path.dirname(path), capture_output=True,
                       text=True, encoding="utf-8", errors="surrogateescape", timeout=60)
    fatal = ("ERROR", "WARNING") if "--werror" in words else ("ERROR",)
    expects_error = any(d and d.group(1) in fatal for d in map(DIAGNOSTIC.search, source))
    if p.returncode != (1 if expects_error else 0):
        return "exit status %d\n%s" % (p.returncode, p.stderr)
    why = check_diagnostics(source, p.stderr) or check_output(source, p.stdout + p.stderr)
    return why and why + "\n" + p.stdout + p.stderr


def main(tjs, folder):
    paths = sorted(os.path.join(d, f) for d, _, names in os.walk(folder) for f in names
                   if f.endswith(".tjs") or (f.endswith(".py") and d != folder))
    failed = 0
    for path in paths:
        why = run(os.path.abspath(tjs), path)
        if why:
            failed += 1
            print("%s: %s" % (os.path.relpath(path, folder), why))
    print("%d passed, %d failed" % (len(paths) - failed, failed))
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else os.path.dirname(os.path.abspath(__file__))))
