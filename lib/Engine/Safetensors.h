// The safetensors format: eight bytes that give the header's length (little-endian), a JSON header, the tensors' bytes.
//
// In:  any bytes, hostile ones included.
// Out: tensors whose name is unique, whose element type is known, whose bytes lie inside the file, have the length their shape
//      asks for, and together cover the data exactly (no overlap, no hole), all read once for their digests; or an error that
//      names the file and the tensor.
#ifndef TALWEG_ENGINE_SAFETENSORS_H
#define TALWEG_ENGINE_SAFETENSORS_H

#include "Files.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace talweg {

struct SafeTensor {
  std::string name;
  std::string type; ///< as the format writes it: F32, F64, I32, I64, U8, BOOL, …
  std::vector<std::int64_t> shape;
  std::string digest;     ///< of its bytes
  StoredBytes bytes = {}; ///< of one in a file: little-endian, row-major
};

struct SafetensorsFile {
  std::vector<SafeTensor> tensors; ///< in the order of their bytes
  std::map<std::string, std::string> metadata;

  const SafeTensor *find(std::string_view name) const;
};

/// `path` is for messages.
Result<SafetensorsFile> readSafetensors(const Result<StoredBytes> &contents, const std::string &path);

/// What stands before the bytes of the tensors, one after another, in a file. It depends on the arguments alone.
std::string safetensorsHead(const std::vector<SafeTensor> &tensors, const std::map<std::string, std::string> &metadata);

} // namespace talweg

#endif
