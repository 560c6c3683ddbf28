// See DataText.h.
#include "DataText.h"
#include "Console.h"
#include "Experiment.h"
#include "Lines.h"

#include "talweg/Support/Counted.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace talweg::driver {

static constexpr std::size_t kClasses = 10;  ///< of a field's, and of its vocabulary, so many are shown
static constexpr std::size_t kElements = 12; ///< of a record's value
static constexpr std::size_t kName = 22;     ///< columns that a name takes in a table of numbers
static constexpr std::size_t kNumber = 8;

void DataText::addSplit(const std::string &name, const Dataset &data) {
  splits.push_back({name, data.rows(), data.files()});
}

std::string DataText::classText(const std::string &field, std::size_t label) const {
  const std::vector<std::string> names = program.classNames(field);
  return label < names.size() ? names[label] : fmt::format("{}", label);
}

/// At most seven characters.
static std::string number(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e6)
    return fmt::format("{:.0f}", value);
  const std::string text = fmt::format("{:.4g}", value);
  return text.size() < kNumber ? text : fmt::format("{:.1g}", value);
}

/// One line of it, without what cannot be printed.
static std::string shown(const std::string &text, std::size_t most) {
  std::string line;
  for (const char c : text)
    line += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  return clipped(line, most);
}

static void printTitle(const std::string &title) {
  printLine("");
  printLine(styled(Stream::Out, Style::Bold, title));
}

/// `head`, filled up to `indent`, and the text behind it, in as many lines as it takes.
static void printBehind(const std::string &head, std::size_t indent, const std::string &text) {
  const std::size_t at = columnsOf(head);
  const std::string space = at + 1 < indent ? std::string(indent - at, ' ') : "\n" + std::string(indent, ' ');
  printLine(head + space + wrapped(text, indent, indent, lineWidth()));
}

/// The same of parts with commas between them, none of which is broken.
static void printParts(const std::string &head, std::size_t indent, const std::vector<std::string> &parts) {
  std::vector<std::string> lines(1);
  for (const std::string &part : parts) {
    if (!lines.back().empty() && indent + columnsOf(lines.back()) + columnsOf(part) + 3 > lineWidth())
      lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + part + (&part == &parts.back() ? "" : ",");
  }
  const std::size_t at = columnsOf(head);
  std::string text = at + 1 < indent ? head + std::string(indent - at, ' ') : head + "\n" + std::string(indent, ' ');
  printLine(text + fmt::format("{}", fmt::join(lines, "\n" + std::string(indent, ' '))));
}

//===-- as tables --------------------------------------------------------------------------------------------------===//

void DataText::printFields(const DataFacts &facts) const {
  std::size_t name = 0, type = 0;
  for (const FieldFacts &field : facts.fields) {
    name = std::max(name, std::min(field.name.size(), kName));
    type = std::max(type, std::min<std::size_t>(field.type.size(), 16));
  }
  for (const FieldFacts &field : facts.fields) {
    std::vector<std::string> columns;
    for (const ColumnFacts &column : field.columns)
      columns.push_back(column.columns > 1 ? counted(column.columns, "column") : column.name);
    std::string text = fmt::format("{}", fmt::join(columns, ", "));
    if (field.window)
      text += fmt::format(", rows {} to {}", field.window->begin, field.window->end - 1);
    if (!field.steps.empty())
      text += " |> " + field.steps;
    printBehind(fmt::format("  {:<{}}  {:<{}}", field.name, name, field.type, type), name + type + 6, text);
  }
}

void DataText::printSplits(const DataFacts &facts, const std::string &split) const {
  printTitle("Splits");
  std::size_t name = 0, count = 0;
  for (const Split &one : splits) {
    name = std::max(name, one.name.size());
    count = std::max(count, grouped(one.records).size());
  }
  for (const Split &one : splits)
    printBehind(fmt::format("  {:<{}}  {:>{}} {}", one.name, name, grouped(one.records), count,
                            one.records == 1 ? "record " : "records"),
                name + count + 14, fmt::format("{}", fmt::join(one.files, ", ")));
  printLine(
      fmt::format("  {} takes {} in memory{}", split, bytesText(facts.bytes),
                  facts.rows == facts.records ? "" : fmt::format(": {} are windows", counted(facts.rows, "row"))));
}

