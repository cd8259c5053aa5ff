/*
 * congestion.h - the TCP congestion control that both sides pin. Reno is in every kernel, needs no
 * privilege by default (net.ipv4.tcp_allowed_congestion_control) and does not pace: under a host's bbr
 * or fq, timers would be measured that no model causes.
 */
#ifndef IOMB_CONGESTION_H
#define IOMB_CONGESTION_H

#define CONGESTION_PINNED "reno"
#define CONGESTION_NAME_BYTES 16 /* TCP_CA_NAME_MAX of the kernel */

#endif
