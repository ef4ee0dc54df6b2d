#!/usr/bin/env python3
"""Archives that lie, break off, explode or loop: each is refused with a message that says where, in bounded time.

Usage: hostile.py LOAD_EACH. The archives are written here byte by byte, from one small module; LOAD_EACH loads them
(load_each.c). The classes of attack are those that loaders of this format were reported for: code in names and
annotations, calls of what must not be called, changes of values of another kind, sizes that lie, tensors beyond their
storage, stacks and memos that run out, names that lead out of the folder, bombs, recursion, code without end."""
# SPDX-License-Identifier: Apache-2.0
import re, struct, subprocess, sys, zlib

MOST_MS = 20000            # of one archive, on a busy machine with sanitizers
MOST_PEAK_BYTES = 1 << 31  # of all of them

# ---- ZIP files ------------------------------------------------------------------------------------------------


def stored(name, data, **changes):
    """An entry: what its local header and its directory entry say. `local_…` changes only the local header."""
    entry = {"name": name.encode(), "data": data, "method": 0, "n_bytes": len(data), "n_stored": len(data),
             "crc": zlib.crc32(data), "flags": 0}
    entry.update(changes)
    return entry


def deflated(name, data, **changes):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    return stored(name, packed, **{"method": 8, "n_bytes": len(data), "crc": zlib.crc32(data), **changes})


def archive(entries, **end):
    out, directory = bytearray(), bytearray()
    for e in entries:
        local = {k: e.get("local_" + k, e[k]) for k in e if not k.startswith("local_")}
        at = e.get("at", len(out))
        common = "<HHHHIIIHH"
        out += b"PK\3\4" + struct.pack("<H", 20) + struct.pack(
            common, local["flags"], local["method"], 0, 0, local["crc"], local["n_stored"] & 0xffffffff,
            local["n_bytes"] & 0xffffffff, len(local["name"]), 0) + local["name"] + e["data"]
        directory += b"PK\1\2" + struct.pack("<HH", 20, 20) + struct.pack(
            common, e["flags"], e["method"], 0, 0, e["crc"], e["n_stored"] & 0xffffffff, e["n_bytes"] & 0xffffffff,
            len(e["name"]), 0) + struct.pack("<HHHII", 0, 0, 0, 0, at) + e["name"]
    n = end.get("n", len(entries))
    return bytes(out + directory) + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, n, n, end.get("size", len(directory)),
                                                      end.get("offset", len(out)), 0)


# ---- pickles --------------------------------------------------------------------------------------------------

HEAD, STOP, MARK = b"\x80\x02", b".", b"("


def text(s):
    raw = s if isinstance(s, bytes) else s.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def number(i):
    if 0 <= i < 256:
        return b"K" + bytes([i])
    raw = i.to_bytes(8, "little", signed=True)
    return b"\x8a\x08" + raw


def tuple_of(*items):
    return MARK + b"".join(items) + b"t"


def name(module, n):
    return b"c" + module.encode() + b"\n" + n.encode() + b"\n"


def storage(numel=6, key="0", kind="FloatStorage"):
    return tuple_of(text("storage"), name("torch", kind), text(key), text("cpu"), number(numel)) + b"Q"


def tensor(store=None, offset=0, sizes=(2, 3), strides=(3, 1), requires_grad=b"\x89"):
    return name("torch._utils", "_rebuild_tensor_v2") + tuple_of(
        store or storage(), number(offset), tuple_of(*map(number, sizes)), tuple_of(*map(number, strides)),
        requires_grad, name("collections", "OrderedDict") + b")R") + b"R"


def module(w=None, cls="M", **attributes):
    state = {"training": b"\x89", "w": tensor() if w is None else w, **attributes}
    items = b"".join(text(k) + v for k, v in state.items() if v is not None)
    return name("__torch__", cls) + b")\x81}" + MARK + items + b"ub"


CODE = """class M(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  w : Tensor
  def forward(self: __torch__.M,
    x: Tensor) -> Tensor:
    return torch.add(x, self.w)
"""


