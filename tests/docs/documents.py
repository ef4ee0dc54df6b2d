#!/usr/bin/env python3
"""What the documents show is what happens: every ```python block that begins with `# NAME.tjs` is written to a file,
every block that begins with `$ tjs …` is run beside those files and its output compared. A ```c block that begins with
`/* examples/…` must be that file. Usage: documents.py TJS SOURCE_DIR [--update]   (--update writes the outputs)"""
import os, re, shlex, subprocess, sys, tempfile

DOCUMENTS = ["README.md", "docs/guide.md"]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```\n", re.M | re.S)


def outputs(tjs, commands, folder):
    """The block's text with what each of its `$ tjs` lines prints now."""
    out = []
    for line in commands.splitlines():
        if line.startswith("$ tjs"):
            r = subprocess.run([tjs] + shlex.split(line[2:])[1:], cwd=folder, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
            out.append(line + "\n" + r.stdout)
    return "".join(out)


def check(tjs, root, document, update):
    text = open(os.path.join(root, document), encoding="utf-8").read()
    tally = [0, 0]

    def block(m):
        language, body = m.groups()
        name = re.match(r"# (\w+\.(?:tjs|py))\n", body)
        if language == "python" and name:
            open(os.path.join(folder, name.group(1)), "w", encoding="utf-8").write(body)
        elif language == "c" and body.startswith("/* examples/"):
            want = open(os.path.join(root, body.split()[1].rstrip(":")), encoding="utf-8").read()
            tally[body != want] += 1
            return "```c\n" + want + "```\n"
        elif body.startswith("$ tjs"):
            now = outputs(tjs, body, folder)
            tally[body != now] += 1
            if body != now and not update:
                print("%s says\n%sbut now it is\n%s" % (document, body, now))
            return "```" + language + "\n" + now + "```\n"
        return m.group(0)

    with tempfile.TemporaryDirectory() as folder:
        text = BLOCK.sub(block, text)
    if update:
        open(os.path.join(root, document), "w", encoding="utf-8").write(text)
    return tally


def main(tjs, root, update):
    tallies = [check(os.path.abspath(tjs), root, d, update) for d in DOCUMENTS]
    passed, failed = (sum(t) for t in zip(*tallies))
    print("%d passed, %d failed" % (passed, 0 if update else failed))
    return 1 if failed and not update else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], "--update" in sys.argv))
