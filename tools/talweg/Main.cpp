// The talweg command. It uses nothing but the public Engine API.
#include "Commands.h"
#include "Console.h"

#include "talweg/Engine/Engine.h"

#include <cstring>
#include <string>
#include <vector>

using namespace talweg::driver;

/// Takes MLIR's own debugging flags (--mlir-…) off the command line and passes them on.
static talweg::Result<void> passDebugFlags(int &argc, char **argv) {
  std::vector<std::string> flags;
  int kept = 0;
  for (int i = 0; i < argc; ++i) {
    if (i > 0 && std::strncmp(argv[i], "--mlir-", 7) == 0)
      flags.push_back(argv[i]);
    else
      argv[kept++] = argv[i];
  }
  argc = kept;
  argv[argc] = nullptr;
  if (flags.empty())
    return {};
  return talweg::setDebugFlags(flags);
}

int main(int argc, char **argv) {
  prepareStreams();
  if (auto passed = passDebugFlags(argc, argv); !passed) {
    report(passed.error(), false);
    return kUsage;
  }
  CommandLine line(argc, argv);
  addTrain(line);
  addEval(line);
  addPredict(line);
  addData(line);
  addInit(line);
  addCheck(line);
  addCompile(line);
  addGradcheck(line);
  addBench(line);
  addTune(line);
  addVersion(line);
  int code = line.run();
  return finishOutput() ? code : int(kFailed);
}
