#include <errno.h>
#include <stdio.h>

#include "answer.h"
#include "feature.h"

#define NAME_BYTES 24

static const struct {
	int error;
	const char *name;
} names[] = {
	{EPERM, "EPERM"},
	{ENOENT, "ENOENT"},
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
	{ENOSYS, "ENOSYS"},
	{EOVERFLOW, "EOVERFLOW"},
	{EBADFD, "EBADFD"},
	{ENOTSOCK, "ENOTSOCK"},
	{ENOPROTOOPT, "ENOPROTOOPT"},
	{EPROTONOSUPPORT, "EPROTONOSUPPORT"},
	{EOPNOTSUPP, "EOPNOTSUPP"},
	{EAFNOSUPPORT, "EAFNOSUPPORT"},
	{ENETUNREACH, "ENETUNREACH"},
	{ENOBUFS, "ENOBUFS"},
	{ENOTCONN, "ENOTCONN"},
	{ECONNREFUSED, "ECONNREFUSED"},
	{ECANCELED, "ECANCELED"},
};

void group_begin(const char *name)
{
	put_object();
	put_member_string("group", name);
	put_name("features");
	put_array();
}

void group_end(int count)
{
	put_array_end();
	put_name("count");
	if (count < 0)
		put_null();
	else
		put_int(count);
	put_object_end();
}

void feature_put_because(const char *name, bool available, const char *reason)
{
	put_object();
	put_member_string("name", name);
	put_member_bool("available", available);
	put_name("reason");
	if (available || !reason)
		put_null();
	else
		put_string(reason);
	put_object_end();
}

void feature_put(const char *name, int error)
{
	char number[NAME_BYTES];
	const char *reason = number;

	(void)snprintf(number, sizeof(number), "errno %d", error);
	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].error == error)
			reason = names[i].name;
	feature_put_because(name, error == 0, reason);
}
