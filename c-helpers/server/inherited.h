/* inherited.h - descriptors that came with the process. */
#ifndef IOMB_INHERITED_H
#define IOMB_INHERITED_H

/* Closes all but stdin, stdout and stderr: they would eat into select's 1,024. Failures are not fatal. */
void close_inherited(void);

#endif
