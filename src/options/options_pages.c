/* Man pages and shells' completions, printed from the option table as the help is. */
#include <stdio.h>
#include <string.h>

#include "options/options_row.h"

/* --- man pages: man(7) --- */

/* What roff(7) would read as its own is escaped. */
static void print_roff(FILE *out, const char *text) {
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text != '\0'; text++) {
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            putc(*text, out);
    }
}

static void print_paragraph(FILE *out, const char *macro, const char *text) {
    fprintf(out, "%s\n", macro);
    print_roff(out, text);
    putc('\n', out);
}

static void print_man_row(FILE *out, const struct option_row *row, enum option_command command) {
    char facts[ACCEPTED_MAX];
    fputs(".TP\n", out);
    if (row->letter != 0)
        fprintf(out, "\\fB\\-%c\\fR, ", row->letter);
    fputs("\\fB\\-\\-", out);
    print_roff(out, option_name(row).text);
    fputs("\\fR", out);
    if (row->argument != NULL) {
        fputs(" \\fI", out);
        print_roff(out, row->argument);
        fputs("\\fR", out);
    }
    putc('\n', out);
    print_roff(out, option_help(row, command));
    option_describe(facts, row, option_initial(row, command));
    if (facts[0] != '\0') {
        fputs(" (", out);
        print_roff(out, facts);
        putc(')', out);
    }
    putc('\n', out);
}

static void print_man_options(FILE *out, enum option_command command) {
    for (enum option_group group = 0; group < OPTION_GROUP_COUNT; group++) {
        bool titled = false;
        for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
            if (row->group != group || (row->commands & command) == 0)
                continue;
            if (!titled)
                fprintf(out, ".SS \"%s\"\n", option_group_titles[group]);
            titled = true;
            print_man_row(out, row, command);
        }
    }
    fputs(".SS \"Help\"\n"
          ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nthe same in short\n"
          ".TP\n\\fB\\-V\\fR, \\fB\\-\\-version\\fR\n"
          "the version and the optional parts built in\n",
          out);
}

static void print_manual(FILE *out, const struct option_manual *manual) {
    fprintf(out, ".TH HOLDFAST\\-%s 1 \"\" \"holdfast\"\n.SH NAME\nholdfast\\-%s \\- ",
            manual->name, manual->name);
    fwrite(manual->text, 1, strcspn(manual->text, ":;."), out);
    fputs("\n.SH SYNOPSIS\nholdfast ", out);
    print_roff(out, manual->usage);
    putc('\n', out);
    print_paragraph(out, ".SH DESCRIPTION", manual->text);
    fputs(".SH OPTIONS\n", out);
    if (manual->forms)
        print_paragraph(out, ".PP", option_forms_text);
    print_man_options(out, manual->command);
    fputs(".SH \"EXIT STATUS\"\n", out);
    for (const struct option_entry *code = manual->codes; code->left != NULL; code++) {
        fprintf(out, ".TP\n%s\n", code->left + strspn(code->left, " "));
        print_roff(out, code->words);
        putc('\n', out);
    }
    fputs(".SH \"SEE ALSO\"\n", out);
    for (size_t i = 0; i < OPTION_MANUALS; i++)
        if (&option_manuals[i] != manual)
            fprintf(out, ".BR holdfast\\-%s (1),\n", option_manuals[i].name);
    fputs(".BR holdfast\\-report (1)\n", out);
}

bool options_print_man(FILE *out, const char *command) {
    for (size_t i = 0; i < OPTION_MANUALS; i++)
        if (strcmp(option_manuals[i].name, command) == 0) {
            print_manual(out, &option_manuals[i]);
            return true;
        }
    return false;
}

/* --- completions --- */

enum listed_part { OPTIONS, REPORT, ABOUT };
static const struct listed {
    const char *name;
    enum listed_part part;
} commands[] = {
#define COMMAND(name, part, does) {#name, part},
#include "options/commands.def"
#undef COMMAND
};

/* Their names with something between; those that are about others too, or not. */
static void print_names(FILE *out, const char *between, bool about) {
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (about || commands[i].part != ABOUT)
            fprintf(out, "%s%s", i == 0 ? "" : between, commands[i].name);
}

