// state.json of a moment: what it says of itself, with the digests that hold its files together. Also one of its own, so that a state that
// was changed is known.
#ifndef TALWEG_ENGINE_MOMENTSTATE_H
#define TALWEG_ENGINE_MOMENTSTATE_H

#include "talweg/Engine/Engine.h"

namespace talweg {

/// The run that a session has begun with.
struct Beginning {
  std::string path;                                          ///< absolute; empty: it began from its seed
  std::vector<std::pair<std::string, std::string>> map = {}; ///< as in InitOptions
  std::vector<std::string> grow = {};
};

struct MomentState : Moment {
  std::string model, optimizer; ///< digests of what is in these files
  std::string rollback;         ///< of the moment to go back to; empty: there is none
  std::string unsaved;          ///< of the parameters that moments do not hold (PlanFacts::saved); empty: they hold all
  Beginning beginning;          ///< where these are
};

std::string textOf(const MomentState &state);
/// `path` is for messages. E0865: it is none, or of another version; E0866: it was changed after it was saved.
Result<MomentState> parseState(const std::string &text, const std::string &path);
/// Whether it is a state as versions before moments wrote it.
bool isOfEarlierVersion(const std::string &text);

} // namespace talweg

#endif
