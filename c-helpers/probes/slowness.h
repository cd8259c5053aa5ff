/* slowness.h - how much longer than on a machine of its own a probe may take here. */
#ifndef IOMB_PROBES_SLOWNESS_H
#define IOMB_PROBES_SLOWNESS_H

/*
 * How many times as long as on an idle machine threads take to begin and end here, which is what the longest
 * probes do: 1 to SLOWNESS_MAX. An emulated CPU needs some 30 times as long.
 */
enum { SLOWNESS_MAX = 100 };
double slowness(void);

#endif
