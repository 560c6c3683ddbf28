// What the preparation of a program's data learns: before the program is elaborated, for sizes depend on it.
#ifndef TALWEG_ENGINE_LEARN_H
#define TALWEG_ENGINE_LEARN_H

#include "talweg/Data/Load.h"
#include "talweg/Frontend/Plan.h"
#include "talweg/Prepare/Preparation.h"

namespace talweg {

/// The source of the split `name` of the program in `file`: as it is declared, or the files of `given`, whose format is told by their contents.
Result<data::Source> sourceOf(const std::vector<frontend::Split> &splits, const std::string &file,
                              const std::string &name, const std::string &given);

/// The preparations of the rows of these fields. Those that learn have learned what `learned` tells of their field; E0848: it does not tell that.
Result<std::vector<prepare::Preparation>> preparationsOf(const std::vector<Field> &fields,
                                                         const std::vector<LearnedField> &learned);

/// What the fields that learn something learn of the split `train` of the program in `file`, or of the files of `given`.
Result<std::vector<LearnedField>> learnFields(const frontend::DataDeclaration &data, const std::string &file,
                                              const std::string &given);

} // namespace talweg

#endif
