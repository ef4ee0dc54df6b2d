/* The unpickling machine: what it builds, and what it refuses. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/archive/archive_test.h"

static void builds_scalars(void **state)
{
    (void)state;
    expect_printed(P("N"), true, "None");
    expect_printed(P("\x88"), true, "True");
    expect_printed(P("K\xff"), true, "255");
    expect_printed(P("M\xff\xff"), true, "65535");
    expect_printed(P("J\xff\xff\xff\xff"), true, "-1");
    expect_printed(P("\x8a\0"), true, "0");
    expect_printed(P("\x8a\1\xfe"), true, "-2");
    expect_printed(P("\x8a\x08\0\0\0\0\0\0\0\x80"), true, "-9223372036854775808");
    expect_printed(P("G?\xf8\0\0\0\0\0\0"), true, "1.5");
    expect_printed(P("X\2\0\0\0hi"), true, "hi");
    expect_printed(P("cbuiltins\ncomplex\nG?\xf0\0\0\0\0\0\0G\xc0\0\0\0\0\0\0\0\x86R"), true, "1.-2.j");
    expect_printed(P("ctorch\ndevice\nX\4\0\0\0cudaK\1\x86R"), true, "cuda:1");
    expect_printed(P("ctorch\nfloat16\n"), true, "5");
}

static void builds_containers(void **state)
{
    (void)state;
    expect_printed(P("K\1K\2\x86"), true, "(1, 2)");
    expect_printed(P("(K\1K\2l"), true, "[1, 2]");
    expect_printed(P("]q\0(K\1K\2eh\0\x86"), true, "([1, 2], [1, 2])");
    expect_printed(P("]K\1aK\2a"), true, "[1, 2]");
    expect_printed(P("}X\1\0\0\0aK\1s"), true, "{a: 1}");
    expect_printed(P("(X\1\0\0\0aK\1d"), true, "{a: 1}");
    expect_printed(P("ccollections\nOrderedDict\n)RX\1\0\0\0aK\1s}X\1\0\0\0mNsb"), true, "{a: 1}");
    expect_printed(P("ctorch\nSize\nK\1K\2\x86\x85R"), true, "(1, 2)");
}

static jit_value read_python(const char *bytes, size_t n)
{
    const unpickle_hooks hooks = test_hooks(NULL, true);
    jit_value v;
    assert_int_equal(unpickle(bytes, n, "data.pkl", &hooks, NULL, &v, NULL), JIT_OK);
    return v;
}

static void types_follow_the_contents(void **state)
{
    (void)state;
    jit_value v = read_python(P("](K\1K\2e"));
    assert_ptr_equal(v.list->elem, T_INT);
    assert_int_equal(v.list->storage, LIST_INTS);
    value_unref(v);
    v = read_python(P("](K\1Ne"));
    assert_ptr_equal(v.list->elem, type_optional(T_INT));
    value_unref(v);
    v = read_python(P("](K\1X\1\0\0\0ae"));
    assert_null(v.list->elem);
    value_unref(v);
    v = read_python(P("}X\1\0\0\0a](K\1es"));
    assert_ptr_equal(v.dict->value, type_list(T_INT));
    value_unref(v);
}

/* One object met twice stays one object. */
static void keeps_sharing(void **state)
{
    (void)state;
    jit_value v = read_python(P("]q\0h\0\x86"));
    assert_ptr_equal(v.tuple->at[0].p, v.tuple->at[1].p);
    value_unref(v);
}

#define TENSOR(storage, numel, offset, sizes, strides, grad)                                                        \
    "ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\n" storage "\nX\1\0\0\0" "0" "X\3\0\0\0cpu" numel \
    "tQ" offset sizes strides grad "ccollections\nOrderedDict\n)RtR"

