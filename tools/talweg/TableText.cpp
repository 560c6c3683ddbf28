// See TableText.h.
#include "TableText.h"
#include "Console.h"
#include "Lines.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <set>

namespace talweg::driver {

using Names = std::vector<std::string>;

/// For each dimension the names of the classes that it counts: those of the one field that has so many with names, or, where several have, whose names
/// are equal. Else nothing, and so of names that are not distinct.
static std::vector<Names> namesOf(const Session &session, const TableValue &table) {
  std::vector<Names> result;
  for (const std::int64_t extent : table.shape) {
    std::set<Names> known;
    for (const Field &field : session.program().manifest().fields)
      if (field.classes == extent)
        if (const Names names = session.program().classNames(field.name); !names.empty())
          known.insert(names);
    const bool isOne =
        known.size() == 1 && std::set(known.begin()->begin(), known.begin()->end()).size() == known.begin()->size();
    result.push_back(isOne ? *known.begin() : Names());
  }
  return result;
}

static Json nested(const TableValue &table, const std::vector<Names> &names, std::size_t depth, std::int64_t first) {
  if (depth == table.shape.size())
    return table.values[std::size_t(first)];
  Json parts = names[depth].empty() ? Json::array() : Json::object();
  std::int64_t stride = 1;
  for (std::size_t dim = depth + 1; dim < table.shape.size(); ++dim)
    stride *= table.shape[dim];
  for (std::int64_t i = 0; i < table.shape[depth]; ++i) {
    Json part = nested(table, names, depth + 1, first + i * stride);
    if (names[depth].empty())
      parts.push_back(std::move(part));
    else
      parts[names[depth][std::size_t(i)]] = std::move(part);
  }
  return parts;
}

Json tableEvent(const Session &session, const TableValue &table) {
  return nested(table, namesOf(session, table), 0, 0);
}

static std::string rightAligned(const std::string &text, std::size_t columns) {
  return std::string(columns - std::min(columns, columnsOf(text)), ' ') + text;
}

std::string tableText(const Session &session, const TableValue &table) {
  static constexpr std::size_t kName = 20;
  const std::vector<Names> all = namesOf(session, table);
  const bool isList = table.shape.size() == 1 && !all.front().empty(); // a line for each class
  const Names rowNames = isList ? all.front() : all.size() > 1 ? all[all.size() - 2] : Names();
  const Names columnNames = isList ? Names() : all.back();
  const std::size_t columns = isList ? 1 : std::size_t(table.shape.back());

  std::vector<std::string> cells;
  std::size_t widest = 0, head = 0;
  for (double value : table.values)
    cells.push_back(value == std::floor(value) && std::abs(value) < 1e15 ? fmt::format("{:.0f}", value)
                                                                         : fmt::format("{:.4g}", plainNan(value)));
  for (const std::string &cell : cells)
    widest = std::max(widest, cell.size());
  for (const std::string &name : columnNames)
    widest = std::max(widest, columnsOf(clipped(name, kName)));
  for (const std::string &name : rowNames)
    head = std::max(head, columnsOf(clipped(name, kName)) + 2);

  const std::size_t inLine = std::max<std::size_t>(1, (lineWidth() - 4 - head) / (widest + 2)); // behind "      "
  std::string text = "  " + table.name;
  const auto add = [&](const std::string &cell, std::size_t column, const std::string &rowName) {
    if (column == 0)
      text += "\n    " + rowName + std::string(head - columnsOf(rowName), ' ');
    else
      text += column % inLine == 0 ? "\n      " + std::string(head, ' ') : "  ";
    text += rightAligned(cell, widest);
  };
  for (std::size_t column = 0; column < columnNames.size(); ++column)
    add(clipped(columnNames[column], kName), column, "");
  for (std::size_t i = 0; i < cells.size(); ++i)
    add(cells[i], i % columns, rowNames.empty() ? "" : clipped(rowNames[i / columns % rowNames.size()], kName));
  return text;
}

} // namespace talweg::driver
