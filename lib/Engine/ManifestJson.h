// A manifest as JSON: what a host keeps of a module beside its code.
#ifndef TALWEG_ENGINE_MANIFESTJSON_H
#define TALWEG_ENGINE_MANIFESTJSON_H

#include "talweg/Support/Manifest.h"

#include <nlohmann/json_fwd.hpp>

namespace talweg {

nlohmann::json toJson(const Manifest &manifest);
/// Of what toJson gave.
Manifest manifestFrom(const nlohmann::json &json);

} // namespace talweg

#endif