def records(data=None, code=CODE, constants=HEAD + b")" + STOP, version=b"3\n"):
    return [stored("a/version", version), stored("a/data.pkl", HEAD + module() + STOP if data is None else data),
            stored("a/code/__torch__.py", code if isinstance(code, bytes) else code.encode()),
            stored("a/constants.pkl", constants), stored("a/data/0", struct.pack("<6f", *range(6)))]


def model(**changes):
    return archive(records(**changes))


def with_attribute(declared, value, more=""):
    """The module with one more attribute v."""
    return model(data=HEAD + module(v=value) + STOP,
                 code=more + CODE.replace("  w : Tensor\n", "  w : Tensor\n  v : %s\n" % declared))


def with_method(source):
    return model(code=CODE + source)


def with_setstate(body):
    code = CODE + """  def __getstate__(self: __torch__.M) -> Tuple[Tensor, bool]:
    return (self.w, self.training)
  def __setstate__(self: __torch__.M,
    state: Tuple[Tensor, bool]) -> NoneType:
""" + body + """    self.w = (state)[0]
    self.training = (state)[1]
    return None
"""
    data = HEAD + name("__torch__", "M") + b")\x81" + tensor() + b"\x89\x86b" + STOP
    return model(data=data, code=code)


def with_many(n, body):
    """n objects, each with a __setstate__ that stays within every limit."""
    other = """class B:
  v : List[int]
  def __getstate__(self: __torch__.B) -> int:
    return 1
  def __setstate__(self: __torch__.B,
    state: int) -> NoneType:
%s    self.v = v
    return None
""" % body
    objects = (name("__torch__", "B") + b")\x81" + number(1) + b"b") * n
    tagged = name("torch.jit._pickle", "restore_type_tag") + tuple_of(
        b"]" + MARK + objects + b"e", text("List[__torch__.B]")) + b"R"
    return model(data=HEAD + module(bs=tagged) + STOP, code=other + CODE.replace("  w :", "  bs : List[__torch__.B]\n  w :"))


# ---- the cases: a name, an archive, what is to be said about it -----------------------------------------------
#
# A case is refused with a message that names the record (AT, IN_PICKLE), or it must load; then a comment says why that
# is right. What loads is checked and called: "calls …" is what became of the last call that failed.

AT = r"code/__torch__\.py:\d+:\d+: "
IN_PICKLE = r"^JIT_E\w+ data\.pkl at byte \d+: "
IN_CODE = r"^JIT_E\w+ " + AT
IN_METHOD = "^JIT_OK calls JIT_E.*" + AT  # the class is fine, a body is looked at when it is needed
LOADS = "^JIT_OK"
A_RECORD = r"record '[^']+'|(data|constants)\.pkl|code/__torch__\.py|no record "


