/* runtime/archive/mapping.c: mapped files (see mapping.h). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/archive/mapping.h"

#include "base/alloc.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COPY_ALIGN = 64,
    HUGE_BYTES = 2 << 20,           /* of the pages that hold a file's bytes in large pieces */
    BESIDE_HUGE_FROM = 64 << 20,    /* files of this size on */
};

mapping *mapping_ref(mapping *m)
{
    atomic_fetch_add_explicit(&m->n_refs, 1, memory_order_relaxed);
    return m;
}

static void release_bytes(mapping_kind kind, void *bytes, size_t n_bytes)
{
    if (kind == MAPPING_FILE)
        munmap(bytes, n_bytes);
    else if (kind == MAPPING_COPY)
        mem_free_aligned(bytes);
}

void mapping_unref(mapping *m)
{
    if (!m || atomic_fetch_sub_explicit(&m->n_refs, 1, memory_order_acq_rel) != 1)
        return;
    release_bytes(m->kind, m->bytes, m->n_bytes);
    mem_free(m);
}

/* Takes the bytes, also on failure. */
static jit_status mapping_new(mapping_kind kind, void *bytes, size_t n_bytes, mapping **ret, jit_error *err)
{
    mapping *m = mem_alloc(sizeof *m);
    if (!m) {
        release_bytes(kind, bytes, n_bytes);
        return error_no_memory(err);
    }
    *m = (mapping){ .kind = kind, .bytes = bytes, .n_bytes = n_bytes };
    atomic_init(&m->n_refs, 1);
    *ret = m;
    return JIT_OK;
}

static jit_status read_whole(int fd, const char *path, size_t n_bytes, char **ret, jit_error *err)
{
    char *bytes = mem_alloc_aligned(n_bytes, COPY_ALIGN);
    if (!bytes)
        return error_no_memory(err);
    for (size_t n = 0; n < n_bytes;) {
        ssize_t got = pread(fd, bytes + n, n_bytes - n, (off_t)n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            mem_free_aligned(bytes);
            return error_fail(err, JIT_EIO, "%s: %s", path, got < 0 ? strerror(errno) : "it became shorter while it was read");
        }
        n += (size_t)got;
    }
    *ret = bytes;
    return JIT_OK;
}

/* A file that was just written lies in the kernel's memory in pieces of 2 MB, and reading a byte maps its whole piece
 * (Linux 6.18) if that fits the page table: the few rows that a program takes from a table of words would count as
 * 2 MB each. Large files begin where no piece fits. Any address is good where there is none of these. */
static void *map_beside_huge(int fd, size_t n_bytes)
{
    const int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_NORESERVE;
    const size_t reserved = n_bytes + 2 * HUGE_BYTES, page = (size_t)sysconf(_SC_PAGESIZE);
    char *room = n_bytes < BESIDE_HUGE_FROM ? MAP_FAILED : mmap(NULL, reserved, PROT_NONE, flags | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED)
        return mmap(NULL, n_bytes, prot, flags, fd, 0);
    char *begin = room + (HUGE_BYTES - (uintptr_t)room % HUGE_BYTES) + HUGE_BYTES / 2;
    char *end = begin + (n_bytes + page - 1) / page * page;
    void *bytes = mmap(begin, n_bytes, prot, flags | MAP_FIXED, fd, 0);
    (void)munmap(room, (size_t)(begin - room));
    (void)munmap(end, (size_t)(room + reserved - end));
    if (bytes == MAP_FAILED) (void)munmap(begin, n_bytes);
    return bytes;
}

static jit_status open_file(int fd, const char *path, bool copy, mapping **ret, jit_error *err)
{
    struct stat st;
    if (fstat(fd, &st))
        return error_fail(err, JIT_EIO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_fail(err, JIT_EIO, "%s: %s", path, S_ISDIR(st.st_mode) ? "is a directory" : "not a regular file");
    const size_t n_bytes = (size_t)st.st_size;
    if (n_bytes == 0)
        return error_fail(err, JIT_EFORMAT, "%s: the file is empty", path);
    char *bytes;
    if (copy) {
        jit_status status = read_whole(fd, path, n_bytes, &bytes, err);
        return status ? status : mapping_new(MAPPING_COPY, bytes, n_bytes, ret, err);
    }
    bytes = map_beside_huge(fd, n_bytes);
    if (bytes == MAP_FAILED)
        return error_fail(err, JIT_EIO, "%s: it cannot be mapped: %s", path, strerror(errno));
    return mapping_new(MAPPING_FILE, bytes, n_bytes, ret, err);
}

jit_status mapping_open(const char *path, bool copy, mapping **ret, jit_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe without a writer must not block
    if (fd < 0)
        return error_fail(err, JIT_EIO, "%s: %s", path, strerror(errno));
    jit_status status = open_file(fd, path, copy, ret, err);
    close(fd);
    return status;
}

jit_status mapping_open_memory(const void *bytes, size_t n_bytes, bool borrow, mapping **ret, jit_error *err)
{
    if (n_bytes == 0)
        return error_fail(err, JIT_EFORMAT, "<memory>: there are no bytes");
    if (borrow)
        return mapping_new(MAPPING_BORROWED, (void *)bytes, n_bytes, ret, err);
    char *copy = mem_alloc_aligned(n_bytes, COPY_ALIGN);
    if (!copy)
        return error_no_memory(err);
    memcpy(copy, bytes, n_bytes);
    return mapping_new(MAPPING_COPY, copy, n_bytes, ret, err);
}

void mapping_expect_scattered_reads(const mapping *m, bool are_expected)
{
    if (m->kind == MAPPING_FILE) // advice: a kernel that does not take it is none the worse
        (void)madvise(m->bytes, m->n_bytes, are_expected ? MADV_RANDOM : MADV_NORMAL);
}

static void release_mapping(void *ctx) { mapping_unref(ctx); }

storage *mapping_storage(mapping *m, uint64_t offset, size_t n_bytes, size_t align)
{
    char *begin = m->bytes + offset;
    if (m->kind == MAPPING_BORROWED || (uintptr_t)begin % align) {
        storage *s = storage_new(DEVICE_CPU0, n_bytes);
        if (s && n_bytes)
            memcpy(s->data, begin, n_bytes);
        return s;
    }
    storage *s = storage_borrow(DEVICE_CPU0, begin, n_bytes, release_mapping, m);
    if (s) {
        mapping_ref(m);
        s->is_movable = true;
        s->is_of_file = m->kind == MAPPING_FILE;
    }
    return s;
}
