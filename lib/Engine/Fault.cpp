// See Fault.h.
#include "Fault.h"

#include "talweg/Support/Counted.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

using namespace talweg;

static std::string valueText(double value) { return std::isnan(value) ? "nan" : fmt::format("{}", value); }

std::string talweg::rowText(const Dataset::Impl &data, std::int64_t row) {
  if (data.files.empty())
    return fmt::format("row {} of the data", row);
  return fmt::format("row {} of {}", data.table.kept.inFile(row), fmt::join(data.files, ", "));
}

Error talweg::faultError(const Compiler &compiler, const Manifest &manifest, const Dataset &data, const Fault &fault) {
  const FaultSite &site = manifest.faults[std::size_t(fault.site)];
  std::string message = site.message;
  if (std::size_t at = message.find("{}"); at != std::string::npos)
    message.replace(at, 2, valueText(fault.value));
  std::string more = "\nnote: ";
  if (!site.notFinite) // that is told of the whole step
    more += "in " + (fault.row ? rowText(*data.impl, *fault.row) : "a batch of " + counted(manifest.batch, "row"));
  if (fault.step)
    more += fmt::format("{}at step {}, which has changed nothing", site.notFinite ? "" : ", ", *fault.step);
  if (!site.help.empty())
    more += "\nhelp: " + site.help;
  return compiler.errorAt(site.file, site.line, site.column, message, site.notFinite ? "E0858" : "E0856", more);
}
