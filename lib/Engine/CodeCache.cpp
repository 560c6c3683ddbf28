// Compiled programs on disk. An entry is a digest of its name and of all that follows, a space, and its contents: of code, an object
// file; of a start, MessagePack.
#include "CodeCache.h"

#include "Files.h"
#include "ManifestJson.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <dlfcn.h>
#include <unistd.h>

using namespace talweg;
namespace fs = std::filesystem;

static constexpr std::uintmax_t mostBytes = 256u << 20;

/// SHA-256 of the pieces, one after another, in hexadecimal.
static std::string digestOf(llvm::ArrayRef<llvm::StringRef> pieces) {
  llvm::SHA256 hash;
  for (llvm::StringRef piece : pieces)
    hash.update(piece);
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}
static constexpr std::size_t digestSize = 64;

/// The file that holds a function, by its size and time; empty if that cannot be told.
static std::string fileIdentity(const void *function) {
  Dl_info info{};
  std::error_code error;
  if (!dladdr(function, &info) || !info.dli_fname)
    return {};
  auto bytes = fs::file_size(info.dli_fname, error);
  if (error)
    return {};
  auto time = fs::last_write_time(info.dli_fname, error);
  if (error)
    return {};
  return fmt::format("{} {}", bytes, time.time_since_epoch().count());
}

/// These builds of the library, of MLIR and of LLVM: others may make other code of the same program.
static const std::string &makers() {
  static const std::string text = [] {
    std::string ours = fileIdentity(reinterpret_cast<const void *>(&digestOf));
    std::string mlirs = fileIdentity(reinterpret_cast<const void *>(&mlir::registerPassManagerCLOptions));
    std::string llvms = fileIdentity(reinterpret_cast<const void *>(&llvm::sys::getHostCPUName));
    if (ours.empty() || mlirs.empty() || llvms.empty())
      return std::string();
    return fmt::format("{}\n{}\n{} {}\n", ours, mlirs, LLVM_VERSION_STRING, llvms);
  }();
  return text;
}

/// What was used is among the last to go.
static void touch(const std::string &path) {
  std::error_code ignored;
  fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);
}

CodeCache::CodeCache() {
  auto variable = [](const char *name) {
    const char *value = std::getenv(name);
    return std::string(value ? value : "");
  };
  folder = variable("TALWEG_CACHE");
  if (folder == "off")
    folder.clear();
  else if (folder.empty() && !variable("XDG_CACHE_HOME").empty())
    folder = variable("XDG_CACHE_HOME") + "/talweg";
  else if (folder.empty() && !variable("HOME").empty())
    folder = variable("HOME") + "/.cache/talweg";
}

std::string CodeCache::keyOf(const std::string &text) const {
  if (folder.empty() || text.empty() || makers().empty())
    return {};
  return digestOf({makers(), text});
}

void CodeCache::store(const std::string &key, const std::string &object) const {
  if (!key.empty() && makeDirectory(folder))
    write(key, codeKind, object);
}

//===-- starts -----------------------------------------------------------------------------------------------------===//

std::optional<CachedStart> CodeCache::findStart(const std::string &key) const {
  std::optional<std::string> contents = read(key, startKind);
  if (!contents)
    return {};
  auto start = nlohmann::json::from_msgpack(*contents);
  return CachedStart{planFrom(start["plan"]), manifestFrom(start["manifest"]), start["code"]};
}

void CodeCache::store(const std::string &key, const CachedStart &start) const {
  if (key.empty() || start.code.empty())
    return;
  std::string bytes; // a message of the model's may hold any
  nlohmann::json::to_msgpack({{"plan", toJson(start.plan)}, {"manifest", toJson(start.manifest)}, {"code", start.code}},
                             bytes);
  write(key, startKind, bytes);
}

std::optional<std::string> CodeCache::findMachine(const std::string &machine) const {
  return folder.empty() ? std::nullopt : read(digestOf({machine}), machineKind);
}

void CodeCache::storeMachine(const std::string &machine, const std::string &rates) const {
  if (folder.empty() || findMachine(machine) || !makeDirectory(folder))
    return;
  const std::string key = digestOf({machine}), path = pathOf(key, machineKind);
  const std::string own = fmt::format("{}.{}", path, getpid());
  std::error_code error;
  fs::remove(path, error); // it was no entry
  if (!writeFile(own, {digestOf({key, machineKind, rates}) + ' ', rates}))
    return;
  fs::create_hard_link(own, path, error); // of two that measure at once the first
  fs::remove(own, error);
}

std::optional<std::string> CodeCache::findTuned(const std::string &machine) const {
  return folder.empty() ? std::nullopt : read(digestOf({machine}), tunedKind);
}

bool CodeCache::storeTuned(const std::string &machine, const std::string &ranks) const {
  if (folder.empty() || !makeDirectory(folder))
    return false;
  const std::string key = digestOf({machine});
  return bool(writeFile(pathOf(key, tunedKind), {digestOf({key, tunedKind, ranks}) + ' ', ranks}));
}

//===-- entries ----------------------------------------------------------------------------------------------------===//

std::optional<std::string> CodeCache::read(const std::string &key, const char *kind) const {
  if (key.empty())
    return {};
  Result<std::string> entry = readFile(pathOf(key, kind));
  if (!entry || entry->size() <= digestSize || (*entry)[digestSize] != ' ' ||
      entry->compare(0, digestSize, digestOf({key, kind, llvm::StringRef(*entry).substr(digestSize + 1)})) != 0)
    return {};
  touch(pathOf(key, kind));
  entry->erase(0, digestSize + 1);
  return std::move(*entry);
}

void CodeCache::write(const std::string &key, const char *kind, const std::string &contents) const {
  std::string digest = digestOf({key, kind, contents}) + ' ';
  if (writeFile(pathOf(key, kind), {digest, contents}))
    dropOldest();
}

//===-- size -------------------------------------------------------------------------------------------------------===//

void CodeCache::dropOldest() const {
  struct Entry {
    fs::path path;
    fs::file_time_type time;
    std::uintmax_t bytes;
  };
  std::vector<Entry> entries;
  std::uintmax_t total = 0;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone; // another process may have removed it
    if (at->path().extension() != codeKind && at->path().extension() != startKind)
      continue;
    Entry entry{at->path(), at->last_write_time(gone), at->file_size(gone)};
    if (gone)
      continue;
    total += entry.bytes;
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(), [](const Entry &a, const Entry &b) { return a.time < b.time; });
  for (const Entry &entry : entries) {
    if (total <= mostBytes)
      break;
    fs::remove(entry.path, error);
    total -= entry.bytes;
  }
}
