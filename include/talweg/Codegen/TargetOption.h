// A target as the option of a pass or a pipeline: --talweg-plan-products=target=x86-64-v3.
#ifndef TALWEG_CODEGEN_TARGETOPTION_H
#define TALWEG_CODEGEN_TARGETOPTION_H

#include "talweg/Codegen/Target.h"

#include "llvm/Support/CommandLine.h"

namespace llvm::cl {

template <>
class parser<talweg::Target> : public basic_parser<talweg::Target> {
public:
  using basic_parser::basic_parser;

  /// From its name; true for an error, which is told.
  bool parse(Option &option, StringRef, StringRef text, talweg::Target &value) {
    talweg::Result<talweg::Target> target = talweg::targetFromName(text.str());
    if (!target)
      return option.error(target.error().message);
    value = std::move(*target);
    return false;
  }
  static void print(raw_ostream &stream, const talweg::Target &value) { stream << value.name; }
  void printOptionDiff(const Option &, const talweg::Target &, OptionValue<talweg::Target>, std::size_t) const {}
  StringRef getValueName() const override { return "processor"; }
};

} // namespace llvm::cl

#endif