def files():
    yield "whole", model(), "JIT_OK"
    yield "two of a name", archive(records() + [stored("a/data.pkl", HEAD + b"N.")]), "a/data.pkl.*two of this name"
    for bad in ("/etc/passwd", "a/../../x", "..", "a/..", "a\\b", "a/x\0y"):
        yield "name " + repr(bad), archive(records() + [stored(bad, b"x")]), "may not have such a name"
    r = records()
    r[4]["at"] = 0
    yield "an entry that points elsewhere", archive(r), "a/data/0.*contradicts the directory"
    inner = b"PK\3\4\24\0" + bytes(4) + bytes(4) + struct.pack("<IIIHH", zlib.crc32(b"x"), 1, 1, 3, 0) + b"a/y" + b"x"
    r = records() + [stored("a/x", inner), stored("a/y", b"x")]
    r[-1]["at"] = len(archive(records()[:5] + [r[-2]], n=0)) - 22 - sum(46 + len(e["name"]) for e in r[:6]) - len(inner)
    yield "an entry within another", archive(r), "records 'a/x' and 'a/y' lie on the same bytes"
    for field, value in (("n_bytes", 1 << 31), ("crc", 1), ("n_stored", 3), ("method", 8), ("flags", 2), ("name", b"b/data.pkl")):
        r = records()
        r[1]["local_" + field] = value
        yield "local " + field, archive(r), "a/data.pkl.*contradicts the directory"
        r = records()
        r[1][field] = value
        r[1]["local_" + field] = records()[1][field]
        yield "directory " + field, archive(r), "record '[ab]/data.pkl'"
    yield "encrypted", archive(records()[:4] + [stored("a/data/0", bytes(24), flags=1)]), "a/data/0.*encrypted"
    yield "compression of another kind", archive(records()[:4] + [stored("a/data/0", bytes(24), method=12)]), "a/data/0.*method 12"
    yield "promises", archive(records()[:4] + [deflated("a/data/0", bytes(24), n_bytes=0xfffffff0)]), "a/data/0.*promises more bytes"
    yield "a bomb", archive(records()[:3] + [deflated("a/constants.pkl", bytes(300 << 20)), records()[4]]), "JIT_ENOMEM.*record 'constants.pkl'.*314572800 bytes"
    yield "inflates to more", archive(records()[:4] + [deflated("a/data/0", bytes(100), n_bytes=24)]), "record 'data/0'.*the size the directory says"
    yield "inflates to less", archive(records()[:4] + [deflated("a/data/0", bytes(20), n_bytes=24)]), "record 'data/0'.*the size the directory says"
    yield "checksum of the code", archive([stored(e["name"].decode(), e["data"], crc=7) if b"code" in e["name"] else e
                                           for e in records()]), "^JIT_EFORMAT.*record 'code/__torch__.py': CRC"
    yield "checksum of a tensor", archive(records()[:4] + [stored("a/data/0", bytes(24), crc=7)]), "data/0.*checksum"
    for n in (0, 4, 6, 65535):
        yield "%d entries told" % n, archive(records(), n=n), "directory|empty"
    yield "directory elsewhere", archive(records(), offset=0xfffffff0), "directory"
    yield "directory too long", archive(records(), size=0xfffffff0), "directory"
    yield "very many records", archive(records() + [stored("a/%d" % i, b"") for i in range(60000)]), LOADS  # 60,000 are many and no harm
    yield "nothing", b"x", "not an archive"
    yield "a folder more", archive([stored("b/version", b"3")] + records()), "constants.pkl"
    for v in (b"99", b"-1", b"x", b"", b"9" * 400, b"0"):
        yield "version %r" % v[:4], model(version=v), "version"
    for missing, said in enumerate(("no record 'version'", "no record 'data.pkl'", IN_PICKLE + "Unknown type name",
                                    "no record constants.pkl", "no record 'data/0'")):
        yield "without " + records()[missing]["name"].decode(), archive(
            [e for i, e in enumerate(records()) if i != missing]), said
    yield "big-endian", archive(records() + [stored("a/byteorder", b"big")]), "byteorder"


