/* tools/tjs/cmd_ops.c: `tjs ops [NAME]`. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tjs/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The share of a list of operators (`models programs name` lines, as in the priority table) that has kernels. */
static int coverage(const char *path, bool as_json)
{
    char *text;
    size_t n, known = 0, implemented = 0;
    double weight = 0, covered = 0;
    if (!tool_read_file(path, &text, &n))
        return EXIT_TROUBLE;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        long models, programs;
        char name[160];
        bool is_known;
        if (sscanf(line, " %ld %ld %159s", &models, &programs, name) != 3 || !strstr(name, "::"))
            continue;
        bool has = jit_debug_op_is_implemented(name, &is_known);
        known++;
        implemented += has;
        weight += 20.0 * (double)models + (double)programs;
        covered += has ? 20.0 * (double)models + (double)programs : 0;
    }
    free(text);
    const double share = weight ? covered / weight : 0.0;
    if (as_json)
        printf("{\"implemented\": %zu, \"known\": %zu, \"share\": %.4f}\n", implemented, known, share);
    else
        printf("%zu of %zu operators, %.1f %% by weight\n", implemented, known, 100 * share);
    return EXIT_FINE;
}

int cmd_ops(int argc, char **argv)
{
    const tool_command *self = tool_find_command("ops");
    bool show_coverage = false, only_implemented = false, as_json = false;
    const char *list = NULL;
    tool_strings names = { 0 };
    const tool_option options[] = {
        { "coverage", NULL, "how many operators have kernels", OPT_FLAG, &show_coverage },
        { "list", "FILE", "with --coverage: of the operators in this priority table", OPT_STRING, &list },
        { "implemented", NULL, "only those that run", OPT_FLAG, &only_implemented },
        { "json", NULL, "a line of JSON each", OPT_FLAG, &as_json },
        { 0 },
    };
    int code = tool_parse(self, argc, argv, options, &names);
    if (code < 0 && names.n > 1)
        code = tool_usage(self, "one name at a time");
    if (code < 0 && show_coverage && list) {
        code = coverage(list, as_json);
    } else if (code < 0 && show_coverage) {
        size_t implemented, known;
        jit_debug_op_counts(&implemented, &known);
        printf(as_json ? "{\"implemented\": %zu, \"known\": %zu}\n" : "%zu of %zu operators\n", implemented, known);
        code = EXIT_FINE;
    } else if (code < 0) {
        char name[200] = "";
        if (names.n && !strstr(names.at[0], "::"))
            snprintf(name, sizeof name, "aten::%s", names.at[0]);
        else if (names.n)
            snprintf(name, sizeof name, "%s", names.at[0]);
        char *text = jit_debug_ops(names.n ? name : NULL, only_implemented, as_json);
        code = text && *text ? EXIT_FINE : EXIT_NO;
        if (code)
            fprintf(stderr, "tjs ops: no operator '%s'\n", name);
        tool_put(text);
    }
    free(names.at);
    return code;
}
