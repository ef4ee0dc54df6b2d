/* tools/tjs/main.c: the command `tjs`: one table of commands. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <stdio.h>
#include <string.h>

const tool_command tool_commands[] = {
    { "check", "FILE…", "type check sources; report every error", cmd_check },
    { "run", "FILE [--call EXPR]", "run a call of a source (default: main()) or of an archive", cmd_run },
    { "graph", "FILE [FUNCTION]", "show a stage: tokens, ast, typed, emitted, inlined, optimized, bytecode", cmd_graph },
    { "compile", "FILE -o OUT.pt", "save a function, or an archive again, as PyTorch's torch.jit.save does", cmd_compile },
    { "test", "FILE…", "run the `#>` / `#=` / `#!` cases in sources", cmd_test },
    { "ops", "[NAME]", "operators: signatures and what runs them", cmd_ops },
    { "bench", "run|compile|load FILE", "time a call, compiling a source, or loading an archive", cmd_bench },
    { "inspect", "MODEL.pt", "table of contents of an archive: modules, methods, operators, records", cmd_inspect },
    { "verify", "FILE --args A --expect B", "compare the result of a call with a recorded one", cmd_verify },
    { "help", "[COMMAND]", "this text, or the options of a command", cmd_help },
    { 0 },
};

static void print_commands(FILE *to)
{
    fprintf(to, "usage: tjs COMMAND …\n\n");
    for (const tool_command *c = tool_commands; c->name; c++) {
        fprintf(to, "  %-7s ", c->name);
        tool_column(to, c->arguments, 20);
        fprintf(to, " %s\n", c->summary);
    }
    fprintf(to, "\n`tjs COMMAND --help` lists the options of a command; FILE may be `-`, standard input. Exit codes:\n"
                "0 fine; 1 the answer is no (type errors, a failed case); 2 it could not be done.\n");
}

int cmd_help(int argc, char **argv)
{
    const tool_command *c = argc > 1 ? tool_find_command(argv[1]) : NULL;
    if (argc > 1 && !c) {
        fprintf(stderr, "tjs: no command '%s'\n", argv[1]);
        return EXIT_TROUBLE;
    }
    if (!c || c->run == cmd_help) {
        print_commands(stdout);
        return EXIT_FINE;
    }
    char *args[] = { argv[1], (char[]){ "--help" }, NULL };
    return c->run(2, args);
}

const tool_command *tool_find_command(const char *name)
{
    for (const tool_command *c = tool_commands; c->name; c++)
        if (!strcmp(c->name, name))
            return c;
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_commands(stderr);
        return EXIT_TROUBLE;
    }
    if (!strcmp(argv[1], "--version")) {
        printf("tjs %s\n", jit_version());
        return EXIT_FINE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        print_commands(stdout);
        return EXIT_FINE;
    }
    const tool_command *c = tool_find_command(argv[1]);
    if (!c) {
        fprintf(stderr, "tjs: no command '%s'; `tjs help` lists them\n", argv[1]);
        return EXIT_TROUBLE;
    }
    int code = c->run(argc - 1, argv + 1);
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "tjs: cannot write the output\n");
        return EXIT_TROUBLE;
    }
    return code;
}
