// What lies in a folder.
#ifndef TALWEG_SUPPORT_FOLDER_H
#define TALWEG_SUPPORT_FOLDER_H

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace talweg {

/// Its names in order; none, where it cannot be read.
inline std::vector<std::string> namesIn(const std::string &folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    names.push_back(at->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

} // namespace talweg

#endif
