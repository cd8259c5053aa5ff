#include "answer.h"
#include "features.h"
#include "uring_features.h"
#include "wait_features.h"

void features(const struct ask *ask)
{
	answer_begin_to(ask->id, "features");
	put_name("groups");
	put_array();
	uring_features();
	wait_features();
	put_array_end();
	answer_end();
}