/// `500`, or `333 or 334`
static std::string shareText(const DataFacts &facts) {
  const std::int64_t least = facts.records / facts.balance->classes;
  return facts.records % facts.balance->classes == 0 ? grouped(least)
                                                     : fmt::format("{} or {}", grouped(least), grouped(least + 1));
}

void DataText::printBalance(const DataFacts &facts, const std::string &split) const {
  if (const std::optional<BalanceFacts> &balance = facts.balance)
    printBehind("", 2,
                fmt::format("an epoch of {} draws {} of each of the {} classes of {}, which have {}", split,
                            shareText(facts), grouped(balance->classes), balance->column,
                            balance->fewest == balance->most
                                ? counted(balance->most, "record")
                                : fmt::format("{} to {}", grouped(balance->fewest), counted(balance->most, "record"))));
}

void DataText::printNumbers(const DataFacts &facts) const {
  bool any = false;
  for (const FieldFacts &field : facts.fields)
    for (const ColumnFacts &column : field.columns) {
      if (column.numbers == 0 || !field.classRows.empty())
        continue;
      if (!std::exchange(any, true))
        printTitle(fmt::format("{:<{}}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}", "Numbers", kName + 2, "missing", "least",
                               "25%", "median", "75%", "most", "mean"));
      std::string line = fmt::format("  {}", shown(column.name, kName));
      line.append(kName + 2 - std::min(columnsOf(line), kName + 2), ' ');
      line += fmt::format("{:>8}", column.missing);
      for (const double value :
           {column.least, column.quartiles[0], column.quartiles[1], column.quartiles[2], column.greatest, column.mean})
        line += fmt::format("{:>8}", number(value));
      printLine(line);
    }
}

void DataText::printWords(const DataFacts &facts) const {
  bool any = false;
  for (const FieldFacts &field : facts.fields)
    for (const ColumnFacts &column : field.columns) {
      if (column.words == 0 || (!field.classRows.empty() && field.steps.empty()))
        continue;
      if (!std::exchange(any, true))
        printTitle(fmt::format("{:<{}}{:>8}{:>11}  the most frequent", "Words", kName + 2, "missing", "different"));
      std::vector<std::string> frequent;
      for (const auto &[word, count] : column.frequent)
        if (frequent.size() < 5)
          frequent.push_back(fmt::format("{} {}", shown(word, 24), grouped(count)));
      std::string line = fmt::format("  {}", shown(column.name, kName));
      line.append(kName + 2 - std::min(columnsOf(line), kName + 2), ' ');
      printParts(line + fmt::format("{:>8}{:>11}", grouped(column.missing), grouped(column.words)), kName + 23,
                 frequent);
    }
}

void DataText::printClasses(const DataFacts &facts) const {
  bool any = false;
  for (const FieldFacts &field : facts.fields) {
    std::int64_t all = 0;
    for (const std::int64_t rows : field.classRows)
      all += rows;
    std::vector<std::string> texts;
    for (std::size_t c = 0; c < std::min(kClasses, field.classRows.size()) && all > 0; ++c)
      texts.push_back(fmt::format("{} {} ({:.1f}%)", shown(classText(field.name, c), 24), grouped(field.classRows[c]),
                                  100 * double(field.classRows[c]) / double(all)));
    if (field.classRows.size() > kClasses)
      texts.push_back("…");
    if (field.classRows.empty() && !field.vocabulary.empty())
      for (std::size_t w = 0; w < std::min(kClasses, field.vocabulary.size()); ++w)
        texts.push_back(shown(field.vocabulary[w], 24));
    if (texts.empty())
      continue;
    if (!std::exchange(any, true))
      printTitle("Classes and vocabularies");
    const std::size_t count = field.classRows.empty() ? field.vocabulary.size() : field.classRows.size();
    std::string line = fmt::format("  {}", shown(field.name, kName));
    line.append(kName + 2 - std::min(columnsOf(line), kName + 2), ' ');
    printParts(line + fmt::format("{:>8}", grouped(std::int64_t(count))), kName + 12, texts);
  }
}

