// Declarations, and which of them a name stands for.
#include "Names.h"

#include "Messages.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

using namespace talweg;
using namespace talweg::frontend;
using ast::Decl;

void Names::declare(const std::vector<ast::File> &files, Messages &messages) {
  for (std::size_t file = 0; file < files.size(); ++file)
    for (const auto &decl : files[file].decls) {
      if (decl->kind == Decl::Train) {
        if (train)
          messages.fail(Code::AlreadyDefined, decl->range, "a file has one `train`")
              .note(train->range, "the first is here");
        else
          train = decl.get();
        continue;
      }
      const auto [first, isNew] = (file == 0 ? user : library).insert({decl->name.text, decl.get()});
      if (!isNew)
        messages.fail(Code::AlreadyDefined, decl->name.range, fmt::format("`{}` is declared twice", decl->name.text))
            .note(first->second->name.range, "first here");
      std::set<std::string> formals;
      for (const ast::Formal &formal : decl->formals)
        if (!formals.insert(formal.name.text).second)
          messages.fail(Code::AlreadyDefined, formal.name.range,
                        fmt::format("`{}` has two parameters named `{}`", decl->name.text, formal.name.text));
    }
}

const Decl *Names::find(const std::string &name, int file) const {
  if (file == 0)
    if (const auto found = user.find(name); found != user.end())
      return found->second;
  const auto found = library.find(name);
  return found != library.end() ? found->second : nullptr;
}

const Value *Names::findConfig(const std::string &name, int file) const {
  const auto found = file == 0 ? configs.find(name) : configs.end();
  return found != configs.end() ? &found->second : nullptr;
}

std::vector<std::string> Names::namesOf(std::initializer_list<Decl::Kind> kinds, bool withLibrary) const {
  std::vector<std::string> names;
  for (const auto *decls : {&user, &library})
    if (decls == &user || withLibrary)
      for (const auto &[name, decl] : *decls)
        if (std::find(kinds.begin(), kinds.end(), decl->kind) != kinds.end())
          names.push_back(name);
  return names;
}
