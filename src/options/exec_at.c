/* A duration, '=', and a command that may hold anything. */
#include "options/exec_at.h"

#include <string.h>

#include "base/redact.h"
#include "base/units.h"

bool exec_at_parse(struct exec_at *out, const char *text) {
    char when[64];
    const char *equals = strchr(text, '=');
    size_t length = equals != NULL ? (size_t)(equals - text) : 0;
    if (length == 0 || length >= sizeof when)
        return false;
    memcpy(when, text, length);
    when[length] = '\0';
    out->command = equals + 1;
    redact_command(out->shown, sizeof out->shown, out->command);
    bool blank = out->command[strspn(out->command, " \t\r\n")] == '\0';
    return !blank && units_parse_duration(when, &out->at) && out->at >= 0 && out->at <= 365 * DAY;
}