/* `holdfast report` reads its own; a test holds them against its help. */
static const char report_options[] = "--json --html --junit --hgrm --csv --compare --merge "
                                     "--tolerance --schema --help -h --version -V";

/* Whether its value is a file's name. */
static bool takes_file(const struct option_row *row) {
    return row->argument != NULL && strcmp(row->argument, "FILE") == 0;
}

/* "auto block line none", where the argument is a choice of words; else "". */
static const char *choices_of(const struct option_row *row, char words[static 64]) {
    words[0] = '\0';
    switch (row->kind) {
    case KIND_ui:
    case KIND_color:
    case KIND_sequence:
    case KIND_engine:
    case KIND_loss:
    case KIND_resume: snprintf(words, 64, "%s", row->argument); break;
    default: break;
    }
    for (char *at = words; *at != '\0'; at++)
        if (*at == '|')
            *at = ' ';
    return words;
}

static void print_bash_command(FILE *out, const struct option_manual *manual) {
    fprintf(out, "    %s) options='", manual->name);
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
        if ((row->commands & manual->command) == 0)
            continue;
        if (row->letter != 0)
            fprintf(out, "-%c ", row->letter);
        fprintf(out, "--%s ", option_name(row).text);
    }
    fputs("-h --help -V --version' ;;\n", out);
}

static void print_bash_values(FILE *out) {
    char words[64];
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
        if (row->kind == KIND_flag)
            continue;
        fputs("    ", out);
        if (row->letter != 0)
            fprintf(out, "-%c|", row->letter);
        fprintf(out, "--%s) ", option_name(row).text);
        if (takes_file(row))
            fputs("COMPREPLY=($(compgen -f -- \"$word\")) ;;\n", out);
        else
            fprintf(out, "COMPREPLY=($(compgen -W '%s' -- \"$word\")) ;;\n",
                    choices_of(row, words));
    }
}

static void print_bash(FILE *out) {
    fputs("# bash completion for holdfast, generated from its option table.\n"
          "_holdfast() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} "
          "command=run options\n"
          "    COMPREPLY=()\n"
          "    case ' ",
          out);
    print_names(out, " ", true);
    fprintf(out,
            " ' in *\" ${COMP_WORDS[1]} \"*) command=${COMP_WORDS[1]} ;; esac\n"
            "    if [[ $command == report ]]; then\n"
            "        COMPREPLY=($(compgen -W '%s' -- \"$word\") $(compgen -f -- \"$word\"))\n"
            "        return\n"
            "    fi\n"
            "    case $before in\n",
            report_options);
    print_bash_values(out);
    fputs("    *) before= ;;\n"
          "    esac\n"
          "    [[ -n $before ]] && return\n"
          "    case $command in\n",
          out);
    for (size_t i = 0; i < OPTION_MANUALS; i++)
        print_bash_command(out, &option_manuals[i]);
    fputs("    help) options='", out);
    print_names(out, " ", false);
    fputs("' ;;\n"
          "    esac\n"
          "    [[ $COMP_CWORD -eq 1 ]] && options+=' ",
          out);
    print_names(out, " ", true);
    fputs("'\n"
          "    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
          "}\n"
          "complete -F _holdfast holdfast\n",
          out);
}

/* In single quotes; in zsh's specifications a few more have a meaning. */
static void print_quoted(FILE *out, const char *text, const char *escaped) {
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else if (strchr(escaped, *text) != NULL)
            fprintf(out, "\\%c", *text);
        else
            putc(*text, out);
    }
}

static void print_zsh_row(FILE *out, const struct option_row *row, enum option_command command) {
    char words[64], long_name[OPTION_NAME_MAX + 2], letter[3] = "";
    snprintf(long_name, sizeof long_name, "--%s", option_name(row).text);
    if (row->letter != 0)
        snprintf(letter, sizeof letter, "-%c", row->letter);
    for (int i = letter[0] != '\0' ? 0 : 1; i < 2; i++) {
        fprintf(out, "        '%s%s[", option_is_list(row) ? "*" : "", i == 0 ? letter : long_name);
        print_quoted(out, option_help(row, command), "[]:\\");
        putc(']', out);
        if (row->kind != KIND_flag) {
            putc(':', out);
            print_quoted(out, row->argument, "[]:\\");
            putc(':', out);
            fputs(takes_file(row) ? "_files" : "", out);
            if (choices_of(row, words)[0] != '\0')
                fprintf(out, "(%s)", words);
        }
        fputs("' \\\n", out);
    }
}

