/* The heap that malloc(3) has. */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

/* Gives back to the kernel what is free, and what malloc() keeps for the calling thread: each of
 * those parts would hold a page after a burst. Takes some 0.1 ms: not for every turn. */
void heap_trim(void);

#endif
