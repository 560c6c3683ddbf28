// A manifest as JSON: what a host keeps of a module beside its code.
#ifndef TALWEG_ENGINE_MANIFESTJSON_H
#define TALWEG_ENGINE_MANIFESTJSON_H

#include "talweg/Support/Manifest.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace talweg {

nlohmann::json toJson(const Manifest &manifest);
/// The same as one line of text. A message of the model's may hold any bytes: what is no UTF-8 is replaced.
std::string textOf(const Manifest &manifest);
/// Of what toJson gave.
Manifest manifestFrom(const nlohmann::json &json);

} // namespace talweg

#endif
