// Preloaded into a program, breaks it at one of its calls that change what lies in a folder: makes, writes, syncs, links, renames, removes.
// The calls are counted from 1 on, in the order in which they are made. In the environment:
//
//   BREAK_FOLDER  the folder, absolute: it and what lies below it
//   BREAK_LOG     a file to which a line is appended for each call: its number, its name, its path, and of one that gives another name the
//                 path that it had
//   BREAK_AT      a number of a call
//   BREAK_HOW     what happens there:
//     kill        the process is killed (SIGKILL) just before the call
//     half        the same, but of a write half of the bytes are written
//     full        the disk is full: what makes, writes, syncs or renames fails with ENOSPC from here on; of the first write half is written
//     fail        the call fails with EIO, and those behind it do not
//     dead        this call and all behind it fail with EIO
//     interrupt   the process is sent SIGINT, and the call goes on
//
// Without BREAK_AT the calls are counted and nothing happens. Streams of stdio are seen where they are opened by fopen. Not seen: what is
// written through a mapping, or by system calls that are not made through the C library.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum Way { Counts, Kills, Halves, Fills, Fails, Dies, Interrupts };
enum Kind { Makes, Writes, Syncs, Names, Removes };
enum Verdict { Goes, GoesHalf, Refused }; // Refused: errno says why

static char folder[PATH_MAX];
static size_t folderLength;
static enum Way way;
static long breakAt;
static int logFile = -1;
static atomic_long calls;
static atomic_int isFull;

enum { kFiles = 4096 };
static atomic_int isBelow[kFiles]; // by descriptor

// The function of this name in the C library. That dlsym gives a pointer to an object is POSIX's.
#define REAL(name) ((__typeof__(&name))realOf(#name))
static void *realOf(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (!found)
    abort();
  return found;
}