def pickles():
    def data(body):
        return model(data=HEAD + body + STOP)

    for m, n in (("os", "system"), ("posix", "system"), ("builtins", "eval"), ("builtins", "exec"), ("torch.hub", "load"),
                 ("torch", "load"), ("torch.storage", "_load_from_bytes"), ("__builtin__", "getattr"), ("", ""), ("\xff", "x")):
        yield "GLOBAL %s.%s" % (m, n), data(name(m, n) + tuple_of(text("true")) + b"R"), "data.pkl at byte 2.*[Uu]nknown"
    yield "a call of a text", data(text("os.system") + tuple_of(text("true")) + b"R"), "data.pkl.*not a function"
    yield "a call of a tensor", data(tensor() + tuple_of() + b"R"), "data.pkl.*not a function"
    yield "a call without a tuple", data(name("torch._utils", "_rebuild_tensor_v2") + number(1) + b"R"), "data.pkl.*tuple"
    for n_args in (0, 1, 5, 8):
        yield "a tensor of %d arguments" % n_args, data(
            name("torch._utils", "_rebuild_tensor_v2") + tuple_of(*[number(0)] * n_args) + b"R"), "data.pkl.*argument"
    yield "SETITEM of a list", data(b"]" + number(1) + number(2) + b"s"), "data.pkl.*not a dict"
    yield "APPEND to a dict", data(b"}" + number(1) + b"a"), "data.pkl.*not a list"
    yield "APPENDS to a number", data(number(1) + MARK + number(1) + b"e"), "data.pkl.*not a list"
    yield "SETITEMS of a tensor", data(tensor() + MARK + text("a") + number(1) + b"u"), "data.pkl.*not a dict"
    yield "BUILD of a tensor", data(tensor() + b"}b"), "data.pkl.*not a fresh object"
    yield "BUILD twice", data(module() + b"}b"), "data.pkl.*not a fresh object"
    yield "an odd number of items", data(b"}" + MARK + number(1) + b"u"), "data.pkl.*no value"
    yield "a list as a key", data(b"}" + b"]" + number(1) + b"s"), "data.pkl.*key"
    for op in (b"R", b"b", b"\x81", b"\x85", b"\x86", b"\x87", b"a", b"s", b"Q", b"q\0"):
        yield "an empty stack before %r" % op, data(op), "data.pkl.*stack"
        yield "a MARK before %r" % op, data(number(1) + MARK + op), IN_PICKLE + "it takes more from the stack"
    for op in (b"t", b"l", b"d", b"e", b"u"):
        yield "no MARK before %r" % op, data(number(1) + op), "data.pkl.*no MARK"
    yield "memo out of range", data(b"h\5"), "data.pkl.*memo entry 5"
    yield "memo far out of range", data(b"j\xff\xff\xff\xff"), "data.pkl.*memo"
    yield "memo with a gap", data(b"Nr\xff\xff\xff\x7f"), "data.pkl.*gap"
    yield "a text that is longer than the file", data(b"X\xff\xff\xff\x7fab"), "data.pkl.*ends in the middle"
    yield "an integer of 255 bytes", data(b"\x8a\xff" + bytes(255)), "data.pkl.*64 bits"
    yield "an operation that is none", data(b"\x95" + bytes(8)), "data.pkl.*operation 0x95"
    yield "no end", model(data=HEAD + module()), "data.pkl.*STOP"
    yield "bytes after the end", model(data=HEAD + module() + STOP + STOP), "data.pkl.*follow the end"
    yield "not a pickle", model(data=b"N."), IN_PICKLE + "it does not begin"
    yield "another protocol", model(data=b"\x80\x05N."), "data.pkl.*protocol"
    yield "no module", data(number(1)), "data.pkl holds no module"
    yield "no table of constants", model(constants=HEAD + b"N."), "constants.pkl holds no tuple"
    yield "a list in itself", data(b"]q\0" + b"h\0a"), IN_PICKLE + "a container changes"
    yield "a dict in itself", data(b"}q\0" + text("a") + b"h\0s"), IN_PICKLE + "a container changes"
    yield "a module in itself", model(
        data=HEAD + name("__torch__", "M") + b")\x81q\0}" + MARK + text("training") + b"\x89" + text("w") + tensor()
        + text("v") + b"h\0ub" + STOP, code=CODE.replace("  w :", "  v : __torch__.M\n  w :")), IN_PICKLE + "an object is used before"
    for n in (1000, 100000):
        yield "%d lists in each other" % n, data(b"]" * n + b"a" * (n - 1)), "data.pkl.*nest"
        yield "%d tuples in each other" % n, data(b")" + b"\x85" * n), "data.pkl.*nest"
        yield "%d dicts in each other" % n, data(b"}" + (text("a") + b"}") * n + b"s" * n), "data.pkl.*nest"
    yield "tuples that double", data(b")q\0" + b"h\0h\0\x86q\0" * 60), IN_PICKLE + "the end comes with 61 values"
    yield "a name as a value", data(b"]" + name("torch", "FloatStorage") + b"a"), "data.pkl.*name of a class"
    yield "a storage as a value", data(b"]" + storage() + b"a"), "data.pkl.*storage stands"


