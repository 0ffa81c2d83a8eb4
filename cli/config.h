/**
 * config.h - the environment and configuration files.          [layer: cli]
 *
 * ZPL text, a section for each scope and a key for each option:
 *
 *     common
 *         master = "tcp://head:4725"
 *     worker
 *         slots = 4
 *         queue = "gpu cpu"
 *
 * A section or key that does not exist is refused with its line.
 */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "cli/setting.h"

/** Add to run's settings what the environment, the configuration files and the
 * defaults say, and check every value.  What is wrong is said and ends the
 * program with 64 or 78. */
void config_settle(struct run *run);

/** "$XDG_CONFIG_HOME/stint/stint.conf" or "~/.config/…"; NULL without both.
 * Gives the text. */
char *config_user_path(void);

/** "$XDG_STATE_HOME/stint", "~/.local/state/stint", or "/var/lib/stint": where
 * clients look for access files, too.  Gives the text. */
char *config_default_data_path(void);

/** The directory of a master: --data, else the default.  Gives the text. */
char *config_data_path(const struct run *run);

#endif
