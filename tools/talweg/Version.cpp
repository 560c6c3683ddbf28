// talweg version: what this binary is.
#include "Commands.h"
#include "Console.h"
#include "Experiment.h"

#include <sstream>

namespace talweg::driver {

void addVersion(CommandLine &line) {
  static bool json = false;
  Command command = line.add("version", "the versions of talweg and LLVM, and this processor",
                             "Shows the version of talweg, the LLVM it generates code with, the processor it generates "
                             "code for, the width of its vectors and the number of threads used by default.");
  command.flag(json, "--json", "one JSON object on standard output");
  command.action([] {
    Json event{{"event", "version"}};
    std::istringstream details(versionDetails());
    for (std::string line; std::getline(details, line);) {
      size_t colon = line.find(": ");
      if (colon == std::string::npos)
        continue;
      std::string name = line.substr(0, colon), value = line.substr(colon + 2);
      if (json)
        event[name] = value;
      else
        printLine(name + std::string(name.size() < 12 ? 12 - name.size() : 1, ' ') + value);
    }
    if (json)
      printLine(eventText(event));
    return int(kOk);
  });
}

} // namespace talweg::driver
