/* runtime/api/file.c: reading and writing whole files. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/api/api.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* All bytes up to the end of the file, at most max_bytes. */
static jit_status read_all(int fd, const char *path, size_t max_bytes, char **ret, size_t *ret_n, jit_error *err)
{
    size_t n = 0, cap = 64 << 10;
    char *bytes = mem_alloc(cap);
    for (;;) {
        if (!bytes)
            return error_no_memory(err);
        ssize_t got = read(fd, bytes + n, cap - n - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            mem_free(bytes);
            return error_fail(err, JIT_EIO, "%s: %s", path, strerror(errno));
        }
        if (got == 0)
            break;
        n += (size_t)got;
        if (n > max_bytes) {
            mem_free(bytes);
            return error_fail(err, JIT_EIO, "%s: larger than the limit of %zu bytes", path, max_bytes);
        }
        if (n + 1 == cap) {
            char *more = mem_realloc(bytes, cap *= 2);
            if (!more)
                mem_free(bytes);
            bytes = more;
        }
    }
    bytes[n] = 0;
    *ret = bytes;
    *ret_n = n;
    return JIT_OK;
}

jit_status api_read_file(const char *path, size_t max_bytes, char **ret, size_t *ret_n, jit_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_fail(err, JIT_EIO, "%s: %s", path, strerror(errno));
    struct stat st;
    jit_status status;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        status = error_fail(err, JIT_EIO, "%s: is a directory", path);
    else
        status = read_all(fd, path, max_bytes, ret, ret_n, err);
    close(fd);
    return status;
}

static bool write_all(int fd, const char *bytes, size_t n_bytes)
{
    while (n_bytes) {
        ssize_t put = write(fd, bytes, n_bytes);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        bytes += put;
        n_bytes -= (size_t)put;
    }
    return true;
}

/* A new file beside `path`, its name in a mem_ block. -1 with errno on failure. */
static int open_temporary(const char *path, char **ret_name)
{
    size_t room = strlen(path) + 40;
    char *name = mem_alloc(room);
    int fd = -1;
    errno = ENOMEM;
    for (int attempt = 0; name && fd < 0 && attempt < 100; attempt++) {
        snprintf(name, room, "%s.%ld-%d.tmp", path, (long)getpid(), attempt);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    if (fd < 0) {
        mem_free(name);
        name = NULL;
    }
    *ret_name = name;
    return fd;
}

jit_status api_write_file(const char *path, const void *bytes, size_t n_bytes, jit_error *err)
{
    char *temporary;
    int fd = open_temporary(path, &temporary);
    if (fd < 0)
        return error_fail(err, JIT_EIO, "%s: %s", path, strerror(errno));
    jit_status status = JIT_OK;
    bool is_written = write_all(fd, bytes, n_bytes) && fsync(fd) == 0;
    int why = errno;
    if (close(fd) != 0 && is_written) {
        is_written = false;
        why = errno;
    }
    if (is_written && rename(temporary, path) != 0) {
        is_written = false;
        why = errno;
    }
    if (!is_written) {
        unlink(temporary);
        status = error_fail(err, JIT_EIO, "%s: %s", path, strerror(why));
    }
    mem_free(temporary);
    return status;
}
