#!/usr/bin/env python3
"""Differential tests of the operators: cases with sampled inputs, answered by PyTorch.

    sample.py write OUT [--per-schema N] [--seed S] [--only REGEX] < SCHEMAS
        SCHEMAS is what `tjs ops --implemented` prints. For every operator that takes a tensor, makes N calls with
        sampled inputs (types, shapes, layouts, special values, arguments in and out of range, defaults, names),
        forms (function, method, in place, out=) and has PyTorch 1.13 compile and answer them. Writes OUT/NAME.tjs.
    sample.py hold TJS FILE...
        Runs `tjs test` over the files and prints the cases that differ. Functions that tjs refuses to compile are
        reported and left out, so that one of them does not hide the rest of its file.
    sample.py select OUT --keep N --tjs TJS FILE...
        Keeps up to N passing cases of every file, in OUT, a few operators a file.
    sample.py errors FILE
        Calls with arguments that PyTorch's own tests expect to be refused.
    sample.py record FILE...
        Files of hand-written cases: writes PyTorch's answers under their calls, anew where there are some; of a message,
        what the file holds is kept as long as it is a part of PyTorch's.

A case returns what there is to compare: the result, its strides, and for the in-place and out= forms the tensor that was
written (through the base it is a view of). Messages are held only where PyTorch's own is a plain sentence."""
import argparse, collections, importlib.util, linecache, math, os, random, re, subprocess, sys, types

SKIP = re.compile(r"^(rand|bernoulli|dropout|.*_dropout|multinomial|normal|uniform|exponential|random|geometric_|cauchy_|"
                  r"log_normal|rrelu|empty|new_empty|resize|set_|poisson|binomial|seed|manual_seed|gumbel|storage|data$|"
                  r"requires_grad|backward|retain|detach_copy|is_|_cudnn|cudnn|quantize|_|to_mkldnn|special_airy|"
                  r"set_data|rename|refine|align|names|native_dropout|alpha_dropout|feature_|orthogonal|item$|"
                  r"lstm|gru|rnn|unsafe_|kaiser|cuda|cpu$|record_stream|pin_memory|svd|eig|qr|geqrf|linalg_(svd|eig|qr)|"
                  r"linalg_lstsq|lstsq|symeig|lu_|lobpcg|pca|fractional|stft|istft|coalesce|sparse|to_sparse|values|"
                  r"indices$|crow|col_|nonzero_static|refine|format$|warn$|batch_norm_|sspaddmm|hspmm|choose_q|fbgemm)")
DTYPES = ["float32"] * 8 + ["int64"] * 3 + ["bool", "uint8", "int32", "int16", "int8", "float16", "bfloat16", "float64",
                                             "float64", "complex64"]
SHAPES = [(), (0,), (1,), (3,), (4,), (2, 3), (2, 3), (3, 2), (3, 3), (3, 1), (1, 3), (2, 0), (0, 3), (2, 3, 2), (2, 1, 3), (2, 2, 2),
          (1, 2, 3, 2)]
LAYOUTS = ["{}"] * 5 + ["{}.transpose(0, -1)", "{}[..., ::2]", "{}[1:]", "{}.unsqueeze(0).expand([2] + {}.size())",
                        "{}.unsqueeze(-1)"]
SPECIAL = [float("nan"), float("inf"), -float("inf"), 0.0, -0.0]

