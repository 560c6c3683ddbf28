// Which instance a call means, and the variables by name.
#include "Instances.h"

#include <algorithm>
#include <utility>

using namespace talweg;
using namespace talweg::frontend;

Instance &Instances::instantiate(Instance &parent, const std::string &name, const ast::Decl &decl, ast::Range place,
                                 bool isOne) {
  for (int again = 1;; ++again) {
    const std::string tried = again == 1 ? name : name + "_" + std::to_string(again);
    std::unique_ptr<Instance> &child = parent.children[tried];
    if (!child) {
      child = std::make_unique<Instance>();
      child->path = parent.pathOf(tried);
      child->decl = &decl;
      child->place = place;
    } else if (!isOne && (child->usedIn == parent.run || child->decl != &decl))
      continue;
    child->usedIn = parent.run;
    return *child;
  }
}

Alternatives::Alternatives(Instance *instance) : instance(instance) {
  if (!instance)
    return;
  before = instance->counters;
  for (auto &[name, child] : instance->children) // known to be called before: not the branch's
    if (child->usedIn == instance->run)
      ofFirst.push_back(child.get());
}

void Alternatives::beginSecond() {
  if (!instance)
    return;
  const std::vector<Instance *> called = std::exchange(ofFirst, {});
  afterFirst = std::exchange(instance->counters, before);
  for (auto &[name, child] : instance->children)
    if (child->usedIn == instance->run && std::find(called.begin(), called.end(), child.get()) == called.end()) {
      child->usedIn = -1;
      ofFirst.push_back(child.get());
    }
}

Alternatives::~Alternatives() {
  if (!instance)
    return;
  for (auto &[layer, count] : afterFirst)
    instance->counters[layer] = std::max(instance->counters[layer], count);
  for (Instance *child : ofFirst)
    child->usedIn = instance->run;
}

DeclaredVariable &Instances::add(DeclaredVariable variable) {
  DeclaredVariable &added = all.emplace_back(std::move(variable));
  byName[added.name] = &added;
  return added;
}

const DeclaredVariable *Instances::find(const std::string &name) const {
  const auto found = byName.find(name);
  return found == byName.end() ? nullptr : found->second;
}
