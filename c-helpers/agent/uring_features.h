/* uring_features.h - puts the groups about io_uring into the array under way. */
#ifndef IOMB_AGENT_URING_FEATURES_H
#define IOMB_AGENT_URING_FEATURES_H

void uring_features(void);

#endif
