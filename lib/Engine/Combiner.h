// Makes numbers of all rows of those that batches tell.
#ifndef TALWEG_LIB_ENGINE_COMBINER_H
#define TALWEG_LIB_ENGINE_COMBINER_H

#include "talweg/Support/Manifest.h"

namespace talweg {

/// Combines what a part tells with what all parts before it have told; nothing, if there were none.
void combine(const Manifest &manifest, std::vector<double> &all, const std::vector<double> &part);

class Combiner {
public:
  /// Takes what `count` batches of a pass have told, in the order of the batches.
  void take(const Manifest &manifest, std::int64_t pass, std::int64_t count, const std::vector<double> &out);
  /// Ranks what a pass has told to be ranked.
  void endPass(const Manifest &manifest, std::int64_t pass);
  /// As a native call takes them: the sums, then each ranking, of `rows` rows.
  std::vector<double> values(std::int64_t rows) const;

private:
  bool hasBegun = false;
  std::vector<double> sums;
  std::vector<std::vector<double>> columns; ///< to be ranked once their pass is done, then ranks
};

} // namespace talweg

#endif
