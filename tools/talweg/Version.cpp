// talweg version: what this binary is.
#include "Commands.h"
#include "Console.h"
#include "Experiment.h"

#include <fmt/format.h>

namespace talweg::driver {

void addVersion(CommandLine &line) {
  static bool json = false;
  Command command = line.add("version", "the versions of talweg and LLVM, and this processor",
                             "Shows the version of talweg, the LLVM it generates code with, the processor it generates "
                             "code for, the width of its vectors and the number of threads used by default.");
  command.flag(json, "--json", "one JSON object on standard output");
  command.action([] {
    Json facts = versionFacts();
    if (json) {
      Json event{{"event", "version"}};
      event.update(facts);
      printLine(eventText(event));
      return int(kOk);
    }
    for (const auto &[name, value] : facts.items())
      printLine(fmt::format("{:<12}{}", name, value.get<std::string>()));
    return int(kOk);
  });
}

} // namespace talweg::driver
