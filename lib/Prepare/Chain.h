// The steps of a field in their order, fitted to each other and to the field. Internal.
#ifndef TALWEG_LIB_PREPARE_CHAIN_H
#define TALWEG_LIB_PREPARE_CHAIN_H

#include "Work.h"
#include "talweg/Prepare/Steps.h"

namespace talweg::prepare {

struct Link {
  std::unique_ptr<Work> work;
  std::optional<std::size_t> step = {}; ///< its number among those that may learn; none: it is read as declared
};

struct Chain {
  std::vector<Link> links;
  std::int64_t columns = 0; ///< cells of a record
  std::size_t steps =
      0; ///< those that may learn: the declared ones, and the vocabulary of a category that declares none
  Flow gives = Flow::Text;
};

/// The chain of a field, or what is wrong with it.
Fault makeChain(const Field &field, Chain &chain);

/// `f32[5]`, `class["a", "b"]`, `category[64]`.
std::string typeText(const Field &field);

} // namespace talweg::prepare

#endif
