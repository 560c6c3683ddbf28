// The subcommands: one function and one file each.
#ifndef TALWEG_TOOL_COMMANDS_H
#define TALWEG_TOOL_COMMANDS_H

#include "Options.h"

namespace talweg::driver {

void addTrain(CommandLine &line);
void addEval(CommandLine &line);
void addPredict(CommandLine &line);
void addData(CommandLine &line);
void addInit(CommandLine &line);
void addCheck(CommandLine &line);
void addCompile(CommandLine &line);
void addGradcheck(CommandLine &line);
void addBench(CommandLine &line);
void addTune(CommandLine &line);
void addVersion(CommandLine &line);

} // namespace talweg::driver

#endif