# Shapes of the tensors, in order, for operators that sampled shapes would nearly always be wrong for.
IMAGE = [[(1, 2, 4, 4)], [(2, 2, 5, 4)], [(2, 4, 4)]]
SIGNAL = [[(1, 2, 6)], [(2, 5)], [(2, 3, 8)]]
VOLUME = [[(1, 1, 4, 4, 4)], [(1, 2, 3, 4, 5)]]
SQUARE = [[(2, 2)], [(3, 3)], [(2, 3, 3)], [(0, 0)], [(2, 3)]]
PRODUCT = [[(2, 3), (3, 2)], [(1, 3), (3, 1)], [(0, 3), (3, 2)], [(2, 0), (0, 2)], [(2, 3), (2, 3)]]
BATCHED = [[(2, 2, 3), (2, 3, 2)], [(0, 2, 3), (0, 3, 2)], [(2, 2, 3), (1, 3, 2)]]
ADDED = [[(2, 2), (2, 3), (3, 2)], [(2,), (2, 3), (3, 2)], [(), (2, 3), (3, 2)], [(2, 2), (2, 0), (0, 2)]]
LOSS = [[(3,), (3,)], [(2, 3), (2, 3)], [(), ()], [(0,), (0,)], [(2, 3), (3,)]]
TEMPLATES = {
    "mm": PRODUCT, "bmm": BATCHED, "addmm": ADDED, "addmm_": ADDED,
    "baddbmm": [[(2, 2, 2), (2, 2, 3), (2, 3, 2)], [(2,), (2, 2, 3), (2, 3, 2)]],
    "addbmm": [[(2, 2), (2, 2, 3), (2, 3, 2)]], "addmv": [[(2,), (2, 3), (3,)], [(), (2, 3), (3,)]],
    "addr": [[(2, 3), (2,), (3,)], [(3,), (2,), (3,)]], "mv": [[(2, 3), (3,)], [(2, 0), (0,)]],
    "dot": [[(3,), (3,)], [(0,), (0,)], [(3,), (2,)]], "vdot": [[(3,), (3,)]], "inner": [[(2, 3), (2, 3)], [(3,), (3,)], [(), (3,)]],
    "outer": [[(2,), (3,)], [(0,), (3,)]], "ger": [[(2,), (3,)]], "kron": [[(2, 2), (2, 3)], [(2,), (3,)]],
    "matmul": PRODUCT + BATCHED + [[(3,), (3,)], [(2, 3), (3,)], [(3,), (3, 2)], [(2, 2, 3), (3,)], [(2, 1, 2, 3), (3, 3, 2)], [(3,), (2, 3, 2)]],
    "linear": [[(2, 3), (4, 3), (4,)], [(3,), (4, 3), (4,)], [(2, 2, 3), (1, 3), (1,)], [(0, 3), (4, 3), (4,)]],
    "bilinear": [[(2, 3), (2, 4), (2, 3, 4), (2,)]],
    "conv1d": [[(1, 2, 6), (3, 2, 2), (3,)], [(2, 6), (3, 2, 3), (3,)]],
    "conv2d": [[(1, 2, 4, 4), (3, 2, 2, 2), (3,)], [(2, 4, 5), (2, 2, 3, 2), (2,)]],
    "conv3d": [[(1, 1, 3, 3, 3), (2, 1, 2, 2, 2), (2,)]],
    "conv_transpose1d": [[(1, 2, 4), (2, 3, 2), (3,)]], "conv_transpose2d": [[(1, 2, 3, 3), (2, 3, 2, 2), (3,)]],
    "batch_norm": [[(2, 3, 2), (3,), (3,), (3,), (3,)], [(2, 3), (3,), (3,), (3,), (3,)]],
    "layer_norm": [[(2, 3), (3,), (3,)], [(2, 2, 3), (3,), (3,)]],
    "group_norm": [[(2, 4, 3), (4,), (4,)]], "instance_norm": [[(2, 2, 4), (2,), (2,), (2,), (2,)]],
    "embedding": [[(4, 3), (2, 2)], [(4, 3), ()], [(4, 3), (0,)]], "one_hot": [[(3,)], [(2, 2)], [(0,)], [()]],
    "nll_loss": [[(3, 4), (3,), (4,)], [(4,), (), (4,)]], "nll_loss_nd": [[(3, 4), (3,), (4,)], [(2, 3, 2), (2, 2), (3,)]],
    "cross_entropy_loss": [[(3, 4), (3,), (4,)], [(2, 3, 2), (2, 2), (3,)], [(4,), (), (4,)]],
    "cross": [[(2, 3), (2, 3)], [(3,), (3,)], [(3, 2), (3, 2)], [(2, 2), (2, 2)]], "linalg_cross": [[(2, 3), (2, 3)], [(3,), (3,)]],
    "cdist": [[(2, 3), (4, 3)], [(2, 2, 3), (2, 1, 3)]], "pdist": [[(3, 2)], [(1, 2)]],
    "pixel_shuffle": [[(1, 4, 2, 2)], [(4, 1, 3)]], "pixel_unshuffle": [[(1, 1, 4, 4)]], "channel_shuffle": [[(1, 4, 2, 2)]],
    "grid_sampler": [[(1, 2, 3, 3), (1, 2, 2, 2)]], "im2col": IMAGE, "tril": SQUARE, "triu": SQUARE, "tril_": SQUARE, "triu_": SQUARE,
    "det": SQUARE, "logdet": SQUARE, "slogdet": SQUARE, "inverse": SQUARE, "cholesky": SQUARE, "matrix_power": SQUARE, "matrix_exp": SQUARE,
    "trace": SQUARE, "bucketize": [[(2, 3), (4,)], [(), (3,)]], "searchsorted": [[(4,), (2, 3)], [(2, 4), (2, 3)], [(4,), ()]],
    "histc": [[(4,)], [(2, 3)]], "bincount": [[(4,), (4,)], [(0,), (0,)]], "masked_select": [[(2, 3), (2, 3)], [(2, 3), (3,)], [(), ()]],
    "masked_scatter": [[(2, 3), (2, 3), (6,)], [(2, 3), (3,), (6,)], [(2, 3), (2, 3), (1,)]],
    "index_select": [[(2, 3), (2,)], [(3,), ()], [(), (1,)], [(3,), (0,)], [(2, 3, 2), (2,)]],
    "index_add": [[(2, 3), (2,), (2, 3)], [(3,), (2,), (2,)], [(), (1,), ()]], "index_copy": [[(2, 3), (2,), (2, 3)], [(3,), (2,), (2,)]],
    "index_fill": [[(2, 3), (2,), ()], [(3,), (2,), ()], [(), (1,), ()]], "index_reduce": [[(2, 3), (2,), (2, 3)]],
    "gather": [[(2, 3), (2, 3)], [(3,), (5,)], [(2, 3), (1, 2)], [(), ()], [(2, 3), (0, 3)], [(2, 3), (3,)]],
    "scatter": [[(2, 3), (2, 3), (2, 3)], [(3,), (2,), (2,)], [(2, 3), (1, 2), (2, 3)], [(), (), ()], [(2, 3), (3,), (3,)]],
    "take_along_dim": [[(2, 3), (2, 3)], [(3,), (2,)]], "take": [[(2, 3), (4,)], [(3,), (2, 2)], [(), ()]], "put": [[(2, 3), (2,), (2,)]],
    "multi_head_attention": [], "where": [[(2, 3), (2, 3), (2, 3)], [(3,), (2, 3), ()], [(2, 1), (3,), (1, 3)], [(), (), ()], [(0,), (1,), (1,)]],
}
for _n in ("scatter_add", "scatter_reduce"): TEMPLATES[_n] = TEMPLATES["scatter"]
for _n in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy_with_logits", "binary_cross_entropy",
           "kl_div", "soft_margin_loss", "hinge_embedding_loss", "poisson_nll_loss"): TEMPLATES[_n] = LOSS
