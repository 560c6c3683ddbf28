// How `talweg data` tells what data are like: as tables that fit a line, or as JSON.
#ifndef TALWEG_TOOL_DATATEXT_H
#define TALWEG_TOOL_DATATEXT_H

#include "talweg/Engine/DataFacts.h"

#include <string>
#include <vector>

namespace talweg::driver {

class DataText {
public:
  DataText(const Program &program, bool json) : program(program), json(json) {}

  /// Before `print`.
  void addSplit(const std::string &name, const Dataset &data);
  /// The fields, the splits, and what the rows of one are like.
  void print(const std::string &split, const DataFacts &facts) const;
  /// Its first records, as a step takes them.
  Result<void> printRecords(const std::string &split, const Dataset &data, std::int64_t count) const;

private:
  struct Split {
    std::string name;
    std::int64_t records;
    std::vector<std::string> files;
  };

  void printEvents(const std::string &split, const DataFacts &facts) const;
  void printFields(const DataFacts &facts) const;
  void printSplits(const DataFacts &facts, const std::string &split) const;
  void printBalance(const DataFacts &facts, const std::string &split) const;
  void printNumbers(const DataFacts &facts) const;
  void printWords(const DataFacts &facts) const;
  void printClasses(const DataFacts &facts) const;
  std::string classText(const std::string &field, std::size_t label) const;

  const Program &program;
  const bool json;
  std::vector<Split> splits;
};

} // namespace talweg::driver

#endif
