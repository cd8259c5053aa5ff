/* window.h - the end of the load: its books close. */
#ifndef IOMB_WINDOW_H
#define IOMB_WINDOW_H

#include "load.h"

/* The deadline is seen at lg->now_ns: the load is switched off and the books of the window close. */
void window_end(struct load *lg);

#endif
