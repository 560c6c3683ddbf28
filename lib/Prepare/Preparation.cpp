// See Preparation.h. Without steps, each element is one cell.
#include "talweg/Prepare/Preparation.h"

#include "Number.h"

#include <fmt/format.h>

namespace talweg::prepare {

struct Preparation::Impl {
  Field field;
  std::vector<LearnedStep> learned;
};

Preparation::Preparation(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Preparation::Preparation(Preparation &&) noexcept = default;
Preparation &Preparation::operator=(Preparation &&) noexcept = default;
Preparation::~Preparation() = default;

Result<Preparation> Preparation::create(const Field &field) {
  return Preparation(std::make_unique<Impl>(Impl{field, {}}));
}

std::int64_t Preparation::columns() const { return impl->field.count(); }
int Preparation::passes() const { return 0; }
Fault Preparation::see(std::span<const Cell> cells) { return {}; }
Result<void> Preparation::finishPass() { return {}; }
const std::vector<LearnedStep> &Preparation::learned() const { return impl->learned; }

Result<void> Preparation::take(std::vector<LearnedStep> learned) {
  impl->learned = std::move(learned);
  return {};
}

std::optional<std::int64_t> Preparation::classes() const { return impl->field.classes; }
std::vector<std::string> Preparation::classNames() const { return {}; }

Fault Preparation::prepare(std::span<const Cell> cells, std::byte *to) const {
  for (std::size_t e = 0; e < cells.size(); ++e, to += sizeOf(impl->field.element))
    if (Fault fault = storeText(cells[e].text, impl->field, to)) {
      fault.cell = e;
      return fault;
    }
  return {};
}

} // namespace talweg::prepare
