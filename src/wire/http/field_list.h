/* A list of words in a field value, byte by byte: #element of RFC 9110 5.6.1. */
#ifndef WIRE_HTTP_FIELD_LIST_H
#define WIRE_HTTP_FIELD_LIST_H

#include "wire/http/token.h"

enum { FIELD_LIST_NONE = -1 };

/* Zero is ready for a new value; the lines of one field are one list, so each is a value here. */
struct field_list {
    struct token word;
    bool begun;   /* a byte of the element has come */
    bool over;    /* white space behind its word */
    bool other;   /* more than a word: parameters, or a second word */
    bool quoted;  /* within a quoted string a comma separates nothing */
    bool escaped; /* the byte behind a backslash in it */
};

/* Takes a byte of the value; gives the word that an element ended with this byte is: its index,
 * count for another, FIELD_LIST_NONE where no element ended. Empty elements are none (5.6.1.2). */
int field_list_byte(struct field_list *list, const char *const *words, int count,
                    unsigned char byte);

/* The same at the end of the value; the list is ready for the next. */
int field_list_end(struct field_list *list, const char *const *words, int count);

#endif
