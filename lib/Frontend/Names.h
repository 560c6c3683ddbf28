// What the file and the library declare, by name, and the values of `config`. The user's names are not seen by the library.
#ifndef TALWEG_LIB_FRONTEND_NAMES_H
#define TALWEG_LIB_FRONTEND_NAMES_H

#include "Value.h"

namespace talweg::frontend {

class Messages;

class Names {
public:
  /// Takes in the declarations of all files (0: the user's). What is declared twice is reported.
  void declare(const std::vector<ast::File> &files, Messages &messages);

  /// What `name` stands for in file number `file`; null: nothing.
  const ast::Decl *find(const std::string &name, int file) const;
  const Value *findConfig(const std::string &name, int file) const;
  /// The names of the user's declarations of these kinds, then of the library's.
  std::vector<std::string> namesOf(std::initializer_list<ast::Decl::Kind> kinds, bool withLibrary = true) const;

  const ast::Decl *train = nullptr, *data = nullptr, *model = nullptr; ///< of the experiment, as soon as they are known
  std::map<std::string, Value> configs;                                ///< those evaluated so far

private:
  std::map<std::string, const ast::Decl *> user, library;
};

} // namespace talweg::frontend

#endif