static void builds_tensors(void **state)
{
    (void)state;
    jit_value v = read_python(P(TENSOR("ByteStorage", "K\6", "K\1", "K\2K\2\x86", "K\2K\1\x86", "\x89")));
    assert_int_equal(v.t->numel, 4);
    assert_int_equal(tensor_get_int(v.t, 3), 4);
    value_unref(v);
    // without elements no record is read
    v = read_python(P(TENSOR("FloatStorage", "K\0", "K\0", "K\0\x85", "K\1\x85", "\x88")));
    assert_int_equal(v.t->numel, 0);
    assert_true(v.t->requires_grad);
    value_unref(v);
    v = read_python(P("ctorch._utils\n_rebuild_parameter\n" TENSOR("FloatStorage", "K\2", "K\0", "K\2\x85", "K\1\x85",
                    "\x89") "\x88" "ccollections\nOrderedDict\n)R\x87R"));
    assert_true(v.t->requires_grad);
    value_unref(v);
}

static void types_lists_by_tag(void **state)
{
    (void)state;
    expect_printed(P("ctorch.jit._pickle\nbuild_intlist\n(](K\1K\2etR"), false, "[1, 2]");
    expect_printed(P("ctorch.jit._pickle\nrestore_type_tag\n](Ne" "X\x17\0\0\0List[Optional[Tensor]] " "\x86R"), false,
                 "[None]");
    expect_refused(P("ctorch.jit._pickle\nbuild_intlist\n(](X\1\0\0\0aetR"), false, "not of the list's type");
    expect_refused(P("ctorch.jit._pickle\nrestore_type_tag\n](K\1eX\x09\0\0\0List[str]\x86R"), false, "List[str]");
    expect_refused(P("ctorch.jit._pickle\nrestore_type_tag\nK\1X\x09\0\0\0List[str]\x86R"), false, "restore_type_tag");
}

static ir_unit *unit_with_class(void)
{
    ir_unit *u = ir_unit_new();
    assert_non_null(u);
    type *cls = type_class_new(u, "__torch__.C", true);
    assert_true(type_class_add_attribute(cls, "n", T_INT, (range){ 0 }));
    assert_true(type_class_add_attribute(cls, "l", type_list(T_FLOAT), (range){ 0 }));
    return u;
}

#define OBJECT(state) "c__torch__\nC\n)\x81" state "b"

static jit_status read_object(ir_unit *u, const char *bytes, size_t n, jit_value *ret, jit_error *err)
{
    const unpickle_hooks hooks = test_hooks(u, false);
    return unpickle(bytes, n, "data.pkl", &hooks, NULL, ret, err);
}

static void builds_objects(void **state)
{
    (void)state;
    ir_unit *u = unit_with_class();
    jit_value v;
    // an old archive: the list takes its type from the attribute
    assert_int_equal(read_object(u, P(OBJECT("}(X\1\0\0\0nK\1X\1\0\0\0l](G?\xf8\0\0\0\0\0\0eu")), &v, NULL), JIT_OK);
    assert_int_equal(v.object->at[0].i, 1);
    assert_int_equal(v.object->at[1].list->storage, LIST_FLOATS);
    value_unref(v);
    ir_unit_unref(u);
}

static void expect_object_refused(const char *bytes, size_t n, const char *why)
{
    ir_unit *u = unit_with_class();
    jit_error err = JIT_ERROR_INIT;
    jit_value v;
    assert_int_not_equal(read_object(u, bytes, n, &v, &err), JIT_OK);
    expect_says(&err, why);
    jit_error_fini(&err);
    ir_unit_unref(u);
}

static void refuses_objects_that_do_not_fit(void **state)
{
    (void)state;
    expect_object_refused(P(OBJECT("}(X\1\0\0\0nK\1u")), "attribute 'l' of __torch__.C is missing");
    expect_object_refused(P(OBJECT("}(X\1\0\0\0nNX\1\0\0\0l]u")), "attribute 'n'");
    expect_object_refused(P(OBJECT("}(X\1\0\0\0nK\1X\1\0\0\0l](K\1eu")), "List[float]");
    expect_object_refused(P(OBJECT("K\1")), "not a dict");
    expect_object_refused(P("c__torch__\nC\n)\x81"), "before it has its attributes");
    expect_object_refused(P("c__torch__\nC\n)\x81\x85"), "before it has its attributes");
    expect_object_refused(P("c__torch__\nC\nK\1\x81"), "made with arguments");
    expect_object_refused(P("c__torch__\nC\nK\1R"), "does not accept");
    expect_object_refused(P("c__torch__\nC\n"), "where a value belongs");
}

