/* base/file.c: reading and writing whole files (see file.h). */
/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/alloc.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading ------------------------------------------------------------------------------------------------ */

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

jit_status file_read(const char *path, size_t max_bytes, char **ret, size_t *ret_n_bytes, jit_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_fail(err, JIT_EIO, "%s: %s", path, strerror(errno));
    struct stat st;
    jit_status status;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        status = error_fail(err, JIT_EIO, "%s: is a directory", path);
    else
        status = read_all(fd, path, max_bytes, ret, ret_n_bytes, err);
    close(fd);
    return status;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

enum { BUFFER_BYTES = 1 << 16 };

struct file_writer {
    int fd;
    char *path, *temporary;
    size_t n_waiting;           /* bytes in the buffer: small pieces are written together */
    char buffer[BUFFER_BYTES];
};

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

static void file_writer_free(file_writer *w)
{
    mem_free(w->path);
    mem_free(w->temporary);
    mem_free(w);
}

jit_status file_writer_open(const char *path, file_writer **ret, jit_error *err)
{
    file_writer *w = mem_alloc(sizeof *w);
    if (!w)
        return error_no_memory(err);
    w->n_waiting = 0;
    w->path = mem_strdup(path);
    w->temporary = NULL;
    w->fd = w->path ? open_temporary(path, &w->temporary) : -1;
    if (w->fd < 0) {
        jit_status status = !w->path || errno == ENOMEM ? error_no_memory(err)
                                                        : error_fail(err, JIT_EIO, "%s: %s", path, strerror(errno));
        file_writer_free(w);
        return status;
    }
    *ret = w;
    return JIT_OK;
}

static jit_status flush(file_writer *w, jit_error *err)
{
    if (!write_all(w->fd, w->buffer, w->n_waiting))
        return error_fail(err, JIT_EIO, "%s: %s", w->path, strerror(errno));
    w->n_waiting = 0;
    return JIT_OK;
}

jit_status file_writer_add(file_writer *w, const void *bytes, size_t n_bytes, jit_error *err)
{
    if (n_bytes > BUFFER_BYTES - w->n_waiting) {
        jit_status status = flush(w, err);
        if (status)
            return status;
    }
    if (n_bytes > BUFFER_BYTES)
        return write_all(w->fd, bytes, n_bytes) ? JIT_OK : error_fail(err, JIT_EIO, "%s: %s", w->path, strerror(errno));
    if (n_bytes)
        memcpy(w->buffer + w->n_waiting, bytes, n_bytes);
    w->n_waiting += n_bytes;
    return JIT_OK;
}

void file_writer_abort(file_writer *take)
{
    if (!take)
        return;
    close(take->fd);
    unlink(take->temporary);
    file_writer_free(take);
}

jit_status file_writer_finish(file_writer *take, jit_error *err)
{
    jit_status status = flush(take, err);
    if (status) {
        file_writer_abort(take);
        return status;
    }
    bool is_written = fsync(take->fd) == 0;
    int why = errno;
    if (close(take->fd) != 0 && is_written) {
        is_written = false;
        why = errno;
    }
    if (is_written && rename(take->temporary, take->path) != 0) {
        is_written = false;
        why = errno;
    }
    if (!is_written) {
        unlink(take->temporary);
        status = error_fail(err, JIT_EIO, "%s: %s", take->path, strerror(why));
    }
    file_writer_free(take);
    return status;
}

jit_status file_write(const char *path, const void *bytes, size_t n_bytes, jit_error *err)
{
    file_writer *w;
    jit_status status = file_writer_open(path, &w, err);
    if (status)
        return status;
    if ((status = file_writer_add(w, bytes, n_bytes, err)) != JIT_OK) {
        file_writer_abort(w);
        return status;
    }
    return file_writer_finish(w, err);
}
