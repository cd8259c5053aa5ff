/* kernel_names - functions that the guide names, and the ones that there are, in /proc/kallsyms. */
#include <stdio.h>
#include <string.h>

#include "probe.h"

static const struct {
	const char *value, *name;
} names[] = {
	{"epPollCallback", "ep_poll_callback"},
	{"doEpollWait", "do_epoll_wait"},
	{"epPoll", "ep_poll"},
	{"epItemPoll", "ep_item_poll"},
	{"epSendEvents", "ep_send_events"},
	{"epInsert", "ep_insert"},
	{"sockDefReadable", "sock_def_readable"},
	{"eventpollWait", "eventpoll_wait"},
	{"eventpollPoll", "eventpoll_poll"},
	{"epItemReady", "ep_item_ready"},
	{"skDataReady", "SK_DATA_READY"},
};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

/* The name, or one that the compiler made of it: name.isra.0, name.constprop.0. */
static bool is_of(const char *symbol, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(symbol, name, len) && (symbol[len] == '\0' || symbol[len] == '.');
}

static void run(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512], symbol[256];
	bool found[NAMES] = {false};
	uint32_t symbols = 0;

	if (!file)
		probe_unsupported("/proc/kallsyms: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %*s %255s", symbol) != 1)
			continue;
		symbols++;
		for (int i = 0; i < NAMES; i++)
			found[i] |= is_of(symbol, names[i].name);
	}
	fclose(file);
	if (symbols == 0)
		probe_unsupported("/proc/kallsyms is empty");
	observe("symbols", symbols);
	for (int i = 0; i < NAMES; i++)
		observe_is(names[i].value, found[i]);
}

PROBE(.id = "kernel-names", .title = "functions of epoll in /proc/kallsyms", .run = run,
      .values = {
	      NUMBER("symbols", "names there"),
	      BOOLEAN("epPollCallback",
		      "ep_poll_callback, also with a suffix of the compiler's, as all below"),
	      BOOLEAN("doEpollWait", "do_epoll_wait"),
	      BOOLEAN("epPoll", "ep_poll"),
	      BOOLEAN("epItemPoll", "ep_item_poll"),
	      BOOLEAN("epSendEvents", "ep_send_events"),
	      BOOLEAN("epInsert", "ep_insert"),
	      BOOLEAN("sockDefReadable", "sock_def_readable"),
	      BOOLEAN("eventpollWait", "eventpoll_wait"),
	      BOOLEAN("eventpollPoll", "eventpoll_poll"),
	      BOOLEAN("epItemReady", "ep_item_ready"),
	      BOOLEAN("skDataReady", "SK_DATA_READY"),
      });