for _p in ("max_pool", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool"):
    TEMPLATES[_p + "1d"], TEMPLATES[_p + "2d"], TEMPLATES[_p + "3d"] = SIGNAL, IMAGE, VOLUME
for _m in ("nearest", "linear", "bilinear", "bicubic", "trilinear"):
    for _d, _s in (("1d", SIGNAL), ("2d", IMAGE), ("3d", VOLUME), ("", IMAGE)):
        TEMPLATES["upsample_%s%s" % (_m, _d)] = SIGNAL if _m == "linear" else VOLUME if _m == "trilinear" else _s
for _m in ("reflection", "replication"):
    for _d, _s in (("1d", SIGNAL), ("2d", IMAGE), ("3d", VOLUME)): TEMPLATES["%s_pad%s" % (_m, _d)] = _s
FLOAT_FIRST = set(n for n in TEMPLATES if re.match(r"conv|batch_norm|layer_norm|group_norm|instance|.*_loss|linear|bilinear|max_pool|avg|"
                  r"adaptive|upsample|grid|cdist|pdist|inverse|cholesky|det|slogdet|logdet|matrix_exp|binary|kl_div", n))
INDEX_NAMES = ("index", "indices", "sorted_sequence_ids")
INTS = {"kernel_size": [2, 1, 3], "stride": [1, 2], "padding": [0, 1], "dilation": [1, 2], "output_padding": [0], "groups": [1],
        "num_groups": [2, 4], "num_classes": [-1, 4, 5], "upscale_factor": [2], "downscale_factor": [2], "bins": [4, 3],
        "dim": [-1, 0, 1, -2, 2, 3, -4], "dim0": [-1, 0, 1, 3], "dim1": [-1, 0, 1, -2], "dim2": [-1, 0, 1], "start_dim": [0, 1, -1],
        "end_dim": [-1, 1, 0], "axis": [-1, 0, 1, 3], "k": [1, 2, 0, 5], "n": [2, 0, 3, -1], "chunks": [2, 1, 3, 0], "sections": [2, 3],
        "split_size": [1, 2, 0], "diagonal": [0, 1, -1, 3], "offset": [0, 1, -1], "step": [1, 2, -1], "size": [2, 1], "start": [0, 1, -1, 2],
        "length": [1, 2, 0], "end": [2, -1, 9], "decimals": [0, 1, 2, -1], "ignore_index": [-100, 1], "padding_idx": [-1, 0, 1],
        "minlength": [0, 6], "dimension": [0, -1, 1]}
LISTS = {"dim": [[0], [1], [-1], [0, 1], [0, -1], [], [3], [0, 0]], "dims": [[0], [1, 0], [-1], [0, 1], [0, 0], [2, 0, 1]],
         "size": [[6], [2, 3], [3, 2], [-1], [1, -1], [2, -1], [3], [4, 2, 3], []], "shape": [[6], [-1], [3, 2], [2, 3]],
         "kernel_size": [[2], [1], [2, 2], [3]], "stride": [[1], [2], []], "padding": [[0], [1]], "dilation": [[1], [2]], "output_padding": [[0]],
         "output_size": [[2], [1], [2, 2], [3, 3], [2, 2, 2]], "pad": [[1, 1], [1, 0, 0, 1], [-1, 1], [0, 0, 1, 1]], "repeats": [[2], [2, 1], [1, 2, 2], [0, 1]],
         "shifts": [[1], [-1], [1, 2], [5]], "sizes": [[2], [1, 3], [-1, 1]], "split_sizes": [[1, 1], [1, 2], [2, 1], [3]], "indices": [[1], [1, 2], [0]],
         "normalized_shape": [[3], [2, 3], [2]], "source": [[0], [1], [0, 1]], "destination": [[1], [0], [-1], [1, 0]], "ord": [[0, 1]], "padding_": [[1, 1]]}
STRINGS = {"rounding_mode": ["trunc", "floor", "up"], "reduce": ["sum", "prod", "mean", "amax", "amin", "add", "multiply"], "indexing": ["ij", "xy"],
           "side": ["left", "right"], "interpolation": ["linear", "nearest", "midpoint"], "approximate": ["none", "tanh"], "mode": ["constant", "reflect"],
           "padding": ["same", "valid"], "ord": ["fro"], "UPLO": ["L", "U"]}


def number(rng, dtype, special):
    if dtype == "bool":
        return repr(rng.random() < 0.5)
    if dtype == "uint8":
        return repr(rng.choice([0, 1, 2, 3, 7, 200]))
    if dtype.startswith("int"):
        return repr(rng.choice([-3, -2, -1, 0, 1, 2, 3, 5]))
    if special and rng.random() < 0.3:
        x = rng.choice(SPECIAL)
        return repr(x) if math.isfinite(x) else "float('%s')" % x
    if dtype == "complex64":
        return "complex(%s, %s)" % (round(rng.uniform(-2, 2), 2), round(rng.uniform(-2, 2), 2))
    return repr(round(rng.uniform(-3, 3), 2))


def literal(rng, shape, dtype, special, draw=None):
    count = math.prod(shape)
    if count == 0:
        return "torch.zeros(%s, dtype=torch.%s)" % (list(shape), dtype)
    draw = draw or (lambda: number(rng, dtype, special))

    def nest(s):
        return draw() if not s else "[" + ", ".join(nest(s[1:]) for _ in range(s[0])) + "]"
    plain = dtype in ("float32", "bool") or dtype == "int64"
    return "torch.tensor(%s%s)" % (nest(tuple(shape)), "" if plain else ", dtype=torch.%s" % dtype)


def broadcast_of(rng, shape):
    shape = list(shape[rng.randrange(len(shape) + 1):]) if rng.random() < 0.4 else list(shape)
    return tuple(1 if rng.random() < 0.2 else d for d in shape)


class Case:
    """One call: the parameters of the function, the expressions of its tensors, the arguments' text."""

    def __init__(self, rng, name, schema):
        self.rng, self.name, self.schema = rng, name, schema
        self.base = name.rstrip("_") if not name.startswith("_") else name
        self.params, self.values, self.prepare, self.texts, self.keywords = [], [], [], [], []
        shapes = TEMPLATES.get(name, TEMPLATES.get(self.base, TEMPLATES.get(re.sub(r"^linalg_|_nd$|_with_indices$|_vec$", "", self.base))))
        self.template = rng.choice(shapes) if shapes else None
        self.dtype = "float32" if self.base in FLOAT_FIRST and rng.random() < 0.85 else rng.choice(DTYPES)
        self.special = rng.random() < 0.15
        self.count = 0
        self.shape = rng.choice(SHAPES)
        self.broken = False

    def tensor(self, arg_name, layouts=True):
        rng, at = self.rng, self.count
        self.count += 1
        if self.template is not None and at < len(self.template):
            shape = self.template[at]
        elif at == 0:
            shape = self.shape
        else:
            shape = broadcast_of(rng, self.shape) if rng.random() < 0.85 else rng.choice(SHAPES)
        dtype = self.dtype if at == 0 or rng.random() < 0.65 else rng.choice(DTYPES)
        draw = None
        if arg_name in INDEX_NAMES or (arg_name in ("target",) and self.base in ("nll_loss", "nll_loss_nd", "cross_entropy_loss")) or \
                self.base in ("one_hot", "bincount") and at == 0:
            dtype, draw = "int64" if rng.random() < 0.95 else "int32", lambda: repr(rng.choice([0, 1] if rng.random() < 0.9 else [2, -1]))
        elif arg_name in ("mask", "condition"):
            dtype = "bool" if rng.random() < 0.9 else "uint8"
        elif arg_name in ("running_var", "boundaries", "sorted_sequence"):
            ladder = iter(range(1, 99))
            dtype, draw = "float32", lambda: repr(next(ladder) * 0.5)
        elif self.base in FLOAT_FIRST and dtype != self.dtype and rng.random() < 0.8:
            dtype = self.dtype
        p = "abcdefgh"[len(self.params)]
        self.params.append("%s: Tensor" % p)
        self.values.append(literal(rng, shape, dtype, self.special, draw))
        layout = rng.choice(LAYOUTS) if layouts and (self.template is None or rng.random() < 0.3) else "{}"
        if self.template is not None and layout != "{}":
            layout = rng.choice(["{}.contiguous().transpose(0, -1).contiguous().transpose(0, -1)", "{}.unsqueeze(-1).repeat_interleave(2, -1)[..., 0]"]) \
                if len(shape) > 0 else "{}"
        if layout == "{}":
            return p
        self.prepare.append("%sv = %s" % (p, layout.format(p, p)))
        return p + "v"

    def value(self, arg):
        rng, t, name = self.rng, str(arg.type), arg.name
        if t.startswith("Optional["):
            if rng.random() < 0.3:
                return "None"
            t = t[9:-1]
        if t == "Tensor":
            return self.tensor(name)
        if t == "List[Tensor]" or t == "List[Optional[Tensor]]":
            if name == "indices":
                self.count += 1
                return "[%s]" % ", ".join(self.tensor("index") for _ in range(rng.choice([1, 1, 2])))
            return "[%s]" % ", ".join(self.tensor(name) for _ in range(rng.choice([1, 2, 2, 3])))
        if name == "dtype" and t == "int":
            return "torch." + rng.choice(["float64", "float32", "int64", "bool", "float16", "complex64", "int32"])
        if name == "memory_format":
            return rng.choice(["torch.contiguous_format", "torch.preserve_format"])
        if name == "reduction" and t == "int":
            return rng.choice(["0", "1", "2"])
        if t == "int":
            return repr(rng.choice(INTS.get(name, [1, 2, 0, 3, -1])))
        if t == "bool":
            return rng.choice(["True", "False"])
        if t == "float":
            return repr(rng.choice([0.5, 1.0, 2.0, 0.0, 1e-5, -1.0, 3.0]))
        if t == "number":
            return rng.choice(["2", "-1", "0.5", "0", "1", "3", "2.5", "-0.5", "True"])
        if t == "List[int]":
            return repr(rng.choice(LISTS.get(name, LISTS["size"])))
        if t == "List[float]":
            return repr(rng.choice([[1.0], [0.5, 2.0], [2.0, 2.0]]))
        if t == "str":
            if name in STRINGS:
                return repr(rng.choice(STRINGS[name]))
        self.broken = True
        return "None"

    def build(self, label):
        rng, out = self.rng, None
        skip_rest = False
        for i, arg in enumerate(self.schema.arguments):
            if arg.name in ("layout", "device", "pin_memory", "generator", "names"):
                continue
            if arg.is_out:
                if str(arg.type) != "Tensor":
                    self.broken = True
                out = arg.name if out is None else self.fail()
                continue
            if arg.has_default_value() and rng.random() < 0.5:
                skip_rest = True
                continue
            text = self.value(arg)
            if arg.kwarg_only or skip_rest or rng.random() < 0.1 and i > 0:
                skip_rest = True
                self.keywords.append("%s=%s" % (arg.name, text))
            else:
                self.texts.append(text)
        if self.broken or not self.params or len(self.params) > 8:
            return None
        return self.text(label, out)

    def fail(self):
        self.broken = True

    def callee(self):
        """The way programs call it: torch.NAME or NAME of torch.nn.functional, a method, else through torch.ops."""
        import torch
        fft, special, linalg = re.match(r"(fft|special|linalg)_(\w+)$", self.name), None, None
        first = self.schema.arguments[0]
        method = self.texts and first.name == "self" and str(first.type) == "Tensor" and hasattr(torch.Tensor, self.name)
        if self.name.endswith("_") and method or method and self.rng.random() < 0.4 or method and not hasattr(torch, self.name):
            return "%s.%s(%s)" % (self.texts[0], self.name, ", ".join(self.texts[1:] + self.keywords))
        args = ", ".join(self.texts + self.keywords)
        if fft:
            return "torch.%s.%s(%s)" % (fft.group(1), fft.group(2), args)
        if type(getattr(torch, self.name, None)).__name__ in ("builtin_function_or_method", "function"):
            return "torch.%s(%s)" % (self.name, args)
        return "torch.ops.aten.%s(%s)" % (self.name, args)

    def text(self, label, out):
        body, rng = list(self.prepare), self.rng
        returns = self.schema.returns
        if out is not None:
            kind = "torch." + (self.dtype if rng.random() < 0.8 else rng.choice(["float32", "int64", "float64"]))
            body.append("o = torch.zeros(%s, dtype=%s)" % (rng.choice(["[0]", "[0]", "[2, 3]"]), kind))
            self.keywords.append("%s=o" % out)
        call = self.callee()
        tensors = [str(r.type) == "Tensor" for r in returns]
        if not returns:
            body += [call, "return a"]
            kind = "Tensor"
        elif out is not None:
            body += ["r = " + call, "return r, o"]
            kind = "Tuple[Tensor, Tensor]"
        elif self.name.endswith("_") and len(returns) == 1 and tensors[0]:
            body += ["r = " + call, "return r, a"]
            kind = "Tuple[Tensor, Tensor]"
        elif len(returns) == 1 and tensors[0]:
            if rng.random() < 0.5:
                body += ["r = " + call, "return r, r.stride()"]
                kind = "Tuple[Tensor, List[int]]"
            else:
                body += ["return " + call]
                kind = "Tensor"
        else:
            names = [str(r.type).replace("number", "float") for r in returns]
            body += ["return " + call]
            kind = names[0] if len(names) == 1 else "Tuple[%s]" % ", ".join(names)
        source = "def %s(%s) -> %s:\n    %s\n" % (label, ", ".join(self.params), kind, "\n    ".join(body))
        return source, "%s(%s)" % (label, ", ".join(self.values))


# ---------------------------------------------------------------- PyTorch's answers
def conformance():
    for path in (os.environ.get("TJS_CONFORMANCE", ""), "conformance/conformance.py"):
        if path and os.path.exists(path):
            spec = importlib.util.spec_from_file_location("conformance", path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    sys.exit("set TJS_CONFORMANCE to the path of conformance.py")


def compiled(source, label):
    import torch
    path = "<sample %s>" % label
    module = types.ModuleType("sample_" + label)
    module.__file__ = path
    linecache.cache[path] = (len(source), None, source.splitlines(True), path)
    sys.modules[module.__name__] = module
    exec("import torch\nfrom torch import Tensor\nfrom typing import List, Dict, Tuple, Optional\n", module.__dict__)
    exec(compile(source, path, "exec"), module.__dict__)
    module.__dict__[label] = torch.jit.script(module.__dict__[label])
    return module.__dict__


def answered(conf, source, call, label, tell=lambda why: None):
    """The lines of the case with PyTorch's answer, or None where PyTorch refuses to compile it, after telling why."""
    try:
        ns = compiled(source, label)
    except Exception as e:
        tell(str(e))
        return None
    import torch
    torch.manual_seed(0)
    kind, v = conf.oracle(ns, call)
    if kind == "raise":
        plain = v.replace("RuntimeError: ", "").replace("IndexError: ", "").strip()
        plain = plain if re.fullmatch(r"[ -~]{8,200}", plain) and "INTERNAL ASSERT" not in plain and "Exception raised" not in plain else ""
        return "#! " + plain
    try:
        want = conf.expr(v)
    except (TypeError, ValueError):
        return None
    return "#= " + want if len(want) < 3000 else None


def write(options):
    import torch, warnings
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    conf = conformance()
    names = collections.OrderedDict()
    for line in sys.stdin:
        m = re.match(r"aten::(\w+)(?:\.(\w+))?\((.*)", line)
        if m and "Tensor" in m.group(3) and (options.all or not SKIP.match(m.group(1))) and re.search(options.only, m.group(1)):
            names.setdefault(m.group(1), set()).add(m.group(2) or "")
    os.makedirs(options.out, exist_ok=True)
    for name, overloads in names.items():
        child = os.fork()  # some calls end PyTorch's process
        if child == 0:
            write_operator(options, conf, name, overloads)
            sys.stdout.flush()
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            print("aten::%s: PyTorch's process ended" % name)
    return 0


def write_operator(options, conf, name, overloads):
    import torch
    with open(os.path.join(options.out, name + ".tjs"), "w") as f:
        n = 0
        for schema in torch._C._jit_get_schemas_for_operator("aten::" + name):
            if schema.overload_name not in overloads or not any("Tensor" in str(a.type) for a in schema.arguments):
                continue
            raises = 0
            for k in range(options.per_schema):
                rng = random.Random("%s %s.%s %d" % (options.seed, name, schema.overload_name, k))
                label = "f%d" % n
                made = Case(rng, name, schema).build(label)
                answer = made and answered(conf, made[0], made[1], label)
                if not answer or answer.startswith("#!") and raises > options.per_schema * 0.4:
                    continue
                raises += answer.startswith("#!")
                f.write("%s#> %s\n%s\n\n" % (made[0], made[1], answer))
                f.flush()
                n += 1


def record(options):
    """Each block of a file is functions and lines `#> call`; a call's answer follows it."""
    import torch
    try:
        import torchvision  # registers its operators
    except ImportError:
        pass
    conf = conformance()
    for path in options.files:
        blocks, source = [], ""
        for block in re.split(r"\n\n+", open(path).read().strip("\n")):
            held = dict(re.findall(r"^(#> .*)\n#!(.*)$", block, re.M))
            lines = [l for l in block.split("\n") if not l.startswith(("#=", "#!"))]
            source += "\n".join(l for l in lines if not l.startswith("#")) + "\n"
            names, out = re.findall(r"^def (\w+)", source, re.M), []
            for line in lines:
                out.append(line)
                if line.startswith("#> "):
                    answer = answered(conf, source, line[3:], names[-1], print)
                    if answer is None:
                        print("%s: PyTorch does not take %s" % (path, line))
                    if line in held and (answer or "").startswith("#!") and held[line].strip() in answer:
                        answer = ("#!" + held[line]).rstrip()
                    out.append(answer or "#= None")
            blocks.append("\n".join(out))
        with open(path, "w") as f:
            f.write("\n\n".join(blocks) + "\n")
    return 0


def error_calls():
    """What PyTorch's own tests of its operators expect to raise: (operator, call with its tensors as parameters, tensors)."""
    import unittest
    stub = types.ModuleType("expecttest")  # imported by those tests, not needed here
    stub.TestCase, stub.ACCEPT = unittest.TestCase, True
    sys.modules.setdefault("expecttest", stub)
    from torch.testing._internal.common_methods_invocations import op_db
    import torch
    for op in op_db:
        for error in (op.error_inputs("cpu") if op.error_inputs_func else []):
            sample, tensors = error.sample_input, []

            def text(v):
                if isinstance(v, torch.Tensor):
                    tensors.append(v)
                    return "abcdefgh"[len(tensors) - 1]
                if isinstance(v, (list, tuple)):
                    inner = ", ".join(text(e) for e in v)
                    return "[%s]" % inner if isinstance(v, list) or len(v) != 1 else "(%s,)" % inner
                if v is not None and not isinstance(v, (bool, int, float, str, torch.dtype)):
                    raise TypeError(type(v).__name__)
                return repr(v)
            try:
                args = [text(v) for v in (sample.input,) + tuple(sample.args)]
                args += ["%s=%s" % (k, text(v)) for k, v in sample.kwargs.items()]
            except (TypeError, IndexError):
                continue
            yield op.name, "torch.%s(%s)" % (op.name, ", ".join(args)), tensors


def errors(options):
    """Writes FILE: calls that PyTorch's own tests expect to raise, with what PyTorch says."""
    conf, seen = conformance(), collections.Counter()
    with open(options.file, "w") as f:
        f.write("# Calls that PyTorch's tests expect to raise, with its messages; written by sample.py.\n")
        for name, call, tensors in error_calls():
            label = "f%d" % sum(seen.values())
            source = "def %s(%s):\n    return %s\n" % (label, ", ".join("%s: Tensor" % "abcdefgh"[i] for i in range(len(tensors))), call)
            try:
                values = ", ".join(conf.expr(t) for t in tensors)
            except (TypeError, ValueError, NotImplementedError, RuntimeError):  # sparse or meta tensors
                continue
            answer = answered(conf, source, "%s(%s)" % (label, values), label) if len(values) < 900 else None
            if answer and answer.startswith("#!") and seen[name] < options.keep:
                seen[name] += 1
                f.write("\n%s#> %s(%s)\n%s\n" % (source, label, values, answer.rstrip()))


# ---------------------------------------------------------------- tjs's answers
def split(path):
    """The cases of a file: texts that start with the function and end with the answer."""
    return [c for c in re.split(r"\n\n(?=def )", open(path).read().rstrip("\n")) if c.startswith("def ")]


def judge(tjs, path, cases):
    """-> the outcome of each case: '' where it passes, else what tjs printed."""
    outcome, left = [None] * len(cases), list(range(len(cases)))
    scratch = "%s.%d.part.tjs" % (path, os.getpid())
    while left:
        starts, at = [], 1
        for i in left:
            starts.append(at)
            at += cases[i].count("\n") + 2
        with open(scratch, "w") as f:
            f.write("\n\n".join(cases[i] for i in left) + "\n")
        p = subprocess.run([tjs, "test", scratch], capture_output=True, text=True, errors="replace", timeout=120)

        def owner(line):
            return left[max(k for k in range(len(starts)) if starts[k] <= line)]
        text = p.stdout + p.stderr
        if p.returncode not in (0, 1):
            if len(left) == 1:
                outcome[left[0]] = "CRASH %d: %s" % (p.returncode, text[-1500:])
                break
            for i in left:
                outcome[i] = judge(tjs, path, [cases[i]])[0]
            break
        refused = {}
        for m in re.finditer(r"\.tjs:(\d+):\d+: error: (.*)", text):
            refused.setdefault(owner(int(m.group(1))), "REFUSED: " + m.group(2))
        if refused:
            for i, why in refused.items():
                outcome[i] = why
            left = [i for i in left if i not in refused]
            continue
        for i in left:
            outcome[i] = ""
        for m in re.finditer(r"\.tjs:(\d+): failed: .*\n((?:    .*\n?)*)", p.stdout):
            outcome[owner(int(m.group(1)))] = m.group(2).strip() or "failed"
        if not re.search(r"^\d+ passed, \d+ failed$", p.stdout, re.M):
            for i in left:
                outcome[i] = "CRASH: " + text[-1500:]
        break
    if os.path.exists(scratch):
        os.unlink(scratch)
    return outcome


def hold(options):
    passed = failed = 0
    for path in options.files:
        cases = split(path)
        for case, what in zip(cases, judge(options.tjs, path, cases)):
            passed, failed = passed + (not what), failed + bool(what)
            if what:
                print("== %s\n%s\n   --> %s" % (os.path.basename(path), case, what))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


# What these give is partly memory that nobody wrote.
UNWRITTEN = re.compile(r"(empty|new_empty|resize|set_?$|_stack$)")


def spread(cases, n):
    """n of the cases, from the first to the last: those of one overload stand together."""
    return cases if len(cases) <= n else [cases[i * (len(cases) - 1) // max(n - 1, 1)] for i in range(n)]


def held_raise(case, what):
    """A case that raises, here and there; where the words differ, which is the rule for wrong arguments, it says so only."""
    if "\n#! " in case and not what and not case.endswith("#! "):
        return case
    return re.sub(r"\n#! .*$", "\n#!", case) if "\n#! " in case and (not what or what.startswith("raised:")) else None


def select(options):
    os.makedirs(options.out, exist_ok=True)
    groups = collections.OrderedDict()
    for path in sorted(options.files):
        name = os.path.basename(path)[:-4]
        cases = split(path)
        judged = [(c, what) for c, what in zip(cases, judge(options.tjs, path, cases)) if len(c) < 900]
        values = [c for c, what in judged if not what and "\n#= " in c and not UNWRITTEN.match(name)]
        raises = [r for r in (held_raise(c, what) for c, what in judged) if r]
        chosen = spread(values, options.keep - 1) + spread(raises, max(1, options.keep // 4))
        groups.setdefault(name.lstrip("_")[0].lower(), []).extend(chosen)
    for letter, cases in groups.items():
        for k in range(0, len(cases), 150):
            with open(os.path.join(options.out, "%s_%s%d.tjs" % (options.prefix, letter, k // 150 + 1)), "w") as f:
                f.write("# Sampled calls of operators with PyTorch's answers; written by sample.py.\n\n")
                f.write("\n\n".join(re.sub(r"\bf\d+\(", "f%d(" % i, c) for i, c in enumerate(cases[k:k + 150])) + "\n")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sub = p.add_subparsers(dest="mode", required=True)
    w = sub.add_parser("write")
    w.add_argument("out"); w.add_argument("--per-schema", type=int, default=12); w.add_argument("--seed", default="1")
    w.add_argument("--only", default="")
    w.add_argument("--all", action="store_true", help="also operators whose results are not quite determined")
    h = sub.add_parser("hold")
    h.add_argument("tjs"); h.add_argument("files", nargs="+")
    s = sub.add_parser("select")
    s.add_argument("out"); s.add_argument("--keep", type=int, default=4); s.add_argument("--tjs")
    s.add_argument("--prefix", default="sampled"); s.add_argument("files", nargs="+")
    e = sub.add_parser("errors")
    e.add_argument("file"); e.add_argument("--keep", type=int, default=4)
    r = sub.add_parser("record")
    r.add_argument("files", nargs="+")
    options = p.parse_args()
    return {"write": write, "hold": hold, "select": select, "errors": errors, "record": record}[options.mode](options)


if __name__ == "__main__":
    sys.exit(main())
