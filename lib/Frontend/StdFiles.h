// The library's source as it stands in lib/Std, embedded at build time.
#ifndef TALWEG_LIB_FRONTEND_STDFILES_H
#define TALWEG_LIB_FRONTEND_STDFILES_H

namespace talweg::frontend {

struct StdFile {
  const char *name; ///< `std/layers.tw`, as messages show it
  const char *text;
};

extern const StdFile kStdFiles[]; ///< sorted by name
extern const int kStdFileCount;

} // namespace talweg::frontend

#endif
