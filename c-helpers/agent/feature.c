#include <stdio.h>

#include "../wire/errno_name.h"
#include "answer.h"
#include "feature.h"

#define NAME_BYTES 24

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
	const char *reason = errno_name(error);

	(void)snprintf(number, sizeof(number), "errno %d", error);
	feature_put_because(name, error == 0, reason ? reason : number);
}
