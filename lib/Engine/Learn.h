// What the preparation of a program's data learns: before the program is elaborated, for sizes depend on it.
#ifndef TALWEG_ENGINE_LEARN_H
#define TALWEG_ENGINE_LEARN_H

#include "talweg/Data/Load.h"
#include "talweg/Engine/Engine.h"
#include "talweg/Frontend/Plan.h"
#include "talweg/Prepare/Preparation.h"

namespace talweg {

/// What a program's data are read from.
struct DataFiles {
  const std::vector<frontend::Split> &splits;
  const std::string &file; ///< the program's own
  std::optional<Fold> fold = {};
  int threads = 1; ///< that read them; 0: one for each core
  data::Limits limits = {};
};

/// What data may take, by the options or else by the machine's memory.
data::Limits limitsOf(const CompileOptions &options);

/// Columns by their names, or, of digits alone, by their numbers.
std::vector<data::ColumnRef> keysOf(const std::vector<std::string> &keys);

/// The source of the split `name`: as it is declared, or every row of the files of `given`, whose format is told by their contents; `-` is
/// standard input.
Result<data::Source> sourceOf(const DataFiles &files, const std::string &name, const std::string &given);

/// The column of classes that training on this split draws equally often, as declared, whatever file the split is read from.
std::optional<data::ColumnRef> balancedColumn(const std::vector<frontend::Split> &splits, const std::string &name);

/// The preparations of the rows of these fields. Those that learn have learned what `learned` tells of their field; E0848: it does not tell that.
Result<std::vector<prepare::Preparation>> preparationsOf(const std::vector<Field> &fields,
                                                         const std::vector<LearnedField> &learned);

/// What those of `fields` that learn something have learned: as `known` tells, with `grows` also words that it does not have; those whose names it
/// does not have, of the split `train`, or of the files of `given`. E0848: one that it has was declared otherwise.
Result<std::vector<LearnedField>> learnFields(const std::vector<Field> &fields, const DataFiles &files,
                                              const std::string &given, const std::vector<LearnedField> &known,
                                              bool grows);

} // namespace talweg

#endif