static void refuses_names(void **state)
{
    (void)state;
    expect_refused(P("cos\nsystem\nX\2\0\0\0ls\x85R"), true, "Unknown type name 'os.system'");
    expect_refused(P("ctorch\nFoo\n"), true, "Unpickler found unknown torch global, 'torch.Foo'");
    expect_refused(P("ctorch._utils\nexec\n"), true, "unknown torch global");
    expect_refused(P("cbuiltins\neval\n"), true, "Unknown type name 'builtins.eval'");
    expect_refused(P("c__torch__\nNone\n"), false, "no class __torch__.None");
    expect_refused(P("ctorch._utils\n_rebuild_parameter\n"), false, "unknown torch global");
    expect_refused(P("ctorch\nQInt8Storage\n"), true, "where a value belongs");
    expect_refused(P("ctorch._utils\n_rebuild_qtensor\n)R"), true, "argument 1 of _rebuild_qtensor");
    expect_refused(P("ctorch\nQUInt4x2Storage\n"), true, "QUInt4x2Storage");
    expect_refused(P("ctorch._utils\n_rebuild_sparse_tensor\n)R"), true, "sparse");
    expect_refused(P("ctorch\ndevice\n"), true, "where a value belongs");
}

static void refuses_broken_stacks(void **state)
{
    (void)state;
    expect_refused("", 0, true, "without STOP");
    expect_refused("K\1.", 3, true, "protocol 2");
    expect_refused("\x80\x04N.", 4, true, "protocol 4");
    expect_refused("\x80\x02N", 3, true, "without STOP");
    expect_refused(P("N.N"), true, "bytes follow");
    expect_refused(P("\x80\x02N"), true, "second pickle");
    expect_refused(P(""), true, "0 values");
    expect_refused(P("NN"), true, "2 values");
    expect_refused(P("(N"), true, "the end");
    expect_refused(P("t"), true, "MARK");
    expect_refused(P("\x85"), true, "more from the stack");
    expect_refused(P("N(\x85"), true, "more from the stack");
    expect_refused(P("N(R"), true, "more from the stack");
    expect_refused(P("R"), true, "more from the stack");
    expect_refused(P("q\0"), true, "more from the stack");
    expect_refused(P("Nq\5"), true, "leaves a gap");
    expect_refused(P("Nr\xff\xff\xff\xff"), true, "leaves a gap");
    expect_refused(P("h\0"), true, "never set");
    expect_refused(P("j\xff\xff\xff\xff"), true, "never set");
    expect_refused(P("X\xff\xff\xff\xffN"), true, "ends in the middle");
    expect_refused(P("X\5\0\0\0N"), true, "ends in the middle");
    expect_refused(P("\x8a\x09\0\0\0\0\0\0\0\0\1"), true, "64 bits");
    expect_refused(P("ctorch"), true, "ends in the middle");
    expect_refused(P("0"), true, "operation 0x30");
    expect_refused(P("i"), true, "operation 0x69");
    expect_refused(P("K\1K\2R"), true, "not a function");
    expect_refused(P("K\1K\2b"), true, "not a fresh object");
    expect_refused(P("Q"), true, "more from the stack");
    expect_refused(P("K\1Q"), true, "persistent id");
}

static void refuses_changes_of_other_kinds(void **state)
{
    (void)state;
    expect_refused(P("N(K\1K\1u"), true, "not a dict");
    expect_refused(P("](K\1K\1u"), true, "not a dict");
    expect_refused(P("}(K\1e"), true, "not a list");
    expect_refused(P("K\1K\2a"), true, "not a list");
    expect_refused(P("(K\1e"), true, "more from the stack");
    expect_refused(P("}(K\1u"), true, "no value");
    expect_refused(P("}]K\1s"), true, "cannot be one");
    expect_refused(P("]K\1b"), true, "not a fresh object");
    expect_refused(P("ccollections\nOrderedDict\n(NtR"), true, "OrderedDict");
}

