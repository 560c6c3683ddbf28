// The contract between generated code and its host. No LLVM header here.
//
// Every entry is called through one C symbol, `void talweg_<entry>(void **args)`, where args[i] is the address that
// argument i of the entry's function starts at. All arguments are flat memory:
//
//   args[0]  persistent  bytes[persistentBytes]   variables at their offsets (train.variable's `offset`), 64-byte aligned
//   args[1]  arena       bytes[arenaBytes]      scratch for one call; its contents mean nothing between calls; 64-byte aligned
//   args[2]  control     i64[kControlWords]     see Control
//   args[3]  hyper       f64[hypers + sums]     run-time hyper-parameters, in the order of train.hyper's `index`; behind them what has been
//                                               combined of earlier passes, and rankings, f64[rows of the split] each
//   args[4]  order       i32[…]                 row numbers: batch s takes order[first + s*batch … + batch)
//   args[5]  out         f64[…] or f32/f64[…]   see below
//   args[6…] fields      T[rows * elements]     one array for each train.field, in order, as declared; labels in range: no step looks at them.
//                                               Of a field with a window, the rows that windows consist of: a record's window lies in them
//   args[6 + fields]  kept  bytes[persistentBytes]  where `persistent` is copied if `control.keep` says so, 64-byte aligned
//
// Entries of a module (one module per mode and batch size):
//   talweg_init     (persistent, arena, control) writes every variable's initial value: parameters, states, slots
//   talweg_step     runs `control.steps` batches. In mode train and gradient it updates variables after each; modes eval and
//                   predict leave `persistent` untouched, but for what rows carry.
//       train, gradient: out[s * width + c] is column c of batch s: the loss, each metric, then each report (lr).
//       eval, and train where a step has several batches: out[s * width …] are the numbers of this pass (the manifest's `sums`), which the
//       host combines over all batches. A call's batches are then parts of one step, whose gradients are summed in `persistent`.
//       predict: out holds the model's output of batch s at s * batch * (elements of one row), in the model's element type.
//
//   talweg_step_2, talweg_step_3  in mode eval the further passes over all rows, if there are any
//   talweg_tell     in mode train, where some metrics of several steps are no means of the steps': out holds these, computed from what has been
//                   combined of the steps' sums, which stand in `out` behind the columns
//   talweg_finish   behind the last batch of an evaluation, or of a step that has several: out holds the columns, computed from what has
//                   been combined; updates the variables
//
// A fault (tw.require) ends a call early: the batch in which it occurs changes no variable, what it has written to `out` means nothing, and
// no batch after it is run. The host sets `fault` to 0 before the call and reads the words of the fault after it. Which of several
// faults is told does not depend on threads: of the first faulted batch, the one of the lowest row.
//
// In mode train the entry that updates variables, talweg_step or else talweg_finish, copies them to `kept` if any of its faults is that a number
// is not finite and the host has set `keep`: in the first batch of the call, if it has no fault, as they are in front of it.
#ifndef TALWEG_RUNTIME_ABI_H
#define TALWEG_RUNTIME_ABI_H

#include <cstdint>
#include <string>
#include <string_view>

namespace talweg::abi {

/// Words of the control block, all i64.
enum Control : int {
  kSeed = 0,        ///< key of all random numbers
  kStep = 1,        ///< number of optimization steps taken before this call
  kSteps = 2,       ///< batches to run in this call
  kFirst = 3,       ///< position in `order` of the first batch's first row
  kTotalSteps = 4,  ///< steps of the whole plan, for schedules
  kRows = 9,        ///< of what is done in parts: rows of the split, or of the step
  kRowsBefore = 10, ///< of a step in parts: rows in front of those of this call

  // Written by the call.
  kFault = 5,      ///< 0: there was none; else 1 + the number of the requirement that does not hold
  kFaultStep = 6,  ///< the batch of this call in which it occurred, from 0
  kFaultRow = 7,   ///< its row in the batch, from 0; -1: the requirement is not about single rows
  kFaultValue = 8, ///< the value that is told with it, the bits of an f64
  kKeep = 11,      ///< set by the host: not 0 if `persistent` is to be copied to `kept`; 0 once it is
  kControlWords = 16,
};

/// The symbols of an object file: its entries, and the module's manifest (Support/Manifest.h) as JSON, a text that ends in a zero byte.
inline constexpr const char kManifest[] = "talweg_manifest";
inline constexpr const char kInitEntry[] = "talweg_init", kStepEntry[] = "talweg_step",
                            kFinishEntry[] = "talweg_finish", kTellEntry[] = "talweg_tell";
/// The symbol of a pass, from 0.
inline std::string stepEntry(std::int64_t pass) {
  return pass == 0 ? kStepEntry : kStepEntry + ("_" + std::to_string(pass + 1));
}
inline constexpr std::int64_t kMostPasses = 3;
inline bool isEntry(std::string_view symbol) {
  for (std::int64_t pass = 0; pass < kMostPasses; ++pass)
    if (symbol == stepEntry(pass))
      return true;
  return symbol == kInitEntry || symbol == kFinishEntry || symbol == kTellEntry;
}
/// What a profiled program calls (Runtime/Profile.h).
inline constexpr const char kProfileMark[] = "talweg_profile_mark";

/// Position of each argument in the array given to an entry.
enum Argument : int { kPersistent, kArena, kControl, kHyper, kOrder, kOut, kFields };

/// Arrays whose length is known only to the host (order, out, fields) are typed with this many rows.
inline constexpr std::int64_t kMaxRows = std::int64_t(1) << 31;

/// Alignment of `persistent`, `arena`, every variable and arena value, and each field's array, in bytes: one cache line, one
/// AVX-512 register. The other arguments are aligned as their elements.
inline constexpr std::int64_t kAlignment = 64;

} // namespace talweg::abi

#endif
