/* Habits of other tools: what an option that is none of ours is here. */
#include <stddef.h>
#include <string.h>

#include "options/options_row.h"

const struct option_habit option_habits[] = {
#define HABIT(typed_, tools_, advice_) {.typed = typed_, .tools = tools_, .advice = advice_},
#include "options/habits.def"
#undef HABIT
    {NULL, NULL, NULL},
};

const struct option_habit *option_habit_of(const char *typed, size_t length) {
    for (const struct option_habit *habit = option_habits; habit->typed != NULL; habit++)
        if (strlen(habit->typed) == length && memcmp(habit->typed, typed, length) == 0)
            return habit;
    return NULL;
}
