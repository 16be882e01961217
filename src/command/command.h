/* The commands: options in, exit code out. argv[0] is the command's name. */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

/* Those of options/commands.def. */
int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_probe(int argc, char **argv);
int command_capacity(int argc, char **argv);
int command_report(int argc, char **argv);
int command_target(int argc, char **argv);
int command_demo(int argc, char **argv);
int command_serve(int argc, char **argv);
int command_part(int argc, char **argv);
int command_help(int argc, char **argv);
int command_version(int argc, char **argv);
/* A run or a check of serve's: its command line is in a memory file (serve/child.h). */
int command_serve_child(int argc, char **argv);

/* Picks one by argv[1]; anything that is no command means run. */
int command_pick(int argc, char **argv);

#endif