void DataText::print(const std::string &split, const DataFacts &facts) const {
  if (json)
    return printEvents(split, facts);
  printLine(styled(Stream::Out, Style::Bold,
                   fmt::format("{}: {}", program.plan().data, counted(std::int64_t(facts.fields.size()), "field"))));
  printFields(facts);
  printSplits(facts, split);
  printBalance(facts, split);
  printNumbers(facts);
  printWords(facts);
  printClasses(facts);
}

//===-- as JSON ----------------------------------------------------------------------------------------------------===//

static Json columnEvent(const ColumnFacts &column) {
  Json event{{"name", column.name},
             {"columns", column.columns},
             {"count", column.count},
             {"missing", column.missing},
             {"numbers", column.numbers}};
  if (column.numbers) {
    event["least"] = column.least;
    event["mean"] = column.mean;
    event["greatest"] = column.greatest;
    event["quartiles"] = column.quartiles;
  }
  event["words"] = column.words;
  event["frequent"] = Json::array();
  for (const auto &[word, count] : column.frequent)
    event["frequent"].push_back({word, count});
  return event;
}

void DataText::printEvents(const std::string &split, const DataFacts &facts) const {
  Json event{{"event", "data"},      {"data", program.plan().data}, {"splits", Json::object()},
             {"split", split},       {"records", facts.records},    {"rows", facts.rows},
             {"bytes", facts.bytes}, {"fields", Json::array()}};
  if (const std::optional<BalanceFacts> &balance = facts.balance)
    event["balance"] = {{"column", balance->column},
                        {"classes", balance->classes},
                        {"fewest", balance->fewest},
                        {"most", balance->most},
                        {"drawn", double(facts.records) / double(balance->classes)}};
  for (const Split &one : splits)
    event["splits"][one.name] = {{"records", one.records}, {"files", one.files}};
  for (const FieldFacts &field : facts.fields) {
    Json of{{"name", field.name}, {"type", field.type}, {"steps", field.steps}, {"columns", Json::array()}};
    if (field.window)
      of["window"] = {field.window->begin, field.window->end, field.window->stride};
    for (const ColumnFacts &column : field.columns)
      of["columns"].push_back(columnEvent(column));
    if (!field.classRows.empty()) {
      of["classes"] = Json::array();
      for (std::size_t c = 0; c < field.classRows.size(); ++c)
        of["classes"].push_back({{"name", classText(field.name, c)}, {"count", field.classRows[c]}});
    }
    if (!field.vocabulary.empty())
      of["vocabulary"] = {
          {"size", field.vocabulary.size()},
          {"first", std::vector<std::string>(field.vocabulary.begin(),
                                             field.vocabulary.begin() +
                                                 std::ptrdiff_t(std::min(kClasses, field.vocabulary.size())))}};
    event["fields"].push_back(std::move(of));
  }
  printLine(eventText(event));
}

//===-- records ----------------------------------------------------------------------------------------------------===//

Result<void> DataText::printRecords(const std::string &split, const Dataset &data, std::int64_t count) const {
  const std::vector<Field> &fields = program.manifest().fields;
  std::size_t widest = 0;
  for (const Field &field : fields)
    widest = std::max(widest, std::min(field.name.size(), kName));
  for (std::int64_t record = 0; record < std::min(count, data.rows()); ++record) {
    Json event = Json::object();
    if (!json)
      printTitle(fmt::format("Record {} of {}, prepared", record, split));
    for (const Field &field : fields) {
      auto values = data.read(field.name, record, 1);
      if (!values)
        return values.error();
      std::vector<std::string> texts;
      for (const double value : *values)
        if (texts.size() < kElements)
          texts.push_back(field.classes ? shown(classText(field.name, std::size_t(value)), 24) : number(value));
      if (values->size() > kElements)
        texts.push_back(fmt::format("… ({} in all)", values->size()));
      if (!json)
        printBehind(fmt::format("  {:<{}}", shown(field.name, kName), widest), widest + 4,
                    fmt::format("{}", fmt::join(texts, "  ")));
      Json list = Json::array();
      for (const double value : *values)
        list.push_back(field.classes ? Json(classText(field.name, std::size_t(value))) : Json(value));
      event[field.name] = field.shape.empty() ? list[0] : list;
    }
    if (json)
      printLine(eventText({{"event", "record"}, {"split", split}, {"record", record}, {"fields", std::move(event)}}));
  }
  return {};
}

} // namespace talweg::driver
