// Loading LLVM and MLIR makes some hundred megabytes of their files resident; training needs none of them.
#include "Resident.h"

#if defined(__linux__)
#include <cstdint>
#include <cstring>

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

/// Drops the pages of segments that are never written, so that their file has them as they are.
static int dropPages(dl_phdr_info *library, std::size_t, void *) {
  if (!std::strstr(library->dlpi_name, "/libLLVM") && !std::strstr(library->dlpi_name, "/libMLIR"))
    return 0;
  const std::uintptr_t page = std::uintptr_t(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const auto &segment = library->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || segment.p_flags & PF_W)
      continue;
    // Whole pages only: a neighbour that is written may share the first or the last.
    std::uintptr_t begin = (library->dlpi_addr + segment.p_vaddr + page - 1) / page * page;
    std::uintptr_t end = (library->dlpi_addr + segment.p_vaddr + segment.p_filesz) / page * page;
    if (begin < end)
      madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

void talweg::letGoOfCompiler() {
  malloc_trim(0);
  dl_iterate_phdr(dropPages, nullptr);
}
#else
void talweg::letGoOfCompiler() {}
#endif
