// Files for one test, in a folder that is removed after it.
#ifndef TALWEG_UNITTESTS_DATA_SCRATCH_H
#define TALWEG_UNITTESTS_DATA_SCRATCH_H

#include "talweg/Data/Load.h"

#include "gtest/gtest.h"

#include <zlib.h>
#include <zstd.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace talweg::data {

class Scratch : public testing::Test {
protected:
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "talweg-data-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~Scratch() override { std::filesystem::remove_all(folder); }

  /// Writes a file and returns its path.
  std::string file(const std::string &name, const std::string &bytes) {
    const std::string path = (folder / name).string();
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  /// The error's text for a load that must fail, with the folder's path taken out.
  std::string fault(const Source &source, const std::vector<Field> &fields) {
    Result<Table> table = load(source, fields);
    if (table)
      return "no error";
    std::string text = table.error().code + " " + table.error().message;
    const std::string prefix = folder.string() + "/";
    for (std::size_t at; (at = text.find(prefix)) != std::string::npos;)
      text.erase(at, prefix.size());
    return text;
  }

  static std::string gzip(const std::string &bytes) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(bytes.data()));
    stream.avail_in = static_cast<unsigned>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef *>(out.data());
    stream.avail_out = static_cast<unsigned>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
  }

  static std::string zstd(const std::string &bytes) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    std::string out(ZSTD_compressBound(bytes.size()), '\0');
    out.resize(ZSTD_compress2(context, out.data(), out.size(), bytes.data(), bytes.size()));
    ZSTD_freeCCtx(context);
    return out;
  }

  static std::string bigEndian(std::uint32_t value) {
    return {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
  }
  static std::string bigEndian(float value) { return bigEndian(std::bit_cast<std::uint32_t>(value)); }
  static std::string idxHeader(int type, const std::vector<std::uint32_t> &extents) {
    std::string bytes = {0, 0, char(type), char(extents.size())};
    for (std::uint32_t extent : extents)
      bytes += bigEndian(extent);
    return bytes;
  }

  template <typename T> static std::vector<T> column(const Table &table, std::size_t field) {
    const T *values = table.values<T>(field);
    return {values, values + table.columns[field].size() / std::int64_t(sizeof(T))};
  }

  std::filesystem::path folder;
};

inline Field f32(std::string name, std::vector<std::int64_t> shape = {}) {
  return {{std::move(name), Element::F32, std::move(shape)}};
}
inline Field u8(std::string name, std::vector<std::int64_t> shape = {}) {
  return {{std::move(name), Element::U8, std::move(shape)}};
}
inline Field i32(std::string name, std::vector<std::int64_t> shape = {}) {
  return {{std::move(name), Element::I32, std::move(shape)}};
}
inline Field label(std::string name, std::int64_t classes) {
  Field field{{std::move(name), Element::I32}};
  field.classes = classes;
  return field;
}
inline Field at(Field field, std::vector<ColumnRef> columns) {
  field.columns = std::move(columns);
  return field;
}
inline Field unwanted(Field field) {
  field.wanted = false;
  return field;
}
inline Source csv(std::string path) { return {formatNamed("csv"), {std::move(path)}}; }
inline Source idx(std::vector<std::string> paths) { return {formatNamed("idx"), std::move(paths)}; }

/// EXPECT that a load gives a table, and return it.
inline Table loaded(const Source &source, std::vector<Field> fields) {
  Result<Table> table = load(source, std::move(fields));
  EXPECT_TRUE(table) << (table ? "" : table.error().message);
  return table ? std::move(*table) : Table();
}

} // namespace talweg::data

#endif