def tensors():
    def of(t):
        return model(data=HEAD + module(t) + STOP)

    big = (1 << 63) - 1
    yield "a storage of 2^63 elements", of(tensor(storage(big))), "data.pkl.*storage of 9223372036854775807"
    yield "a storage of 2^62 elements", of(tensor(storage(1 << 62))), "data.pkl.*storage of"
    yield "a storage of -1 elements", of(tensor(storage(-1))), "data.pkl.*storage of -1"
    yield "a storage larger than its record", of(tensor(storage(7))), "data/0.*28 bytes is wanted, it has 24"
    yield "a storage of 2^40 elements", of(tensor(storage(1 << 40))), "data/0.*wanted"
    yield "a storage without record", of(tensor(storage(6, "1"))), "no record 'data/1'"
    yield "a storage out of the folder", of(tensor(storage(6, "../data/0"))), "no record 'data/../data/0'"
    yield "a storage of a kind that is none", of(tensor(storage(6, "0", "EvilStorage"))), "data.pkl.*EvilStorage"
    yield "a storage of two sizes", of(b"]" + MARK + tensor(storage(1), sizes=(1,), strides=(1,)) + tensor() + b"e"), IN_PICKLE + "storage '0' is mentioned with two sizes"
    for what, t in (
            ("2^63 elements", tensor(sizes=(big, 1))), ("2^64 elements", tensor(sizes=(1 << 32, 1 << 32), strides=(0, 1))),
            ("2^126 elements", tensor(sizes=(big, big), strides=(0, 0))), ("more elements", tensor(sizes=(2, 4))),
            ("a negative size", tensor(sizes=(-1, 3))), ("a negative stride", tensor(strides=(-3, 1))),
            ("strides outside", tensor(strides=(4, 1))), ("huge strides", tensor(strides=(big, big))),
            ("strides that wrap", tensor(sizes=(5, 3), strides=(1 << 62, 1))), ("an offset outside", tensor(offset=1)),
            ("a negative offset", tensor(offset=-1)), ("a huge offset", tensor(offset=big)),
            ("sizes and strides of two lengths", tensor(strides=(1,))), ("65 dimensions", tensor(sizes=(1,) * 65, strides=(1,) * 65)),
            ("a text for an offset", tensor().replace(number(0) + MARK + number(2), text("0") + MARK + number(2))),
            ("gradients of integers", tensor(storage(3, "0", "LongStorage"), sizes=(3,), strides=(1,), requires_grad=b"\x88"))):
        yield "a tensor with " + what, of(t), IN_PICKLE + "(a tensor|argument 2 of _rebuild_tensor_v2|Only Tensors of floating)"
    yield "a tensor of bools that are none", of(tensor(storage(24, "0", "BoolStorage"), sizes=(24,), strides=(1,))), LOADS  # any byte but 0 is true
    yield "stride 0", of(tensor(sizes=(1 << 40, 3), strides=(0, 1))), LOADS  # no element lies outside; what a call makes of it is bounded by its limits


