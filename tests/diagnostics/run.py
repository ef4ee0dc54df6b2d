#!/usr/bin/env python3
"""Every code of a diagnostic has an example: run.py TJS SOURCE_DIR [--update].

A file CODE.tjs (or .py) is two programs: `# ---- wrong` gives exactly the diagnostic CODE, on the line that says `# here`
(`# above`: the line before), and `# ---- right` gives none. Its first line says what the code means; for a warning the
table sema/warnings.def does. `# options:` adds options of `tjs check`. docs/diagnostics.md is made of these files
(--update), and a code in the sources without one is an error, unless no program can be its example."""
import glob, json, os, re, subprocess, sys, tempfile

CODE = re.compile(r'diag_(?:error|warning|remark)\(\s*[^"]*?"([a-z]+(?:-[a-z]+)*)"')
OTHER = re.compile(r'\[MISMATCH_\w+\] = "([a-z-]+)"|\? "([a-z]+-[a-z-]+)" : "([a-z]+-[a-z-]+)"')
WARNING = re.compile(r'^WARNING\(\w+,\s*"([a-z-]+)",\s*(true|false),\s*"((?:[^"\\]|\\.)*)"', re.M)
ALONE = {  # what no small program shows
    "annotation-needed": "More than some hundred functions call each other and none says what it returns.",
    "circular-import": "A file imports itself, directly or through other files.",
    "class-nesting": "Too many classes hold each other, so that their `__init__` cannot be checked inside each other.",
    "encoding": "The file is not UTF-8.",
    "import-depth": "Imports are nested more than 32 deep.",
    "internal": "A mistake of this program. Please report it.",
    "ir-malformed": "A graph in text form (`.ir`) parses but is not a valid graph.",
    "ir-syntax": "A graph in text form (`.ir`) does not parse.",
    "mixed-elements": "No type could be made that all elements of a list or dict have.",
    "not-implemented": "A built-in function of Python that this version does not have.",
    "no-memory": "The memory that a compile may use is used up.",
    "too-deep": "Chained comparisons are nested too deeply in each other.",
    "unreadable-code": "A code file of an archive is damaged.",
}


def source_codes(root):
    codes = set()
    for pattern in ("sema/*.c", "frontend/script/*.c", "ir/*.c", "grammar/*"):
        for path in glob.glob(os.path.join(root, pattern)):
            text = open(path, encoding="utf-8").read()
            codes.update(CODE.findall(text))
            if "mismatch_code" in text or "expect_args" in text:
                codes.update(c for m in OTHER.findall(text) for c in m if c)
    return codes


def read_example(path):
    text = open(path, encoding="utf-8").read()
    head, wrong, right = re.split(r"^# ---- (?:wrong|right)\n", text, flags=re.M)
    options = re.search(r"^# options: (.*)$", head, re.M)
    return {"meaning": head.splitlines()[0].lstrip("# ").strip(), "options": options.group(1).split() if options else [],
            "wrong": wrong, "right": right, "suffix": os.path.splitext(path)[1]}


def check(tjs, example, program):
    """-> [(code, line)], notes about a Python file as a whole left out unless there is nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "example" + example["suffix"])
        open(path, "w", encoding="utf-8").write(program)
        r = subprocess.run([tjs, "check", "--json"] + example["options"] + [path], capture_output=True, text=True)
    found = [(d["code"], d["range"]["start"]["line"] if "range" in d else 0) for d in json.loads(r.stdout or "[]")]
    return [f for f in found if f[0] != "python-file"] or found


def marked_line(program):
    for i, line in enumerate(program.splitlines(), 1):
        if line.endswith("# here"):
            return i
        if line.endswith("# above"):
            return i - 1
    return None


def verify(tjs, code, example):
    wrong, right = check(tjs, example, example["wrong"]), check(tjs, example, example["right"])
    if code == "python-file":
        return None if wrong == [(code, 0)] else "wrong gives %s" % wrong
    if wrong != [(code, marked_line(example["wrong"]))]:
        return "wrong gives %s, not %s at line %s" % (wrong, code, marked_line(example["wrong"]))
    if [f for f in right if f[0] != "python-file"]:
        return "right gives %s" % right
    return None


def page(examples, warnings):
    out = ["# Diagnostics", "",
           "What `tjs check` and the compiler say, by code. `--json` gives the code of each diagnostic; a warning shows its",
           "own in brackets. This page is made by `tests/diagnostics/run.py`, which also checks every example.", "",
           "## Warnings", "",
           "`--warn=NAME,…` asks for more (`all`: for all), `--no-warn=NAME,…` for less (`--no-warn` alone: for none), and",
           "`--werror` makes a warning count as an error. Warnings never change the exit code otherwise.", "",
           "| name | given when | by default |", "|---|---|---|"]
    out += ["| [`%s`](#%s) | %s | %s |" % (n, n, text, "yes" if on == "true" else "no") for n, on, text in warnings]
    names = {n: text for n, _, text in warnings}

    def section(code):
        e = examples[code]
        meaning = names.get(code, e["meaning"])
        clean = lambda s: re.sub(r"  # (here|above)$", "", s.strip("\n"), flags=re.M)
        out.extend(["", "### " + code, "", meaning[0].upper() + meaning[1:] + ("" if meaning.endswith(".") else "."), "",
                    "Wrong:", "", "```python", clean(e["wrong"]), "```", "", "Right:", "", "```python", clean(e["right"]), "```"])

    for code in sorted(set(examples) & set(names)):
        section(code)
    out += ["", "## Errors"]
    for code in sorted(set(examples) - set(names)):
        section(code)
    out += ["", "## Errors without an example", "", "| code | meaning |", "|---|---|"]
    out += ["| `%s` | %s |" % kv for kv in sorted(ALONE.items())]
    return "\n".join(out) + "\n"


def main(tjs, root, update):
    folder = os.path.join(root, "tests", "diagnostics")
    paths = sorted(glob.glob(os.path.join(folder, "*.tjs")) + [p for p in glob.glob(os.path.join(folder, "*.py"))
                                                              if "-" in os.path.basename(p)])
    examples = {os.path.splitext(os.path.basename(p))[0]: read_example(p) for p in paths}
    warnings = WARNING.findall(open(os.path.join(root, "sema", "warnings.def"), encoding="utf-8").read())
    codes = source_codes(root) | {n for n, _, _ in warnings}
    failed = ["%s: no example" % c for c in sorted(codes - set(examples) - set(ALONE))]
    failed += ["%s: no such code" % c for c in sorted((set(examples) | set(ALONE)) - codes)]
    for code, example in examples.items():
        why = verify(os.path.abspath(tjs), code, example)
        if why:
            failed.append("%s: %s" % (code, why))
    document = os.path.join(root, "docs", "diagnostics.md")
    text = page(examples, warnings)
    if update:
        open(document, "w", encoding="utf-8").write(text)
    elif not os.path.exists(document) or open(document, encoding="utf-8").read() != text:
        failed.append("docs/diagnostics.md is not current: run tests/diagnostics/run.py TJS SOURCE_DIR --update")
    print("\n".join(failed + ["%d codes, %d failed" % (len(examples), len(failed))]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], "--update" in sys.argv))
