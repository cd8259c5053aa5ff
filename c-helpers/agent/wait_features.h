/* wait_features.h - puts the groups about epoll, sockets, native AIO and signals into the array under way. */
#ifndef IOMB_AGENT_WAIT_FEATURES_H
#define IOMB_AGENT_WAIT_FEATURES_H

void wait_features(void);

#endif