__attribute__((constructor)) static void begin(void) {
  static const char *const ways[] = {"count", "kill", "half", "full", "fail", "dead", "interrupt"};
  const char *below = getenv("BREAK_FOLDER"), *how = getenv("BREAK_HOW"), *at = getenv("BREAK_AT"),
             *log = getenv("BREAK_LOG");
  if (!below)
    return;
  folderLength = (size_t)snprintf(folder, sizeof folder, "%s", below);
  breakAt = at ? strtol(at, NULL, 10) : 0;
  for (int i = 0; how && i < (int)(sizeof ways / sizeof *ways); ++i)
    if (strcmp(how, ways[i]) == 0)
      way = (enum Way)i;
  if (log)
    logFile = REAL(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

//===-- what is below ----------------------------------------------------------------------------------------------===//

/// The path of what is named relative to an open folder, or to the working one, in `text`; NULL if it is not below.
static const char *below(int at, const char *path, char text[PATH_MAX * 2]) {
  const int error = errno;
  text[0] = 0;
  if (path[0] != '/') {
    char link[64];
    snprintf(link, sizeof link, at == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", at);
    ssize_t length = readlink(link, text, PATH_MAX);
    text[length < 0 ? 0 : length] = 0;
    strcat(text, "/");
  }
  strncat(text, path, PATH_MAX - 1);
  errno = error;
  const int isIt = folderLength > 0 && strncmp(text, folder, folderLength) == 0 &&
                   (text[folderLength] == 0 || text[folderLength] == '/');
  return isIt ? text : NULL;
}

static int isOpenBelow(int file) { return file >= 0 && file < kFiles && isBelow[file]; }

/// Counts a call, and breaks it if it is its turn.
static enum Verdict meet(const char *call, const char *path, const char *had, enum Kind kind) {
  const int error = errno;
  const long number = atomic_fetch_add(&calls, 1) + 1;
  if (logFile >= 0) {
    char line[PATH_MAX * 4 + 64];
    int length = snprintf(line, sizeof line, "%ld %s %s%s%s\n", number, call, path, *had ? " " : "", had);
    if (REAL(write)(logFile, line, (size_t)length) != length)
      abort();
  }
  errno = error;
  if (breakAt == 0 || number < breakAt)
    return Goes;
  const int isFirst = number == breakAt;
  switch (way) {
  case Counts: return Goes;
  case Halves:
    if (kind == Writes && isFirst)
      return GoesHalf;
    __attribute__((fallthrough));
  case Kills:
    kill(getpid(), SIGKILL);
    for (;;)
      pause();
  case Fills:
    if (kind == Removes)
      return Goes;
    if (kind == Writes && !atomic_exchange(&isFull, 1))
      return GoesHalf;
    errno = ENOSPC;
    return Refused;
  case Fails:
  case Dies:
    if (!isFirst && way == Fails)
      return Goes;
    errno = EIO;
    return Refused;
  case Interrupts:
    if (isFirst)
      kill(getpid(), SIGINT);
    return Goes;
  }
  return Goes;
}

static enum Verdict meetFile(const char *call, int file, enum Kind kind) {
  char link[64], path[PATH_MAX];
  const int error = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  errno = error;
  return meet(call, path, "", kind);
}

//===-- opening ----------------------------------------------------------------------------------------------------===//

static int openBelow(const char *call, int at, const char *path, int flags, mode_t mode) {
  char text[PATH_MAX * 2];
  const char *place = below(at, path, text);
  if (place && (flags & (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR)) && meet(call, place, "", Makes) == Refused)
    return -1;
  int file = REAL(openat)(at, path, flags, mode);
  if (file >= 0 && file < kFiles)
    isBelow[file] = place != NULL;
  return file;
}

#define OPEN(name)                                                                                                     \
  int name(const char *path, int flags, ...) {                                                                         \
    va_list rest;                                                                                                      \
    va_start(rest, flags);                                                                                             \
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                                      \
    va_end(rest);                                                                                                      \
    return openBelow(#name, AT_FDCWD, path, flags, mode);                                                              \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                                                   \
  int name(int at, const char *path, int flags, ...) {                                                                 \
    va_list rest;                                                                                                      \
    va_start(rest, flags);                                                                                             \
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                                      \
    va_end(rest);                                                                                                      \
    return openBelow(#name, at, path, flags, mode);                                                                    \
  }
OPENAT(openat)
OPENAT(openat64)

int creat(const char *path, mode_t mode) {
  return openBelow("creat", AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
int creat64(const char *path, mode_t mode) {
  return openBelow("creat64", AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int close(int file) {
  if (file >= 0 && file < kFiles)
    isBelow[file] = 0;
  return REAL(close)(file);
}

//===-- writing ----------------------------------------------------------------------------------------------------===//

/// Ends a write that was cut, of which the call has written `put` bytes.
static ssize_t afterHalf(ssize_t put) {
  if (way == Halves) {
    kill(getpid(), SIGKILL);
    for (;;)
      pause();
  }
  if (put == 0) {
    errno = ENOSPC;
    return -1;
  }
  return put;
}

ssize_t write(int file, const void *bytes, size_t count) {
  enum Verdict verdict = isOpenBelow(file) ? meetFile("write", file, Writes) : Goes;
  if (verdict == Refused)
    return -1;
  if (verdict == GoesHalf)
    return afterHalf(count / 2 ? REAL(write)(file, bytes, count / 2) : 0);
  return REAL(write)(file, bytes, count);
}

#define PWRITE(name, offset_type)                                                                                      \
  ssize_t name(int file, const void *bytes, size_t count, offset_type offset) {                                        \
    enum Verdict verdict = isOpenBelow(file) ? meetFile(#name, file, Writes) : Goes;                                   \
    if (verdict == Refused)                                                                                            \
      return -1;                                                                                                       \
    if (verdict == GoesHalf)                                                                                           \
      return afterHalf(count / 2 ? REAL(name)(file, bytes, count / 2, offset) : 0);                                    \
    return REAL(name)(file, bytes, count, offset);                                                                     \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t writev(int file, const struct iovec *pieces, int count) {
  enum Verdict verdict = isOpenBelow(file) ? meetFile("writev", file, Writes) : Goes;
  if (verdict == Refused)
    return -1;
  if (verdict == GoesHalf)
    return afterHalf(count > 0 && pieces[0].iov_len / 2 ? REAL(write)(file, pieces[0].iov_base, pieces[0].iov_len / 2)
                                                        : 0);
  return REAL(writev)(file, pieces, count);
}

/// A call upon a file, which is done as a whole or not at all.
#define OF_FILE(type, name, kind, declared, given)                                                                     \
  type name declared {                                                                                                 \
    if (isOpenBelow(file) && meetFile(#name, file, kind) == Refused)                                                   \
      return -1;                                                                                                       \
    return REAL(name) given;                                                                                           \
  }
OF_FILE(int, fsync, Syncs, (int file), (file))
OF_FILE(int, fdatasync, Syncs, (int file), (file))
OF_FILE(int, ftruncate, Makes, (int file, off_t size), (file, size))
OF_FILE(int, ftruncate64, Makes, (int file, off64_t size), (file, size))
OF_FILE(int, fallocate, Makes, (int file, int mode, off_t from, off_t size), (file, mode, from, size))
OF_FILE(int, fchmod, Makes, (int file, mode_t mode), (file, mode))
OF_FILE(ssize_t, sendfile, Makes, (int file, int from, off_t *at, size_t count), (file, from, at, count))
OF_FILE(ssize_t, copy_file_range, Makes, (int from, off64_t *at, int file, off64_t *to, size_t count, unsigned flags),
        (from, at, file, to, count, flags))

/// These give the error as their value.
int posix_fallocate(int file, off_t from, off_t size) {
  if (isOpenBelow(file) && meetFile("posix_fallocate", file, Makes) == Refused)
    return errno;
  return REAL(posix_fallocate)(file, from, size);
}

//===-- streams ----------------------------------------------------------------------------------------------------===//

// What stdio writes, it writes by calls of its own: a stream that writes below the folder gets ours.
static ssize_t streamWrite(void *stream, const char *bytes, size_t count) {
  size_t done = 0;
  while (done < count) {
    ssize_t put = write((int)(long)stream, bytes + done, count - done);
    if (put < 0)
      break;
    done += (size_t)put;
  }
  return (ssize_t)done;
}
static int streamClose(void *stream) { return close((int)(long)stream); }

static FILE *openStream(const char *call, const char *path, const char *mode) {
  char text[PATH_MAX * 2];
  const char *place = below(AT_FDCWD, path, text);
  if (!place || (mode[0] == 'r' && !strchr(mode, '+')))
    return REAL(fopen)(path, mode);
  if (mode[0] == 'r' || strchr(mode, '+')) // one that reads, too, is not written here
    abort();
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (mode[0] == 'w' ? O_TRUNC : O_APPEND);
  int file = openBelow(call, AT_FDCWD, path, flags, 0666);
  if (file < 0)
    return NULL;
  cookie_io_functions_t calls = {.write = streamWrite, .close = streamClose};
  return fopencookie((void *)(long)file, mode[0] == 'w' ? "w" : "a", calls);
}
FILE *fopen(const char *path, const char *mode) { return openStream("fopen", path, mode); }
FILE *fopen64(const char *path, const char *mode) { return openStream("fopen64", path, mode); }

//===-- names ------------------------------------------------------------------------------------------------------===//

/// A call that makes or removes one name.
#define OF_NAME(name, kind, at, declared, given)                                                                       \
  int name declared {                                                                                                  \
    char text[PATH_MAX * 2];                                                                                           \
    const char *place = below(at, path, text);                                                                         \
    if (place && meet(#name, place, "", kind) == Refused)                                                              \
      return -1;                                                                                                       \
    return REAL(name) given;                                                                                           \
  }
OF_NAME(mkdir, Makes, AT_FDCWD, (const char *path, mode_t mode), (path, mode))
OF_NAME(mkdirat, Makes, folderAt, (int folderAt, const char *path, mode_t mode), (folderAt, path, mode))
OF_NAME(symlink, Makes, AT_FDCWD, (const char *to, const char *path), (to, path))
OF_NAME(symlinkat, Makes, folderAt, (const char *to, int folderAt, const char *path), (to, folderAt, path))
OF_NAME(truncate, Makes, AT_FDCWD, (const char *path, off_t size), (path, size))
OF_NAME(truncate64, Makes, AT_FDCWD, (const char *path, off64_t size), (path, size))
OF_NAME(chmod, Makes, AT_FDCWD, (const char *path, mode_t mode), (path, mode))
OF_NAME(fchmodat, Makes, folderAt, (int folderAt, const char *path, mode_t mode, int flags),
        (folderAt, path, mode, flags))
OF_NAME(unlink, Removes, AT_FDCWD, (const char *path), (path))
OF_NAME(unlinkat, Removes, folderAt, (int folderAt, const char *path, int flags), (folderAt, path, flags))
OF_NAME(rmdir, Removes, AT_FDCWD, (const char *path), (path))
OF_NAME(remove, Removes, AT_FDCWD, (const char *path), (path))

/// A call that gives a second name, or another one.
#define OF_NAMES(name, declared, given, fromAt, toAt)                                                                  \
  int name declared {                                                                                                  \
    char text[PATH_MAX * 2], other[PATH_MAX * 2];                                                                      \
    const char *isThere = below(toAt, to, text), *wasThere = below(fromAt, path, other);                               \
    if ((isThere || wasThere) && meet(#name, text, other, Names) == Refused)                                           \
      return -1;                                                                                                       \
    return REAL(name) given;                                                                                           \
  }
OF_NAMES(rename, (const char *path, const char *to), (path, to), AT_FDCWD, AT_FDCWD)
OF_NAMES(renameat, (int pathAt, const char *path, int toFolder, const char *to), (pathAt, path, toFolder, to), pathAt,
         toFolder)
OF_NAMES(renameat2, (int pathAt, const char *path, int toFolder, const char *to, unsigned flags),
         (pathAt, path, toFolder, to, flags), pathAt, toFolder)
OF_NAMES(link, (const char *path, const char *to), (path, to), AT_FDCWD, AT_FDCWD)
OF_NAMES(linkat, (int pathAt, const char *path, int toFolder, const char *to, int flags),
         (pathAt, path, toFolder, to, flags), pathAt, toFolder)