def attributes():
    yield "an attribute is missing", model(data=HEAD + module(w=b"").replace(text("w"), b"") + STOP), "data.pkl.*'w'"
    yield "an attribute of another type", model(data=HEAD + module(text("x")) + STOP), "data.pkl.*'w'"
    yield "a list of another type", with_attribute("List[int]", b"]" + MARK + number(1) + text("a") + b"e"), IN_PICKLE + "attribute 'v'"
    yield "a dict of another type", with_attribute("Dict[str, int]", b"}" + number(1) + number(1) + b"s"), IN_PICKLE + "attribute 'v'"
    yield "a tuple of another length", with_attribute("Tuple[int, int]", number(1) + b"\x85"), IN_PICKLE + "attribute 'v'"
    yield "a class that is none", model(data=HEAD + module(cls="N") + STOP), IN_PICKLE + "Unknown type name '__torch__.N'"
    yield "a file that is none", model(data=HEAD + name("__torch__.x.y", "N") + b")\x81}b" + STOP), IN_PICKLE + "Unknown type name"
    yield "a class with dots", model(data=HEAD + name("__torch__.." , "M") + b")\x81}b" + STOP), IN_PICKLE + "Unknown type name"
    for n in (50, 100, 10000):
        yield "a type tag %d deep" % n, with_attribute("List[int]", name("torch.jit._pickle", "restore_type_tag") + tuple_of(
            b"]", text("List[" * n + "int" + "]" * n)) + b"R"), IN_PICKLE + "(attribute 'v'|type 'List.*too deeply nested)"
    for tag in ("Dict[str,", "List[", "", "\0", "int", "__import__('os')", "List[__torch__.X]", "Union[" * 50, "Tuple[" + "int, " * 10000 + "]"):
        yield "type tag %.10r" % tag, with_attribute("List[int]", name("torch.jit._pickle", "restore_type_tag") + tuple_of(
            b"]", text(tag)) + b"R"), IN_PICKLE + "(type '|a type with a NUL|expected a value of type)"
    yield "a class that holds itself", with_attribute("Optional[__torch__.M]", b"N"), LOADS  # a linked list
    yield "two classes that hold each other", with_attribute("Optional[__torch__.B]", b"N", "class B:\n  x : Optional[__torch__.A]\nclass A:\n  x : Optional[__torch__.B]\n"), LOADS


def codes():
    def line(body):
        return with_method("  def g(self: __torch__.M) -> int:\n" + body)

    for n in (300, 20000):
        yield "%d parentheses" % n, line("    return %s1%s\n" % ("(" * n, ")" * n)), IN_CODE + "too deeply nested"
        yield "%d lists" % n, line("    x = %s%s\n    return 1\n" % ("[" * n, "]" * n)), IN_CODE + "too deeply nested"
        yield "%d calls" % n, line("    return %s1%s\n" % ("int(" * n, ")" * n)), IN_CODE + "too deeply nested"
        yield "%d signs" % n, line("    return %s1\n" % ("-" * n)), LOADS  # a chain is no nesting
        yield "%d blocks" % n, line("".join(" " * (4 + i) + "if True:\n" for i in range(min(n, 2000))) + " " * 2100 + "pass\n    return 1\n"), IN_CODE + "too deeply nested"
        yield "%d type brackets" % n, with_method("  def g(self: __torch__.M, x: %sint%s) -> int:\n    return 1\n" % ("List[" * n, "]" * n)), IN_CODE + "too deeply nested"
        yield "%d operators" % n, line("    return 1%s\n" % (" + 1" * n)), LOADS
    yield "a huge number", line("    return %s\n" % ("9" * 100000)), IN_CODE + "integer constant out of range"
    yield "a huge float", line("    x = 1e%s\n    return 1\n" % ("9" * 1000)), LOADS  # infinity
    yield "a long line", line("    x = %s\n    return 1\n" % ("a" * (1 << 20))), IN_METHOD + "undefined name"
    yield "a long text", line("    x = \"%s\"\n    return 1\n" % ("a" * (1 << 20))), LOADS
    yield "a text without end", line("    x = \"abc\n    return 1\n"), IN_CODE + "unterminated string"
    yield "NUL", model(code=CODE.encode() + b"\0  def"), IN_CODE + "the source contains a NUL byte"
    yield "invalid UTF-8", model(code=CODE.encode() + b"  def \xff\xfe(self: __torch__.M) -> int:\n    return 1\n"), IN_CODE + "names are made of ASCII"
    yield "invalid UTF-8 in a text", model(code=CODE.encode() + b"  def g(self: __torch__.M) -> int:\n    x = \"\xff\"\n    return 1\n"), LOADS  # PyTorch's strings are bytes
    yield "nothing", model(code=""), IN_PICKLE + "Unknown type name"
    yield "only blanks", model(code=" " * 100000), IN_PICKLE + "Unknown type name"
    yield "carriage returns", model(code=CODE.replace("\n", "\r\n")), LOADS  # as Python reads them
    for evil in ("__import__('os').system('true')", "eval('1')", "exec('1')", "open('/etc/passwd')", "os.system('true')",
                 "torch.hub.load('a', 'b')", "().__class__", "torch.ops.evil.f()", "ops.evil.f()", "CONSTANTS.c0", "CONSTANTS.c99999999999",
                 "CONSTANTS.x", "__torch__.N.f()", "torch.numel(torch.from_file('/etc/passwd', False, 10))"):
        no_type = IN_CODE + "(this is not a type|unknown type)"
        yield "code " + evil, line("    x = %s\n    return x\n" % evil), IN_METHOD
        yield "annotation " + evil, with_method("  def g(self: __torch__.M, x: %s) -> int:\n    return 1\n" % evil), no_type
        yield "type comment " + evil, with_method("  def g(self, x):\n    # type: (%s) -> int\n    return 1\n" % evil), no_type
        yield "default " + evil, with_method("  def g(self: __torch__.M, x: int=%s) -> int:\n    return 1\n" % evil), IN_CODE
        yield "class attribute " + evil, model(code=CODE.replace("  w :", "  q : %s\n  w :" % evil)), no_type
    yield "a class that inherits itself", model(code=CODE.replace("(Module)", "(__torch__.M)")), IN_CODE + "Torchscript does not support class inheritance"
    yield "a class twice", model(code=CODE + CODE), IN_CODE + "'M' is already defined"
    yield "a method twice", with_method("  def forward(self: __torch__.M) -> int:\n    return 1\n"), IN_CODE + "method 'forward' is already defined"
    yield "a method that calls itself", line("    return (self).g()\n"), IN_METHOD + "maximum recursion depth"
    yield "methods that call each other", with_method(
        "  def g(self: __torch__.M) -> int:\n    return (self).h()\n  def h(self: __torch__.M) -> int:\n    return (self).g()\n"), IN_METHOD + "maximum recursion depth"
    yield "statements beside classes", model(code="print(1)\n" + CODE), IN_CODE + "a code file holds classes and functions only"
    yield "10000 methods", with_method("".join("  def g%d(self: __torch__.M) -> int:\n    return 1\n" % i for i in range(10000))), LOADS


