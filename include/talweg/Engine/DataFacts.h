// What the data of a program are like.
#ifndef TALWEG_ENGINE_DATAFACTS_H
#define TALWEG_ENGINE_DATAFACTS_H

#include "talweg/Engine/Engine.h"

#include <array>

namespace talweg {

/// A column of a split's files, or several taken together: cells as they stand there, before they are prepared.
struct ColumnFacts {
  std::string name;                    ///< or its number, without names
  std::int64_t columns = 1;            ///< so many
  std::int64_t count = 0, missing = 0; ///< cells, and those of them that are missing
  std::int64_t numbers = 0;            ///< cells that are or read as numbers, which these speak of:
  double least = 0, greatest = 0, mean = 0;
  std::array<double, 3> quartiles = {}; ///< exact up to 2^20 numbers, else of so many by chance
  std::int64_t words = 0;               ///< different texts of the other cells; at most 65,536 are told apart
  std::vector<std::pair<std::string, std::int64_t>> frequent = {}; ///< the most frequent ones, at most ten
};

struct FieldFacts {
  std::string name, type;                   ///< `f32[5]`
  std::string steps;                        ///< what is done to its cells, as the file says it; empty: nothing
  std::optional<RowWindow> window = {};     ///< of rows
  std::vector<ColumnFacts> columns = {};    ///< each by itself, or all together where there are more than twelve
  std::vector<std::int64_t> classRows = {}; ///< of labels, how often each class is there
  std::vector<std::string> vocabulary = {}; ///< words that have been learned, in their order
};

/// Of a split that training draws by classes.
struct BalanceFacts {
  std::string column;                ///< or its number
  std::int64_t classes = 0;          ///< that have records
  std::int64_t fewest = 0, most = 0; ///< records of a class
};

/// Of one split.
struct DataFacts {
  std::int64_t records = 0, rows = 0, bytes = 0; ///< rows that records are windows of, and what they take in memory
  std::vector<std::string> files;
  std::vector<FieldFacts> fields; ///< in the order of the manifest
  std::optional<BalanceFacts> balance = {};
};

/// The split as it is declared, or from `path`, as Dataset::load reads it: `data` are its rows.
TALWEG_API Result<DataFacts> dataFacts(const Program &program, const Dataset &data, const std::string &split,
                                       const std::string &path = "");

} // namespace talweg

#endif
