// Files of arrays for tests.
#ifndef TALWEG_UNITTESTS_DATA_ARRAYS_H
#define TALWEG_UNITTESTS_DATA_ARRAYS_H

#include "Scratch.h"

#include <zip.h>

#include <cstring>
#include <utility>

namespace talweg::data {

struct ArrayFiles : Scratch {
  template <typename T> static std::string raw(const std::vector<T> &values) {
    return {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)};
  }

  static std::string npy(const std::string &type, const std::string &shape, const std::string &values,
                         const std::string &fortran = "False") {
    const std::string header =
        "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
    return "\x93NUMPY" + std::string("\1\0", 2) + std::string{char(header.size()), '\0'} + header + values;
  }

  /// An archive of members, each with its name.
  std::string npz(const std::vector<std::pair<std::string, std::string>> &members) {
    const std::string path = (folder / "made.zip").string();
    std::filesystem::remove(path);
    zip_t *archive = zip_open(path.c_str(), ZIP_CREATE, nullptr);
    for (const auto &[name, bytes] : members)
      zip_file_add(archive, (name + ".npy").c_str(), zip_source_buffer(archive, bytes.data(), bytes.size(), 0), 0);
    zip_close(archive);
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static std::string safetensors(const std::string &header, const std::string &values) {
    std::string length(8, '\0');
    for (int i = 0; i < 8; ++i)
      length[std::size_t(i)] = char(std::uint64_t(header.size()) >> (8 * i));
    return length + header + values;
  }
};

} // namespace talweg::data

#endif