static void refuses_values_that_contain_themselves(void **state)
{
    (void)state;
    expect_refused(P("]q\0h\0a"), true, "became part");
    expect_refused(P("}q\0X\1\0\0\0ah\0s"), true, "became part");
    expect_refused(P("}q\0(K\1h\0u"), true, "became part");
    expect_refused(P("]q\0\x85q\1h\0h\1a\x86"), true, "became part");
}

static void refuses_deep_nesting(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    static char bytes[2 + 2 * DEPTH + 2];
    memcpy(bytes, "\x80\x02N", 3);
    memset(bytes + 3, '\x85', DEPTH);
    bytes[3 + DEPTH] = '.';
    expect_refused(bytes, 4 + DEPTH, true, "deeper than 256");
    memset(bytes + 2, ']', DEPTH);
    memset(bytes + 2 + DEPTH, 'a', DEPTH - 1);
    bytes[2 + 2 * DEPTH - 1] = '.';
    expect_refused(bytes, 2 + 2 * DEPTH, true, "deeper than 256");
    memset(bytes + 2, '(', DEPTH);
    expect_refused(bytes, 2 + DEPTH, true, "without STOP");
}

/* Each tuple holds the one before twice: 200 bytes, 2^60 values to whoever walks them. */
static void refuses_tuples_that_explode(void **state)
{
    (void)state;
    char bytes[1024] = "\x80\x02Nq";
    size_t n = 5; // the NUL is the memo number
    for (int i = 0; i < 60; i++) {
        memcpy(bytes + n, (char[]){ 'h', (char)i, 'h', (char)i, '\x86', 'q', (char)(i + 1) }, 7);
        n += 7;
    }
    bytes[n++] = '.';
    expect_refused(bytes, n, true, "");
    bytes[n - 1] = '\x85';
    bytes[n++] = '.';
    expect_refused(bytes, n, true, "");
}

static void refuses_tensors_that_lie(void **state)
{
    (void)state;
    const char *beyond = "beyond its storage";
    expect_refused(P(TENSOR("FloatStorage", "K\2", "K\0", "K\3\x85", "K\1\x85", "\x89")), true, beyond);
    expect_refused(P(TENSOR("FloatStorage", "K\2", "K\1", "K\2\x85", "K\1\x85", "\x89")), true, beyond);
    expect_refused(P(TENSOR("FloatStorage", "K\2", "K\0", "K\2\x85", "K\2\x85", "\x89")), true, beyond);
    expect_refused(P(TENSOR("FloatStorage", "K\2", "J\xff\xff\xff\xff", "K\2\x85", "K\1\x85", "\x89")), true, beyond);
    expect_refused(P(TENSOR("FloatStorage", "K\2", "K\0", "J\xff\xff\xff\xff\x85", "K\1\x85", "\x89")), true, beyond);
    expect_refused(P(TENSOR("FloatStorage", "K\2", "K\0", "K\2\x85", "J\xff\xff\xff\xff\x85", "\x89")), true, beyond);
    expect_refused(P(TENSOR("FloatStorage", "K\2", "K\0", "\x8a\x08\0\0\0\0\0\0\0\x40\x85", "K\4\x85", "\x89")), true, beyond);
    expect_refused(P(TENSOR("FloatStorage", "K\2", "K\0", "\x8a\x08\0\0\0\0\0\0\0\x40K\4\x86", "K\0K\0\x86", "\x89")), true,
                   beyond);
    expect_refused(P(TENSOR("FloatStorage", "\x8a\x08\0\0\0\0\0\0\0\x40", "K\0", ")", ")", "\x89")), true, "a storage of");
    expect_refused(P(TENSOR("FloatStorage", "\x8a\x08\0\0\0\0\0\0\0\x80", "K\0", ")", ")", "\x89")), true, "a storage of");
    expect_refused(P(TENSOR("FloatStorage", "K\2", "K\0", "K\2\x85", ")", "\x89")), true, "sizes and");
    expect_refused(P(TENSOR("FloatStorage", "K\2", "K\0", "K\2\x85", "K\1\x85", "K\1")), true, "argument 5");
    expect_refused(P(TENSOR("LongStorage", "K\2", "K\0", "K\2\x85", "K\1\x85", "\x88")), true, "can require gradients");
    expect_refused(P(TENSOR("FloatStorage", "K\2", "N", "K\2\x85", "K\1\x85", "\x89")), true, "argument 2");
    expect_refused(P(TENSOR("FloatStorage", "K\2", "K\0", "]", "K\1\x85", "\x89")), true, "argument 3");
    expect_refused(P("ctorch._utils\n_rebuild_tensor_v2\n)R"), true, "argument 1");
    expect_refused(P("ctorch._utils\n_rebuild_tensor_v2\n(NNNNNNtR"), true, "argument 1");
    expect_refused(P("ctorch._utils\n_rebuild_parameter\n(NNNtR"), true, "argument 1");
}

