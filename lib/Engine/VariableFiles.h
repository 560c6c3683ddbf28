// Files of a session's variables: the model's (parameters, or their averages, and states, as eval and predict read them) and the optimizer's
// (slots, and parameters that have averages).
#ifndef TALWEG_ENGINE_VARIABLEFILES_H
#define TALWEG_ENGINE_VARIABLEFILES_H

#include "Files.h"
#include "MomentState.h"
#include "Safetensors.h"

#include "talweg/Engine/Engine.h"

namespace talweg {

struct Standing;

/// A file of variables, as it is written.
struct VariableFile {
  std::vector<SafeTensor> tensors;
  std::vector<Pieces> contents; ///< of the tensors
  std::string head;
  std::uint64_t size = 0; ///< of the file in bytes

  Pieces pieces() const;
};
/// Of a session, where it stands or stood, as long as both stay as they are; with `all`, those too that moments do not hold.
VariableFile encode(const Session::Impl &session, const Standing &standing, bool optimizerFile, bool all = false);

/// Of names, types, shapes and values, in whichever order they are stored.
std::string digestOf(const std::vector<SafeTensor> &tensors);

/// New contents of one variable, checked.
struct Replacement {
  const Variable *variable;
  const SafeTensor *tensor;
};
/// Whether a variable can have these values. The tensor is smaller where a pattern of `grow` fits the variable's parameter.
Result<Replacement> checkTensor(const Session::Impl &session, const Variable &variable, const SafeTensor &tensor,
                                const std::string &path, const std::vector<std::string> &grow);
/// Pairs the tensors of the optimizer's or the model's file with the session's variables. Only states may be absent, if
/// `statesOptional`; nothing may be left over.
Result<std::vector<Replacement>> match(const Session::Impl &session, const SafetensorsFile &file,
                                       const std::string &path, bool optimizerFile, bool statesOptional,
                                       const std::vector<std::string> &grow);
/// Reads the values into their places. What is larger than its tensor keeps what it is beyond it. E0801: the file is no longer what was
/// checked; the session then begins anew.
Result<void> putInPlace(Session::Impl &session, const std::vector<Replacement> &replacements);
/// A parameter begins where its average is.
void addParameters(const Session::Impl &session, std::vector<Replacement> &replacements);
/// What has only upper halves are the numbers with nothing below.
void clearLowHalves(Session::Impl &session, const std::vector<Replacement> &replacements);

/// Of the parameters that moments do not hold, where the session stands; empty where they hold all.
std::string unsavedDigest(const Session::Impl &session);

/// A model's file, and what the moment says that it is of, if it is of one.
struct ModelFile {
  std::string path;
  SafetensorsFile model;
  std::optional<MomentState> state;
};
/// From a file, or from the folder of a run or of a moment, as it was saved: by its digest, which earlier
/// versions did not have; they had it in the run's folder itself.
Result<ModelFile> readModel(const std::string &path);

} // namespace talweg

#endif
