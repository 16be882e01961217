/* XML 1.0 and HTML in one: what is refused by either is replaced. */
#include "report/format/markup.h"

#include <stdbool.h>

#include "base/utf8.h"

static const char *reference_of(uint32_t character) {
    switch (character) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

static bool is_allowed(uint32_t character) {
    if (character < 0x20)
        return character == '\t' || character == '\n';
    bool control = character >= 0x7f && character < 0xa0;
    bool noncharacter =
        (character & 0xfffe) == 0xfffe || (character >= 0xfdd0 && character <= 0xfdef);
    return !control && !noncharacter;
}

void markup_text(FILE *out, const char *text) {
    while (text != NULL && *text != '\0') {
        uint32_t character;
        unsigned length = utf8_read(text, &character);
        const char *reference = length == 1 ? reference_of(character) : NULL;
        if (length == 0 || !is_allowed(character))
            fputs("\xef\xbf\xbd", out);
        else if (reference != NULL)
            fputs(reference, out);
        else
            fwrite(text, 1, length, out);
        text += length > 0 ? length : 1;
    }
}

/* Our own writers make UTF-8 without controls: bytes pass as they are, whole or in parts. */
static ssize_t escape_bytes(void *cookie, const char *bytes, size_t length) {
    FILE *out = cookie;
    size_t plain = 0;
    for (size_t i = 0; i < length; i++) {
        const char *reference = reference_of((unsigned char)bytes[i]);
        if (reference == NULL || bytes[i] == '"' || bytes[i] == '\'')
            continue;
        fwrite(bytes + plain, 1, i - plain, out);
        fputs(reference, out);
        plain = i + 1;
    }
    fwrite(bytes + plain, 1, length - plain, out);
    return ferror(out) ? 0 : (ssize_t)length;
}

FILE *markup_stream(FILE *out) {
    return fopencookie(out, "w", (cookie_io_functions_t){.write = escape_bytes});
}
