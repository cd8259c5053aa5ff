/*
 * errno_name.h - the names of errnos, for what is read by programs: strerrorname_np is of glibc 2.32, and
 * strerror is for people.
 */
#ifndef IOMB_ERRNO_NAME_H
#define IOMB_ERRNO_NAME_H

#include <errno.h>
#include <stddef.h>

/* NULL for one that is not among those that probed calls fail with. */
static inline const char *errno_name(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{EPERM, "EPERM"},
		{ENOENT, "ENOENT"},
		{EINTR, "EINTR"},
		{EIO, "EIO"},
		{ENXIO, "ENXIO"},
		{EBADF, "EBADF"},
		{EAGAIN, "EAGAIN"},
		{ENOMEM, "ENOMEM"},
		{EACCES, "EACCES"},
		{EFAULT, "EFAULT"},
		{EBUSY, "EBUSY"},
		{EEXIST, "EEXIST"},
		{ENODEV, "ENODEV"},
		{EINVAL, "EINVAL"},
		{ENFILE, "ENFILE"},
		{EMFILE, "EMFILE"},
		{ENOTTY, "ENOTTY"},
		{ENOSPC, "ENOSPC"},
		{ESPIPE, "ESPIPE"},
		{EPIPE, "EPIPE"},
		{ENOSYS, "ENOSYS"},
		{ELOOP, "ELOOP"},
		{ETIME, "ETIME"},
		{EOVERFLOW, "EOVERFLOW"},
		{EBADFD, "EBADFD"},
		{ENOTSOCK, "ENOTSOCK"},
		{ENOPROTOOPT, "ENOPROTOOPT"},
		{EPROTONOSUPPORT, "EPROTONOSUPPORT"},
		{EOPNOTSUPP, "EOPNOTSUPP"},
		{EAFNOSUPPORT, "EAFNOSUPPORT"},
		{ENETUNREACH, "ENETUNREACH"},
		{ECONNRESET, "ECONNRESET"},
		{ENOBUFS, "ENOBUFS"},
		{ENOTCONN, "ENOTCONN"},
		{ETIMEDOUT, "ETIMEDOUT"},
		{ECONNREFUSED, "ECONNREFUSED"},
		{EINPROGRESS, "EINPROGRESS"},
		{ECANCELED, "ECANCELED"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].error == error)
			return names[i].name;
	return NULL;
}

#endif
