// See Preparation.h.
#include "talweg/Prepare/Preparation.h"

#include "Chain.h"
#include "Number.h"

#include <fmt/format.h>

#include <cstring>
#include <numeric>

namespace talweg::prepare {

struct Preparation::Impl {
  Field field;
  Chain chain;
  std::vector<LearnedStep> learned;  ///< of each step
  std::vector<std::size_t> learners; ///< the links that learn, in their order, a pass each
  std::size_t done = 0;              ///< learners that have learned

  bool isReady() const { return done == learners.size(); }
  /// Gives the cells of a record to the links before number `end`. A fault names the cell.
  Fault run(const Records &records, std::size_t record, std::size_t end, Row &row) const;
  Fault prepare(const Records &records, std::size_t record, Row &row, std::byte *to) const;
  Fault toCell(Fault fault, std::size_t link) const;
  Error errorOf(const Fault &fault) const;
  Result<void> checkClasses() const;
};

static Error errorWithoutPlace(const Fault &fault, std::string_view of = {}) {
  std::string text = fmt::format("error: {}{}", fault.situation, of);
  if (!fault.help.empty())
    text += "\nhelp: " + fault.help;
  return {std::string(fault.code), text};
}

Error Preparation::Impl::errorOf(const Fault &fault) const {
  return errorWithoutPlace(fault, fmt::format(" (field `{}: {}`)", field.name, typeText(field)));
}

/// The number of a value that link number `link` takes becomes the number of a cell.
Fault Preparation::Impl::toCell(Fault fault, std::size_t link) const {
  while (link-- > 0)
    fault.cell = chain.links[link].work->sourceOf(fault.cell);
  return fault;
}

Fault Preparation::Impl::run(const Records &records, std::size_t record, std::size_t end, Row &row) const {
  row.cells.resize(records.columns.size());
  for (std::size_t i = 0; i < row.cells.size(); ++i) {
    const Cell &cell = records.cell(record, i);
    row.cells[i] = cell.kind == Cell::Missing ? Cell() : cell; // without the text that a file has for that
  }
  for (std::size_t i = 0; i < end; ++i)
    if (Fault fault = chain.links[i].work->apply(row))
      return toCell(std::move(fault), i);
  return {};
}

/// What is used of a row, kept for the next one.
static Row &rowOfThread() {
  thread_local Row row;
  return row;
}

Preparation::Preparation(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Preparation::Preparation(Preparation &&) noexcept = default;
Preparation &Preparation::operator=(Preparation &&) noexcept = default;
Preparation::~Preparation() = default;

Result<Preparation> Preparation::create(const Field &field) {
  auto impl = std::make_unique<Impl>();
  impl->field = field;
  if (field.classes || field.category)
    impl->field.element = ElementType::I32;
  if (const Fault fault = makeChain(impl->field, impl->chain))
    return errorWithoutPlace(fault);
  impl->learned.resize(impl->chain.steps);
  for (std::size_t i = 0; i < impl->chain.links.size(); ++i)
    if (impl->chain.links[i].work->learns())
      impl->learners.push_back(i);
  return Preparation(std::move(impl));
}

std::int64_t Preparation::columns() const { return impl->chain.columns; }
int Preparation::passes() const { return int(impl->learners.size()); }

namespace {
/// The cells of one record, of which a field takes all.
class OneRecord {
public:
  explicit OneRecord(std::span<const Cell> cells) : first(cells.data()), columns(cells.size()) {
    std::iota(columns.begin(), columns.end(), 0);
  }
  Records records() const { return {{&first, 1}, columns}; }

private:
  const Cell *first;
  std::vector<std::int64_t> columns;
};
} // namespace

static Fault faultOf(std::optional<RowFault> of) { return of ? std::move(of->fault) : Fault(); }

Fault Preparation::see(std::span<const Cell> cells) { return faultOf(see(OneRecord(cells).records())); }

std::optional<RowFault> Preparation::see(const Records &records) {
  if (impl->isReady())
    return {};
  Row &row = rowOfThread();
  const std::size_t link = impl->learners[impl->done];
  for (std::size_t record = 0; record < records.count(); ++record) {
    Fault fault = impl->run(records, record, link, row);
    if (!fault)
      fault = impl->toCell(impl->chain.links[link].work->see(row), link);
    if (fault)
      return RowFault{record, std::move(fault)};
  }
  return {};
}

std::int64_t Preparation::bytesSeen() const {
  return impl->isReady() ? 0 : impl->chain.links[impl->learners[impl->done]].work->bytesSeen();
}

Result<void> Preparation::finishPass() {
  if (impl->isReady())
    return {};
  const Link &link = impl->chain.links[impl->learners[impl->done]];
  LearnedStep &learned = impl->learned[*link.step];
  learned = {};
  if (const Fault fault = link.work->learn(learned))
    return impl->errorOf(fault);
  if (!link.work->take(learned))
    return Error{"internal", fmt::format("error: field `{}` cannot go by what it has learned", impl->field.name)};
  ++impl->done;
  return impl->isReady() ? impl->checkClasses() : Result<void>();
}

const std::vector<LearnedStep> &Preparation::learned() const { return impl->learned; }

Result<void> Preparation::take(std::vector<LearnedStep> learned) {
  bool fits = learned.size() == impl->learned.size();
  for (const Link &link : impl->chain.links)
    if (fits && link.step)
      fits = link.work->take(learned[*link.step]);
  if (!fits)
    return impl->errorOf({"E0762", "what was learned is not what the steps of this field learn",
                          "go by what a run has learned with the same declaration of the data"});
  impl->learned = std::move(learned);
  impl->done = impl->learners.size();
  return impl->checkClasses();
}

Result<void> Preparation::Impl::checkClasses() const {
  const std::optional<std::int64_t> classes = chain.links.empty() ? std::nullopt : chain.links.back().work->classes();
  if (!classes || !field.classes || *classes <= *field.classes)
    return {};
  return errorOf({"E0760",
                  fmt::format("the rows to learn from have {} classes, and the field {}", *classes, *field.classes),
                  "declare the field as `category`, or learn fewer, as in `vocabulary(most = 8)`"});
}

std::optional<std::int64_t> Preparation::classes() const {
  if (impl->field.classes || impl->chain.links.empty() || !impl->isReady())
    return impl->field.classes;
  return impl->chain.links.back().work->classes();
}

std::vector<std::string> Preparation::classNames() const {
  if (!impl->field.names.empty() || impl->chain.links.empty() || !impl->isReady())
    return impl->field.names;
  std::vector<std::string> names = impl->chain.links.back().work->classNames();
  if (!names.empty())
    names.resize(std::size_t(*classes()));
  return names;
}

Fault Preparation::prepare(std::span<const Cell> cells, std::byte *to) const {
  return faultOf(prepare(OneRecord(cells).records(), to));
}

std::optional<RowFault> Preparation::prepare(const Records &records, std::byte *to) const {
  if (impl->chain.links.empty())
    return storeCells(records, impl->field, to);
  if (!impl->isReady())
    return RowFault{0, {"internal", fmt::format("field `{}` is prepared before it has learned", impl->field.name)}};
  Row &row = rowOfThread();
  const std::int64_t bytes = impl->field.bytes();
  for (std::size_t record = 0; record < records.count(); ++record, to += bytes)
    if (Fault fault = impl->prepare(records, record, row, to))
      return RowFault{record, std::move(fault)};
  return {};
}

Fault Preparation::Impl::prepare(const Records &records, std::size_t record, Row &row, std::byte *to) const {
  const std::size_t links = chain.links.size();
  if (Fault fault = run(records, record, links, row))
    return fault;
  if (chain.gives == Flow::Labels) {
    std::memcpy(to, row.labels.data(), row.labels.size() * sizeof row.labels[0]);
    return {};
  }
  const std::int64_t bytes = sizeOf(field.element);
  const bool isOfCells = chain.gives == Flow::Text;
  for (std::size_t i = 0, count = isOfCells ? row.cells.size() : row.numbers.size(); i < count; ++i, to += bytes)
    if (Fault fault = isOfCells ? storeCell(row.cells[i], field, to) : storeNumber(row.numbers[i], field, to)) {
      fault.cell = i;
      return toCell(std::move(fault), links);
    }
  return {};
}

} // namespace talweg::prepare
