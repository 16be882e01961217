/* Picks the command; nothing else. */
#include "command/command.h"

int main(int argc, char **argv) {
    return command_pick(argc, argv);
}