/* Two mentions of one storage that disagree. */
static void refuses_a_storage_of_two_sizes(void **state)
{
    (void)state;
    expect_refused(P("(X\7\0\0\0storagectorch\nByteStorage\nX\1\0\0\0" "0" "X\3\0\0\0cpuK\1tQ"
                     "(X\7\0\0\0storagectorch\nByteStorage\nX\1\0\0\0" "0" "X\3\0\0\0cpuK\2tQ"), true, "two sizes");
}

/* Whatever allocation fails: an error, nothing lost. */
static void survives_every_failed_allocation(void **state)
{
    (void)state;
    static const char bytes[] = "\x80\x02" TENSOR("FloatStorage", "K\2", "K\0", "K\2\x85", "K\1\x85", "\x89")
        "}X\1\0\0\0a](K\1K\2es(X\2\0\0\0hicbuiltins\ncomplex\nG\0\0\0\0\0\0\0\0G\0\0\0\0\0\0\0\0\x86Rtq\0\x87.";
    const unpickle_hooks hooks = test_hooks(NULL, true);
    for (int64_t n = 0; n < 1000; n++) {
        jit_value v = VALUE_NONE_V;
        jit_error err = JIT_ERROR_INIT;
        mem_fail_after(n);
        jit_status status = unpickle(bytes, sizeof bytes - 1, "data.pkl", &hooks, NULL, &v, &err);
        bool was_refused = mem_fail_seen();
        mem_fail_after(-1);
        value_unref(v);
        if (status)
            assert_int_equal(status, JIT_ENOMEM);
        jit_error_fini(&err);
        if (!was_refused) {
            assert_int_equal(status, JIT_OK);
            return;
        }
    }
    fail_msg("there is no end of allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_scalars),
        cmocka_unit_test(builds_containers),
        cmocka_unit_test(types_follow_the_contents),
        cmocka_unit_test(keeps_sharing),
        cmocka_unit_test(builds_tensors),
        cmocka_unit_test(types_lists_by_tag),
        cmocka_unit_test(builds_objects),
        cmocka_unit_test(refuses_objects_that_do_not_fit),
        cmocka_unit_test(refuses_names),
        cmocka_unit_test(refuses_broken_stacks),
        cmocka_unit_test(refuses_changes_of_other_kinds),
        cmocka_unit_test(refuses_values_that_contain_themselves),
        cmocka_unit_test(refuses_deep_nesting),
        cmocka_unit_test(refuses_tuples_that_explode),
        cmocka_unit_test(refuses_tensors_that_lie),
        cmocka_unit_test(refuses_a_storage_of_two_sizes),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests_name("archive/unpickle", tests, NULL, NULL);
}
