/* File descriptors that may not be open: -1. */
#ifndef BASE_DESCRIPTOR_H
#define BASE_DESCRIPTOR_H

/* Closes it where it is open; it is -1 then. */
void descriptor_close(int *fd);

#endif
