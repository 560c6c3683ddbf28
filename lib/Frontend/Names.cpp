// Declarations, and which of them a name stands for.
#include "Names.h"

#include <algorithm>
#include <utility>

using namespace talweg;
using namespace talweg::frontend;
using ast::Decl;

/// Averages have names of their own, beside those of functions (`uniform`).
static std::string averageKey(const std::string &name) { return "average " + name; }

const Decl *Names::declare(const Decl &decl, int file) {
  if (decl.kind == Decl::Train)
    return train ? train : std::exchange(train, &decl);
  if (decl.kind == Decl::Derivative) {
    const auto [place, isNew] = derivatives.insert({{file == 0, decl.name.text}, &decl});
    return isNew ? nullptr : place->second;
  }
  const std::string key = decl.kind == Decl::Average ? averageKey(decl.name.text) : decl.name.text;
  const auto [place, isNew] = (file == 0 ? user : library).insert({key, &decl});
  return isNew ? nullptr : place->second;
}

const Decl *Names::find(const std::string &name, int file) const {
  if (file == 0)
    if (const auto found = user.find(name); found != user.end())
      return found->second;
  const auto found = library.find(name);
  return found != library.end() ? found->second : nullptr;
}

const Decl *Names::findAverage(const std::string &name, int file) const { return find(averageKey(name), file); }

const Decl *Names::derivativeOf(const Decl &function) const {
  const auto found = derivatives.find({function.name.range.file == 0, function.name.text});
  return found != derivatives.end() ? found->second : nullptr;
}

const Value *Names::findConfig(const std::string &name, int file) const {
  const auto found = file == 0 ? configs.find(name) : configs.end();
  return found != configs.end() ? &found->second : nullptr;
}

bool Names::isBuiltin(const std::string &name) const {
  return std::find(builtins.begin(), builtins.end(), name) != builtins.end();
}

std::vector<std::string> Names::namesOf(std::initializer_list<Decl::Kind> kinds, bool withLibrary) const {
  std::vector<std::string> names;
  for (const auto *decls : {&user, &library})
    if (decls == &user || withLibrary)
      for (const auto &[name, decl] : *decls)
        if (std::find(kinds.begin(), kinds.end(), decl->kind) != kinds.end())
          names.push_back(decl->name.text);
  return names;
}
