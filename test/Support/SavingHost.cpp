// A host that trains and saves as it goes: saving-host MODEL FOLDER EVERY [NOTES]. It goes on from what FOLDER holds, if that is anything, trains to the end
// of the plan and saves there each EVERY steps, and at the end, with these notes. Whenever it is killed, it is to be started again in the same way.
#include "talweg/Engine/Engine.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

using namespace talweg;

/// The value, or the end of the program with the error's text.
template <typename T>
static T need(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>)
    return std::move(*result);
}

int main(int count, char **words) {
  if (count != 4 && count != 5) {
    std::fprintf(stderr, "usage: saving-host MODEL FOLDER EVERY [NOTES]\n");
    return 2;
  }
  const std::string folder = words[2];
  const std::int64_t every = std::atoll(words[3]);
  const Program program = need(Program::fromFile(words[1], {}));
  Session session = need(Session::create(program, {.threads = 1}));
  need(session.claim(folder));
  need(session.setTrainingData(need(Dataset::load(program, "train"))));
  if (std::filesystem::is_symlink(folder + "/last"))
    need(session.load(folder));
  for (Stopped stopped = Stopped::StepsDone; stopped != Stopped::PlanDone;) {
    stopped = need(session.train({.maxSteps = every - session.step() % every}));
    need(session.save(folder, {.notes = count == 5 ? words[4] : ""}));
  }
  std::printf("step %lld\n", (long long)session.step());
}
