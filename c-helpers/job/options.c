/* options.c - the job on the command line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"

static bool is_option(const char *arg, const char *name, const char **value)
{
	size_t length = strlen(name);

	if (strncmp(arg, name, length) != 0)
		return false;
	*value = arg + length;
	return true;
}

static uint64_t number(const char *text, uint64_t max, const char *name)
{
	char *end;

	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || value > max)
		die_usage("%s%s is not a number up to %llu", name, text, (unsigned long long)max);
	return value;
}

static uint32_t name_in(const char *text, const char *const *names, uint32_t count, const char *option)
{
	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(text, names[i]))
			return i;
	die_usage("%s%s is not known; see --help", option, text);
}

bool job_option(struct job_config *config, const char *arg)
{
	static const char *const actions[] = {"read", "write", "append", "synced"};
	static const char *const caches[] = {"warm", "cold", "direct"};
	static const char *const orders[] = {"sequential", "random"};
	static const char *const refills[] = {"single", "batch"};
	const char *value;

	if (is_option(arg, "--file=", &value))
		config->path = value;
	else if (is_option(arg, "--file-bytes=", &value))
		config->file_bytes = number(value, INT64_MAX, "--file-bytes=");
	else if (is_option(arg, "--block-bytes=", &value))
		config->block_bytes = (uint32_t)number(value, JOB_BLOCK_BYTES_MAX, "--block-bytes=");
	else if (is_option(arg, "--depth=", &value))
		config->depth = (uint32_t)number(value, JOB_DEPTH_MAX, "--depth=");
	else if (is_option(arg, "--seed=", &value))
		config->seed = number(value, UINT64_MAX, "--seed=");
	else if (is_option(arg, "--layout-seed=", &value))
		config->layout_seed = number(value, UINT64_MAX, "--layout-seed=");
	else if (is_option(arg, "--action=", &value))
		config->action = name_in(value, actions, 4, "--action=");
	else if (is_option(arg, "--cache=", &value))
		config->cache = name_in(value, caches, 3, "--cache=");
	else if (is_option(arg, "--order=", &value))
		config->random = name_in(value, orders, 2, "--order=") == 1;
	else if (is_option(arg, "--refill=", &value))
		config->batch = name_in(value, refills, 2, "--refill=") == 1;
	else if (!strcmp(arg, "--lay-out"))
		config->lay_out = true;
	else if (!strcmp(arg, "--verify"))
		config->verify = true;
	else
		return false;
	return true;
}

void job_check_options(struct job_config *config)
{
	if (!config->path || !config->path[0])
		die_usage("--file=PATH is missing");
	if (config->block_bytes == 0 || config->block_bytes % BLOCK_BYTES)
		die_usage("--block-bytes=%u is not a multiple of %u", config->block_bytes, BLOCK_BYTES);
	if (config->depth == 0)
		die_usage("--depth=0 would issue nothing");
	if (config->file_bytes % config->block_bytes ||
	    config->file_bytes / config->block_bytes < config->depth)
		die_usage("--file-bytes=%llu is not a multiple of --block-bytes=%u that holds --depth=%u of "
			  "them",
			  (unsigned long long)config->file_bytes, config->block_bytes, config->depth);
}
