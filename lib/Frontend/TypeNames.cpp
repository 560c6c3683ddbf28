#include "TypeNames.h"

#include "talweg/Support/ElementType.h"

using namespace talweg;

std::vector<std::string> frontend::with(std::vector<std::string> list, const std::vector<std::string> &more) {
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

static std::vector<std::string> onlyStored(bool floatsToo) {
  std::vector<std::string> names;
  for (const ElementInfo &info : kElementTypes)
    if (info.isOnlyStored() && (floatsToo || !info.isFloat()))
      names.emplace_back(info.text);
  return names;
}

static std::vector<std::string> computed() { return {"f32", "f64", "i32"}; }

const std::vector<std::string> &frontend::fieldTypes() {
  static const std::vector<std::string> names = with(with(computed(), onlyStored(true)), {"class"});
  return names;
}

const std::vector<std::string> &frontend::tensorTypes() {
  static const std::vector<std::string> names = with(with(computed(), onlyStored(false)), {"bool"});
  return names;
}

const std::vector<std::string> &frontend::allTypes() {
  static const std::vector<std::string> names =
      with(with(computed(), onlyStored(true)), {"bool", "class", "int", "float", "string", "schedule"});
  return names;
}
