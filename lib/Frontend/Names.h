// What the file and the library declare, by name, and the values of `config`. The user's names are not seen by the library.
#ifndef TALWEG_LIB_FRONTEND_NAMES_H
#define TALWEG_LIB_FRONTEND_NAMES_H

#include "Value.h"

namespace talweg::frontend {

class Names {
public:
  explicit Names(std::vector<std::string> builtins) : builtins(std::move(builtins)) {}

  /// Takes in a declaration of file number `file` (0: the user's). Null, or the one that has its name already and keeps it.
  const ast::Decl *declare(const ast::Decl &decl, int file);

  /// What `name` stands for in file number `file`; null: nothing.
  const ast::Decl *find(const std::string &name, int file) const;
  /// The rule of an average of this name; null: none.
  const ast::Decl *findAverage(const std::string &name, int file) const;
  /// The user's or the library's rule for the derivative of a function; null: it has none of its own.
  const ast::Decl *derivativeOf(const ast::Decl &function) const;
  const Value *findConfig(const std::string &name, int file) const;
  /// The names of the user's declarations of these kinds, then of the library's.
  std::vector<std::string> namesOf(std::initializer_list<ast::Decl::Kind> kinds, bool withLibrary = true) const;

  bool isBuiltin(const std::string &name) const;

  const std::vector<std::string> builtins;                             ///< functions that the compiler knows
  const ast::Decl *train = nullptr, *data = nullptr, *model = nullptr; ///< of the experiment, as soon as they are known
  std::map<std::string, Value> configs;                                ///< those evaluated so far

private:
  std::map<std::string, const ast::Decl *> user, library;
  std::map<std::pair<bool, std::string>, const ast::Decl *> derivatives; ///< of the user's functions, or not, by name
};

} // namespace talweg::frontend

#endif
