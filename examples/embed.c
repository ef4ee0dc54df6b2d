/* examples/embed.c: TorchScript inside a C program, in five calls: compile, get the function, make a tensor,
 * call, print. Build it against the installed library with
 *     cc embed.c $(pkg-config --cflags --libs tjs) -o embed */
/* SPDX-License-Identifier: Apache-2.0 */
#include <jit.h>

#include <stdio.h>

static const char source[] = "def scale(x: Tensor, by: float = 2.0) -> Tensor:\n"
                             "    return torch.relu(x) * by\n";

int main(void)
{
    jit_error err = JIT_ERROR_INIT;
    jit_module *module = NULL;
    jit_function *scale = NULL;
    jit_any *y = NULL;

    jit_any *x = jit_tensor(JIT_FLOAT32, (int64_t[]){ 3 }, 1, (float[]){ -1, 0.5f, 2 });
    if (jit_compile(source, (size_t)-1, NULL, &module, &err) == JIT_OK
        && jit_module_function(module, "scale", &scale, &err) == JIT_OK
        && jit_call(scale, &x, 1, NULL, &y, &err) == JIT_OK) {
        char *text = jit_to_string(y);
        puts(text ? text : "out of memory");
        jit_free(text);
    } else {
        fprintf(stderr, "%s\n", err.details ? err.details : err.message);
    }

    jit_status status = err.status;
    jit_unref(x);
    jit_unref(y);
    jit_function_unref(scale);
    jit_module_unref(module);
    jit_error_fini(&err);
    return status == JIT_OK ? 0 : 1;
}