static void print_zsh(FILE *out) {
    fputs("#compdef holdfast\n"
          "# zsh completion for holdfast, generated from its option table.\n"
          "local command=run\n"
          "if (( CURRENT == 2 )); then\n"
          "    compadd -- ",
          out);
    print_names(out, " ", true);
    fputs("\nfi\n"
          "case $words[2] in (",
          out);
    print_names(out, "|", true);
    fputs(") command=$words[2]; shift words; (( CURRENT-- )) ;; esac\n"
          "case $command in\n",
          out);
    for (size_t i = 0; i < OPTION_MANUALS; i++) {
        enum option_command command = option_manuals[i].command;
        fprintf(out, "(%s)\n    _arguments -s \\\n", option_manuals[i].name);
        for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
            if ((row->commands & command) != 0)
                print_zsh_row(out, row, command);
        fprintf(out,
                "        '(-h --help)'{-h,--help}'[help]' \\\n"
                "        '(-V --version)'{-V,--version}'[version]' \\\n"
                "        '*:%s:_files'\n    ;;\n",
                (command & COMMAND_URL) != 0 ? "URL" : "argument");
    }
    fprintf(out, "(report) compadd -- %s; _files ;;\n(help) compadd -- ", report_options);
    print_names(out, " ", false);
    fputs(" ;;\nesac\n", out);
}

static void print_fish_row(FILE *out, const struct option_row *row,
                           const struct option_manual *manual) {
    char words[64];
    fprintf(out, "complete -c holdfast -n '__holdfast_is %s' -l %s", manual->name,
            option_name(row).text);
    if (row->letter != 0)
        fprintf(out, " -s %c", row->letter);
    if (row->kind != KIND_flag)
        fputs(takes_file(row) ? " -r -F" : " -x", out);
    if (choices_of(row, words)[0] != '\0')
        fprintf(out, " -a '%s'", words);
    fputs(" -d '", out);
    for (const char *at = option_help(row, manual->command); *at != '\0'; at++) {
        if (*at == '\'' || *at == '\\')
            putc('\\', out);
        putc(*at, out);
    }
    fputs("'\n", out);
}

static void print_fish(FILE *out) {
    fputs("# fish completion for holdfast, generated from its option table.\n"
          "function __holdfast_is\n"
          "    set -l words (commandline -opc)\n"
          "    set -l command run\n"
          "    if set -q words[2]; and contains -- $words[2] ",
          out);
    print_names(out, " ", true);
    fputs("\n"
          "        set command $words[2]\n"
          "    end\n"
          "    test $command = $argv[1]\n"
          "end\n"
          "complete -c holdfast -f\n"
          "complete -c holdfast -n 'test (count (commandline -opc)) -eq 1' -a '",
          out);
    print_names(out, " ", true);
    fputs("'\n", out);
    for (size_t i = 0; i < OPTION_MANUALS; i++) {
        const struct option_manual *manual = &option_manuals[i];
        for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++)
            if ((row->commands & manual->command) != 0)
                print_fish_row(out, row, manual);
        fprintf(out,
                "complete -c holdfast -n '__holdfast_is %s' -l help -s h -d help\n"
                "complete -c holdfast -n '__holdfast_is %s' -l version -s V -d version\n",
                manual->name, manual->name);
    }
    fprintf(out,
            "complete -c holdfast -n '__holdfast_is report' -F -a '%s'\n"
            "complete -c holdfast -n '__holdfast_is help' -a '",
            report_options);
    print_names(out, " ", false);
    fputs("'\n", out);
}

bool options_print_completion(FILE *out, const char *shell) {
    static const struct {
        const char *shell;
        void (*print)(FILE *out);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strcmp(shells[i].shell, shell) == 0) {
            shells[i].print(out);
            return true;
        }
    return false;
}
