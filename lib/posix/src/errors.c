/* SPDX-License-Identifier: MIT */
#include "errors.h"

int errno_of_file(err_t err)
{
    switch (err) {
    case ERR_NO_ENTRY:
        return POSIX_ENOENT;
    case ERR_WRONG_TYPE:
        return POSIX_ENOTDIR;
    case ERR_TOO_DEEP:
        return POSIX_ELOOP;
    case ERR_NO_MEMORY:
        return POSIX_EMFILE;
    case ERR_RANGE:
        return POSIX_ENAMETOOLONG;
    case ERR_NO_RIGHT:
        return POSIX_EACCES;
    case ERR_DAMAGED:
        return POSIX_EUCLEAN;
    case ERR_READ_ONLY:
        return POSIX_EROFS;
    case ERR_EXISTS:
        return POSIX_EEXIST;
    case ERR_NOT_EMPTY:
        return POSIX_ENOTEMPTY;
    case ERR_NO_SPACE:
        return POSIX_ENOSPC;
    case ERR_GONE:
        return POSIX_ESTALE;
    case ERR_BAD_CALL:
        return POSIX_ENOSYS;
    case ERR_TIMED_OUT:
    case ERR_BUSY:
        return POSIX_ETIMEDOUT;
    default:
        return POSIX_EIO;
    }
}
