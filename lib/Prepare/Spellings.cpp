// Numbers and truths in the spellings of a file.
#include "Spellings.h"

#include "Number.h"
#include "StepTable.h"
#include "StepValues.h"

#include <fmt/format.h>

#include <array>

namespace talweg::prepare {

//===-- as numbers are read without a step --------------------------------------------------------------------------===//

namespace {
/// Makes a number of each cell by itself.
class CellsToNumbers : public Work {
public:
  Fault apply(Row &row) const override {
    row.numbers.resize(row.cells.size());
    for (std::size_t i = 0; i < row.cells.size(); ++i)
      if (Fault fault = read(row, row.cells[i], row.numbers[i])) {
        fault.cell = i;
        return fault;
      }
    return {};
  }

private:
  Fault read(Row &row, const Cell &cell, double &number) const {
    number = missing;
    if (isMissing(cell))
      return {};
    if (cell.kind == Cell::Text)
      return readCell(row, cell.text, number);
    number = cell.number;
    if (!std::isfinite(number))
      return readNumber(fmt::format("{}", number), number);
    return accept(number);
  }
  virtual Fault readCell(Row &row, std::string_view text, double &number) const = 0;
  /// What is wrong with a finite number.
  virtual Fault accept(double number) const { return {}; }
};

class PlainNumbers : public CellsToNumbers {
  Fault readCell(Row &, std::string_view text, double &number) const override { return readNumber(text, number); }
};
} // namespace

std::unique_ptr<Work> makePlainNumbers() { return std::make_unique<PlainNumbers>(); }

//===-- number ----------------------------------------------------------------------------------------------------===//

namespace {
class DeclaredNumbers : public CellsToNumbers {
public:
  DeclaredNumbers(const Step &step)
      : thousands(namedOf<std::string>(step, "thousands").value_or("")),
        decimal(namedOf<std::string>(step, "decimal").value_or(".")),
        unit(namedOf<std::string>(step, "unit").value_or("")) {}

private:
  Fault readCell(Row &row, std::string_view text, double &number) const override;
  /// What `text` says in the spelling that is read without a step; false where it is not in this one.
  bool respell(std::string_view text, std::string &plain) const;

  std::string thousands, decimal, unit;
};
} // namespace

static std::string_view withoutSpaces(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  return first == text.npos ? "" : text.substr(first, last - first + 1);
}

static bool isDigit(char c) { return c >= '0' && c <= '9'; }

bool DeclaredNumbers::respell(std::string_view text, std::string &plain) const {
  plain.clear();
  text = withoutSpaces(text);
  const auto takeSign = [&] {
    if (plain.empty() && !text.empty() && (text[0] == '-' || text[0] == '+')) {
      plain = text[0];
      text = withoutSpaces(text.substr(1));
    }
  };
  takeSign();
  if (!unit.empty() && text.starts_with(unit))
    text = withoutSpaces(text.substr(unit.size()));
  else if (!unit.empty() && text.ends_with(unit))
    text = withoutSpaces(text.substr(0, text.size() - unit.size()));
  takeSign();
  std::size_t group = 0; // digits since the last mark of thousands
  bool isGrouped = false, isWhole = true;
  while (!text.empty()) {
    if (isWhole && !thousands.empty() && text.starts_with(thousands)) {
      if (isGrouped ? group != 3 : group < 1 || group > 3)
        return false;
      isGrouped = true;
      group = 0;
      text.remove_prefix(thousands.size());
    } else if (isWhole && text.starts_with(decimal)) {
      if (isGrouped && group != 3)
        return false;
      isWhole = false;
      plain += '.';
      text.remove_prefix(decimal.size());
    } else if (isDigit(text[0])) {
      ++group;
      plain += text[0];
      text.remove_prefix(1);
    } else { // an exponent, or nothing that a number has
      if (text[0] != 'e' && text[0] != 'E')
        return false;
      plain += text;
      break;
    }
  }
  return !(isWhole && isGrouped && group != 3) && isNumber(plain);
}

Fault DeclaredNumbers::readCell(Row &row, std::string_view text, double &number) const {
  if (respell(text, row.scratch))
    return readNumber(row.scratch, number);
  std::string help = fmt::format("decimals are written with `{}`", decimal);
  if (!thousands.empty())
    help += fmt::format(", and groups of three digits are separated by `{}`", thousands);
  if (!unit.empty())
    help += fmt::format("; the unit is `{}`", unit);
  return {"E0758", quoted(text) + " is not a number as it is declared", help};
}

static bool isMark(const StepValue &value) {
  return isOneCharacter(value) && std::get<std::string>(value).find_first_of("0123456789+-eE") == std::string::npos;
}

static constexpr StepOption numberOptions[] = {{"thousands", "one character, such as \",\"", isMark},
                                               {"decimal", "one character, such as \",\"", isMark},
                                               {"unit", "a text, such as \"kg\"", isText}};

static std::string_view unlessMarksDiffer(const Step &step) {
  const bool differ =
      namedOf<std::string>(step, "thousands").value_or("") != namedOf<std::string>(step, "decimal").value_or(".");
  return differ ? "" : "`thousands` and `decimal`, which is \".\" if it is not given, differ";
}

const StepInfo numberStep = {
    .name = "number",
    .example = "number(thousands = \",\", unit = \"kg\")",
    .takes = Flow::Text,
    .gives = Flow::Numbers,
    .options = numberOptions,
    .broken = unlessMarksDiffer,
    .make = [](const Place &place) -> std::unique_ptr<Work> { return std::make_unique<DeclaredNumbers>(place.step); }};

//===-- yes_no ----------------------------------------------------------------------------------------------------===//

static Fault neitherYesNorNo(std::string_view text) {
  return {"E0757", quoted(text) + " is neither yes nor no",
          "in any case, yes, y, true, t, on and 1 are 1, and no, n, false, f, off and 0 are 0"};
}

namespace {
class YesNo : public CellsToNumbers {
  Fault readCell(Row &row, std::string_view text, double &number) const override {
    static constexpr std::array<std::string_view, 12> spellings = {"no", "yes", "n",   "y",  "false", "true",
                                                                   "f",  "t",   "off", "on", "0",     "1"};
    row.scratch.assign(text.substr(0, 6));
    for (char &c : row.scratch)
      c = c >= 'A' && c <= 'Z' ? char(c | 0x20) : c;
    const auto found = std::ranges::find(spellings, std::string_view(row.scratch));
    if (found == spellings.end())
      return neitherYesNorNo(text);
    number = double((found - spellings.begin()) % 2);
    return {};
  }
  Fault accept(double number) const override {
    return number == 0 || number == 1 ? Fault() : neitherYesNorNo(fmt::format("{}", number));
  }
};
} // namespace

const StepInfo yes_noStep = {.name = "yes_no",
                             .example = "yes_no",
                             .takes = Flow::Text,
                             .gives = Flow::Numbers,
                             .make = [](const Place &) -> std::unique_ptr<Work> { return std::make_unique<YesNo>(); }};

} // namespace talweg::prepare
