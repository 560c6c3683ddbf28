#include "TypeNames.h"

#include "talweg/Support/ElementType.h"

using namespace talweg;

std::vector<std::string> frontend::with(std::vector<std::string> list, const std::vector<std::string> &more) {
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

/// Numbers with which the program computes, or that are only stored.
static std::vector<std::string> numbers(bool onlyStored, bool floats) {
  std::vector<std::string> names;
  for (const ElementInfo &info : kElementTypes)
    if (info.isOfFields() && info.isOnlyStored() == onlyStored && info.isFloat() == floats)
      names.emplace_back(info.text);
  return names;
}

static std::vector<std::string> computed() { return frontend::with(numbers(false, true), numbers(false, false)); }

static std::vector<std::string> onlyStored(bool floatsToo) {
  return frontend::with(numbers(true, false), floatsToo ? numbers(true, true) : std::vector<std::string>());
}

const std::vector<std::string> &frontend::fieldTypes() {
  static const std::vector<std::string> names = with(with(computed(), onlyStored(true)), {"class", "category"});
  return names;
}

const std::vector<std::string> &frontend::tensorTypes() {
  static const std::vector<std::string> names = with(with(computed(), onlyStored(false)), {"bool"});
  return names;
}

const std::vector<std::string> &frontend::allTypes() {
  static const std::vector<std::string> names =
      with(with(computed(), onlyStored(true)), {"bool", "class", "category", "int", "float", "string", "schedule"});
  return names;
}
