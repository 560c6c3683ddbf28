// The facts of a module as JSON, to be kept beside its code.
#ifndef TALWEG_ENGINE_CACHEDFACTS_H
#define TALWEG_ENGINE_CACHEDFACTS_H

#include "talweg/Pipeline/Compiler.h"

#include <nlohmann/json_fwd.hpp>

namespace talweg {

nlohmann::json factsToJson(const ModuleFacts &facts);
/// Of what factsToJson gave.
ModuleFacts factsFromJson(const nlohmann::json &json);

} // namespace talweg

#endif
