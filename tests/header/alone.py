#!/usr/bin/env python3
"""jit.h compiles alone, with every warning, as C and as C++, and using it does too. Usage: alone.py INCLUDE_DIR"""
import shutil, subprocess, sys

PROGRAM = """#include "jit.h"
#include "jit.h"
int use(void);
int use(void)
{
    jit_error err = JIT_ERROR_INIT;
    jit_limits limits = JIT_LIMITS_INIT;
    jit_call_options call = JIT_CALL_OPTIONS_INIT;
    jit_compile_options compile = JIT_COMPILE_OPTIONS_INIT;
    jit_module *m;
    call.limits = &limits;
    if (jit_compile("", 0, &compile, &m, &err) != JIT_OK)
        jit_error_fini(&err);
    return call.size == sizeof call;
}
"""
WAYS = [(c, "c", std) for c in ("gcc", "clang") for std in ("c11", "c17")]
WAYS += [(c, "c++", std) for c in ("g++", "clang++") for std in ("c++11", "c++17")]


def main(include):
    passed = failed = 0
    for compiler, language, std in WAYS:
        if not shutil.which(compiler):
            print("skipped: no %s" % compiler)
            continue
        flags = ["-Wall", "-Wextra", "-Wshadow", "-pedantic", "-Werror", "-fsyntax-only"]
        if language == "c":
            flags += ["-Wstrict-prototypes", "-Wmissing-prototypes"]
        r = subprocess.run([compiler, "-x", language, "-std=" + std, *flags, "-I", include, "-"], input=PROGRAM,
                           capture_output=True, text=True)
        if r.returncode:
            failed += 1
            print("%s -std=%s:\n%s" % (compiler, std, r.stderr))
        else:
            passed += 1
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