def runs():
    loops = {
        "loops": "    v = 1\n    while True:\n      v = torch.add(v, 1)\n",
        "fills a list": "    v = [1]\n    while True:\n      v = torch.add(v, v)\n",
        "fills a text": "    v = \"ab\"\n    while True:\n      v = torch.add(v, v)\n",
        "appends": "    v = annotate(List[int], [])\n    while True:\n      _0 = torch.append(v, 1)\n",
        "a tensor of 2^40 elements": "    v = torch.zeros([1099511627776])\n",
        "a tensor of 2^80 elements": "    v = torch.zeros([1099511627776, 1099511627776])\n",
        "repeats a list": "    v = torch.mul([1], 4611686018427387904)\n",
        "counts": "    v = 0\n    for i in range(9223372036854775807):\n      v = torch.add(torch.mul(v, 3), i)\n",
        "a view of 2^50 elements": "    v = torch.sum(torch.expand(torch.ones([1]), [1125899906842624]))\n",
        "a strided view of 2^40 elements": "    v = torch.add(torch.as_strided(torch.ones([1]), [1099511627776], [0]), 1)\n",
        "repeats a tensor": "    v = torch.repeat(torch.ones([1024]), [1099511627776])\n",
        "raises": "    v = 1\n    ops.prim.RaiseException(\"limit\")\n",
        "divides": "    v = torch.floordiv(1, 0)\n",
    }
    reason = "limit|memory|exceed|overflow|division by 0|too "
    for what, body in loops.items():
        yield "__setstate__ " + what, with_setstate(body + "    print(v)\n"), "^JIT_E(LIMIT|NOMEM|RUNTIME) %s.*(%s)" % (AT, reason)
        yield "a method " + what, model(code=CODE[:CODE.index("  def")] + (
            "  def g(self: __torch__.M) -> NoneType:\n%s    print(v)\n    return None\n" % body)), "calls.*%s.*(%s)" % (AT, reason)
    count = "    v = annotate(List[int], [])\n    for i in range(%d):\n      _0 = torch.append(v, i)\n"
    yield "ten objects that count", with_many(10, count % 100), LOADS
    yield "objects that count too far together", with_many(2000, count % 1000), "^JIT_ELIMIT " + AT + "the limit of instructions"
    yield "objects too large together", with_many(2000, "    v = torch.mul([1], 100000)\n"), "^JIT_ENOMEM.*out of memory"
    yield "a method of constants " + "2^(10^7)", with_method("  def g(self: __torch__.M) -> NoneType:\n    n = torch.pow(2, 10000000)\n    return None\n"), LOADS  # integers wrap


