/* tests/memory/test_memory.c: every allocation of a compile and a call refused in turn, from the n-th on.
 *
 * Whatever fails: no crash, no leak (the leak checker sees to it), an error that says so, outputs untouched; and
 * the same work succeeds afterwards. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "jit_debug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct sample { const char *name, *source, *call; } sample;

static const sample samples[] = {
    { "scalars", "def f(x: int):\n    y = 0\n    for i in range(x):\n        if i == 3:\n            continue\n"
                 "        y += i\n    return y\n", "f(5)" },
    { "tensors", "def f(x: Tensor):\n    y = torch.relu(x) + 1\n    y[0] = 5.0\n    return y.sum(), y.shape\n",
      "f(torch.ones(3))" },
    { "containers", "def f(x: List[int]):\n    d = {str(i): [i] for i in x}\n    d['k'] = x[1:]\n    print(d)\n    return d, sorted(x)\n",
      "f([3, 1, 2])" },
    { "classes", "class C:\n    def __init__(self, n: int):\n        self.n = n\n    def get(self):\n        return self.n\n"
                 "class P(NamedTuple):\n    a: int\n    b: str = 'x'\n\ndef f(x: int):\n    return P(C(x).get())\n", "f(1)" },
    { "strings", "def f(s: str):\n    return s.split('b'), f'{s}!', s.upper() + '%d' % 5\n", "f('abc')" },
    { "raises", "def g(x: List[int]):\n    return x[5]\ndef f(x: int):\n    return g([x])\n", "f(1)" },
    { "constants", "def g(x: Tensor):\n    return x\ndef f(x: Tensor, s: str = 'é'):\n    if x.sum() > 1:\n        y = F.relu(g(x))\n"
                   "    else:\n        y = torch.add(x, 1.5, alpha=2)\n    while len(s) > 2:\n        s = s[1:]\n    return y, s\n",
      "f(torch.ones(3))" },
    { "refused", "def f(x: int):\n    yy = x\n    return yyy + x.foo\n", "f(1)" },
    { "syntax", "def f(x: int:\n    return (\n", "f(1)" },
};

static void swallow(void *ctx, const char *s, size_t n)
{
    (void)ctx, (void)s, (void)n;
}

/* Save the function that is called. */
static jit_status serialize(jit_module *m, bool *ret_is_touched, jit_error *err)
{
    jit_save_options opts = JIT_SAVE_OPTIONS_INIT;
    char *untouched = (char *)err, *bytes = untouched;
    size_t n;
    opts.function = "f";
    jit_status status = jit_serialize(m, &opts, &bytes, &n, err);
    *ret_is_touched |= status && bytes != untouched;
    if (!status)
        jit_free(bytes);
    return status;
}

/* Compile, save, call. The first failure ends it. */
static jit_status work(const sample *s, bool *ret_is_touched)
{
    jit_error err = JIT_ERROR_INIT;
    jit_module *untouched = (jit_module *)&err, *m = untouched;
    jit_status status = jit_compile(s->source, strlen(s->source), NULL, &m, &err);
    *ret_is_touched = status && m != untouched;
    if (status) {
        jit_error_fini(&err);
        return status;
    }
    jit_call_options opts = JIT_CALL_OPTIONS_INIT;
    opts.print = swallow;
    jit_any *nothing = (jit_any *)&err, *value = nothing;
    status = serialize(m, ret_is_touched, &err);
    status = status ? status : jit_evaluate(m, s->call, &opts, &value, &err);
    *ret_is_touched |= status && value != nothing;
    if (!status) {
        jit_free(jit_to_string(value));
        jit_free(jit_to_json(value));
        jit_unref(value);
    }
    jit_error_fini(&err);
    jit_module_unref(m);
    return status;
}

/* true: every refusal was told as one. */
static bool refuse_each(const sample *s)
{
    bool touched, seen = true, good = true;
    jit_status without = work(s, &touched); // also fills what is made once per process
    for (int64_t n = 0; seen && n < 200000; n++) {
        mem_fail_after(n);
        jit_status status = work(s, &touched);
        seen = mem_fail_seen();
        mem_fail_after(-1);
        if (touched || (seen && status != JIT_ENOMEM && status != without)) {
            printf("%s: allocation %lld refused: %s%s\n", s->name, (long long)n, jit_status_name(status),
                   touched ? ", an output was written" : "");
            good = false;
        }
    }
    return good && work(s, &touched) == without;
}

int main(void)
{
    int passed = 0, failed = 0;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        if (refuse_each(&samples[i]))
            passed++;
        else
            failed++;
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
