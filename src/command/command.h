/* The commands: options in, exit code out. argv[0] is the command's name. */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#define COMMAND(name, part, does) int command_##name(int argc, char **argv);
#include "options/commands.def"
#undef COMMAND

/* A run or a check of serve's: its command line is in a memory file (serve/child.h). */
int command_serve_child(int argc, char **argv);

/* Picks one by argv[1]; anything that is no command means run. */
int command_pick(int argc, char **argv);

#endif