def changed():
    """Every byte of the pickles and the code changed, with right checksums. Some changes make another valid module: a
    tensor of other shape, another name in a method."""
    for k in (1, 2, 3):
        r = records()
        data = r[k]["data"]
        for i in range(len(data)):
            for flip in (0xff, 1):
                r[k] = stored(r[k]["name"].decode(), data[:i] + bytes([data[i] ^ flip]) + data[i + 1:])
                yield "%s byte %d ^ %d" % (r[k]["name"].decode(), i, flip), archive(r), "%s|^JIT_E.*(%s)" % (LOADS, A_RECORD)


def offsets_ignored(whole):
    """Offsets of what says nothing about the records: versions, dates, attributes of the file system."""
    ignored = set()
    for magic, fields in ((b"PK\3\4", (4, 5, 10, 11, 12, 13)), (b"PK\1\2", (4, 5, 6, 7, 12, 13, 14, 15, 36, 37, 38, 39, 40, 41))):
        for header in re.finditer(re.escape(magic), whole):
            ignored |= {header.start() + k for k in fields}
    return ignored


def damaged():
    """Cut short anywhere; every byte of the file changed."""
    whole = model()
    ignored = offsets_ignored(whole)
    for i in range(1, len(whole)):
        yield "cut at %d" % i, whole[:i], "not an archive|cut short|directory"
    for i in range(len(whole)):
        yield "byte %d" % i, whole[:i] + bytes([whole[i] ^ 0xff]) + whole[i + 1:], (
            LOADS if i in ignored else "^JIT_E.*(%s|directory|archives in several parts|not an archive)" % A_RECORD)


# ---- judging --------------------------------------------------------------------------------------------------


def judge(what, expected, status, ms, message):
    if ms > MOST_MS:
        return "%s: %d ms" % (what, ms)
    if status != "JIT_OK" and not message:
        return "%s: %s without a message" % (what, status)
    if not re.search(expected, status + " " + message, re.S):
        return "%s: %s %s; wanted: %s" % (what, status, message[:300], expected)
    return None


def main():
    passed, wrong = 0, []
    driver = subprocess.Popen(sys.argv[1:2], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for group in (files, pickles, tensors, attributes, codes, runs, changed, damaged):
        for what, data, expected in group():
            driver.stdin.write(struct.pack("<Q", len(data)) + data)
            driver.stdin.flush()
            line = driver.stdout.readline().decode(errors="replace")
            if line.count("\t") < 2:
                print("%s: the process ended with %s" % (what, driver.wait()))
                print("%d passed, %d failed" % (passed, len(wrong) + 1))
                return 1
            status, ms, message = line.rstrip("\n").split("\t", 2)
            complaint = judge("%s, %s" % (group.__name__, what), expected, status, float(ms), message)
            passed += complaint is None
            wrong += [complaint] if complaint else []
            if complaint and len(wrong) <= 100:
                print(complaint, flush=True)
    driver.stdin.write(bytes(8))
    driver.stdin.close()
    peak = int(driver.stdout.readline().split()[1])
    if driver.wait() or peak > MOST_PEAK_BYTES:
        wrong.append("the end")
        print("the end: exit code %s, at most %d MB used" % (driver.returncode, peak >> 20))
    print("%d passed, %d failed" % (passed, len(wrong)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
