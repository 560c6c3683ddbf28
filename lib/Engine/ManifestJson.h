// Manifests and plans as JSON: what a host keeps of a module beside its code.
#ifndef TALWEG_ENGINE_MANIFESTJSON_H
#define TALWEG_ENGINE_MANIFESTJSON_H

#include "talweg/Frontend/Plan.h"
#include "talweg/Support/Manifest.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace talweg {

nlohmann::json toJson(const Manifest &manifest);
/// The same as one line of text. A message of the model's may hold any bytes: what is no UTF-8 is replaced.
std::string textOf(const Manifest &manifest);
/// Of what toJson and textOf gave.
Manifest manifestFrom(const nlohmann::json &json);
Manifest manifestFrom(const std::string &text);

nlohmann::json toJson(const frontend::Plan &plan);
frontend::Plan planFrom(const nlohmann::json &json);

} // namespace talweg

#endif
