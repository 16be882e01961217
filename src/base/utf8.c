/* A strict reader of UTF-8: RFC 3629, section 4. */
#include "base/utf8.h"

/* How many bytes a lead byte announces; 0 for one that leads nothing. */
static unsigned announced(unsigned char lead) {
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef)
        return 3;
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

unsigned utf8_read(const char *text, uint32_t *character) {
    static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned length = announced(bytes[0]);
    if (length == 0)
        return 0;
    uint32_t value = bytes[0] & lead_bits[length];
    for (unsigned i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0; /* the terminator included: never read past it */
        value = value << 6 | (bytes[i] & 0x3f);
    }
    if (value < lowest[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *character = value;
    return length;
}
