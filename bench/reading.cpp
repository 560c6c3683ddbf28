// talweg-reading KIND PATH THREADS: how long Talweg takes to read a large file that bench/data has made.
//
// Out: one JSON object: seconds to learn of it (of `mixed`, vocabularies) and to load it, its rows, and the greatest memory of the process in MiB.
#include "talweg/Data/Load.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include <sys/resource.h>

using namespace talweg;

namespace {

data::Field field(std::string name, ElementType element, std::vector<std::int64_t> shape = {},
                  std::vector<data::ColumnRef> columns = {}) {
  data::Field made{{std::move(name), element, std::move(shape)}};
  made.columns = std::move(columns);
  return made;
}

std::vector<data::Field> fieldsOf(std::string_view kind) {
  std::vector<data::Field> fields;
  if (kind == "numbers") {
    fields = {field("x", ElementType::F32, {10}), field("label", ElementType::I32)};
    fields[1].classes = 10;
  } else if (kind == "mixed") {
    fields = {field("numbers", ElementType::F32, {3}, {"age", "weight", "hours"})};
    for (const char *name : {"work", "job", "country", "note", "income"}) {
      fields.push_back(field(name, ElementType::I32));
      fields.back().category = true;
    }
  } else if (kind == "npy") {
    fields = {field("x", ElementType::F32, {784})};
  } else {
    fields = {field("text", ElementType::U8)};
  }
  return fields;
}

double since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

} // namespace

int main(int count, char **words) {
  const std::string_view kind = count == 4 ? words[1] : "";
  if (kind != "numbers" && kind != "mixed" && kind != "npy" && kind != "bytes") {
    std::cerr << "usage: talweg-reading numbers|mixed|npy|bytes PATH THREADS\n";
    return 2;
  }
  data::Source source;
  source.format = data::formatNamed(kind == "numbers" || kind == "mixed" ? "csv" : kind);
  source.paths = {words[2]};
  source.threads = std::atoi(words[3]);
  std::vector<data::Field> fields = fieldsOf(kind);
  std::vector<prepare::Preparation> preparations;
  for (const data::Field &of : fields)
    preparations.push_back(std::move(*prepare::Preparation::create(of)));

  const auto begin = std::chrono::steady_clock::now();
  if (Result<void> learned = data::learn(source, fields, preparations); !learned) {
    std::cerr << learned.error().message << "\n";
    return 1;
  }
  const double learning = since(begin);
  const Result<data::Table> table = data::load(source, fields, preparations);
  if (!table) {
    std::cerr << table.error().message << "\n";
    return 1;
  }
  const double all = since(begin);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::cout << fmt::format(R"({{"learn": {:.3f}, "load": {:.3f}, "rows": {}, "mib": {}}})", learning, all - learning,
                           table->rows, usage.ru_maxrss / 1024)
            << "\n";
}
