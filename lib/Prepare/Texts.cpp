// Text to text.
#include "Texts.h"

#include "Number.h"
#include "StepTable.h"
#include "StepValues.h"
#include "Utf8.h"

#include <fmt/format.h>

namespace talweg::prepare {

namespace {
/// Makes a text of each by itself.
class EachText : public Work {
public:
  Fault apply(Row &row) const override {
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (isMissing(row.cells[i]))
        continue;
      if (Fault fault = faultOfUtf8(row.cells[i].text)) {
        fault.cell = i;
        return fault;
      }
      change(row, i);
    }
    return {};
  }

private:
  virtual void change(Row &row, std::size_t cell) const = 0;
};

class Lower : public EachText {
  void change(Row &row, std::size_t cell) const override {
    std::string lower = std::move(row.scratch);
    lower.clear();
    for (std::string_view text = row.cells[cell].text; !text.empty();)
      append(lower, lowerOf(takeFirst(text)));
    row.setText(cell, std::move(lower));
    row.scratch = std::move(lower);
  }
};

class Normalized : public EachText {
  void change(Row &row, std::size_t cell) const override { row.setText(cell, normalizedText(row.cells[cell].text)); }
};

/// Takes characters off both ends.
class Trimmed : public EachText {
public:
  Trimmed(const Step &step) {
    if (!step.values.empty())
      for (std::string_view text = std::get<std::string>(step.values[0]); !text.empty();)
        characters += takeFirst(text);
  }

private:
  bool isOff(char32_t character) const {
    return characters.empty() ? isSpace(character) : characters.find(character) != characters.npos;
  }
  void change(Row &row, std::size_t cell) const override {
    std::string_view text = row.cells[cell].text;
    for (std::string_view rest = text; !rest.empty() && isOff(takeFirst(rest));)
      text = rest;
    for (std::string_view rest = text; !rest.empty() && isOff(takeLast(rest));)
      text = rest;
    row.cells[cell].text = text;
  }

  std::u32string characters; ///< none: spaces
};

/// The text of cells that are numbers.
class NumbersAsText : public Work {
public:
  Fault apply(Row &row) const override {
    for (std::size_t i = 0; i < row.cells.size(); ++i)
      if (row.cells[i].kind == Cell::Number) {
        row.setText(i, fmt::format("{}", row.cells[i].number));
        if (double ignored; !std::isfinite(row.cells[i].number))
          return readNumber(row.cells[i].text, ignored);
      }
    return {};
  }
};
} // namespace

std::unique_ptr<Work> makeNumbersAsText() { return std::make_unique<NumbersAsText>(); }

const StepInfo lowerStep = {.name = "lower", .example = "lower", .make = [](const Place &) -> std::unique_ptr<Work> {
                              return std::make_unique<Lower>();
                            }};

const StepInfo normalizedStep = {
    .name = "normalized", .example = "normalized", .make = [](const Place &) -> std::unique_ptr<Work> {
      return std::make_unique<Normalized>();
    }};

const StepInfo trimmedStep = {
    .name = "trimmed",
    .example = "trimmed(\".\")",
    .wanted = "the characters to take off both ends, as one text; spaces without",
    .most = 1,
    .accepts = [](const StepValue &value) { return isText(value) && isUtf8(std::get<std::string>(value)); },
    .make = [](const Place &place) -> std::unique_ptr<Work> { return std::make_unique<Trimmed>(place.step); }};

} // namespace talweg::prepare
