#include "talweg/Prepare/Learned.h"

#include <nlohmann/json.hpp>

#include <array>
#include <optional>

namespace talweg::prepare {

using nlohmann::json;

//===-- base64 ----------------------------------------------------------------------------------------------------===//

static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static std::string toBase64(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view three = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0);
    for (std::size_t i = 0; i < 4; ++i)
      text += i <= three.size() ? digits[bits >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

static std::optional<std::string> ofBase64(std::string_view text) {
  if (text.size() % 4 != 0)
    return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  std::string bytes;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = i + padding < text.size() ? digits.find(text[i]) : 0;
    if (digit == digits.npos)
      return std::nullopt;
    bits = bits << 6 | std::uint32_t(digit);
    if (i % 4 == 3)
      for (const int shift : {16, 8, 0})
        bytes += char(bits >> shift & 255);
  }
  bytes.resize(bytes.size() - padding);
  return toBase64(bytes) == text ? std::optional(bytes) : std::nullopt;
}

//===-- JSON ------------------------------------------------------------------------------------------------------===//

static json jsonOf(const LearnedStep &step) {
  json of = json::object();
  if (!step.numbers.empty())
    of["numbers"] = step.numbers;
  if (!step.words.empty())
    of["words"] = step.words;
  if (!step.model.empty())
    of["model"] = toBase64(step.model);
  return of;
}

std::string learnedText(const std::vector<LearnedField> &fields) {
  json list = json::array();
  for (const LearnedField &field : fields) {
    json steps = json::array();
    for (const LearnedStep &step : field.steps)
      steps.push_back(jsonOf(step));
    list.push_back({{"field", field.field}, {"chain", field.chain}, {"steps", steps}});
  }
  return list.dump();
}

/// The value of `key`, and nothing of `of` that is not asked for.
static const json *memberOf(const json &of, std::string_view key) {
  const auto found = of.find(key);
  return found == of.end() ? nullptr : &*found;
}

static bool readStep(const json &of, LearnedStep &step) {
  if (!of.is_object())
    return false;
  const json *numbers = memberOf(of, "numbers"), *words = memberOf(of, "words"), *model = memberOf(of, "model");
  if (of.size() != std::size_t(!!numbers + !!words + !!model))
    return false;
  if (numbers && (!numbers->is_array() || numbers->empty()))
    return false;
  for (const json &number : numbers ? *numbers : json::array()) {
    if (!number.is_number())
      return false;
    step.numbers.push_back(number.get<double>());
  }
  if (words && (!words->is_array() || words->empty()))
    return false;
  for (const json &word : words ? *words : json::array()) {
    if (!word.is_string())
      return false;
    step.words.push_back(word.get<std::string>());
  }
  if (!model)
    return true;
  const std::optional<std::string> bytes =
      model->is_string() ? ofBase64(model->get_ref<const std::string &>()) : std::nullopt;
  step.model = bytes.value_or("");
  return !step.model.empty();
}

static bool readField(const json &of, LearnedField &field) {
  if (!of.is_object() || of.size() != 3)
    return false;
  const json *name = memberOf(of, "field"), *chain = memberOf(of, "chain"), *steps = memberOf(of, "steps");
  if (!name || !name->is_string() || !chain || !chain->is_string() || !steps || !steps->is_array())
    return false;
  field.field = name->get<std::string>();
  field.chain = chain->get<std::string>();
  for (const json &step : *steps)
    if (!readStep(step, field.steps.emplace_back()))
      return false;
  return true;
}

Result<std::vector<LearnedField>> learnedOf(std::string_view text) {
  const Error wrong{"E0762", "error: this is not what the steps of fields have learned"};
  const json list = json::parse(text, nullptr, false);
  if (!list.is_array())
    return wrong;
  std::vector<LearnedField> fields;
  for (const json &field : list)
    if (!readField(field, fields.emplace_back()))
      return wrong;
  return fields;
}

} // namespace talweg::prepare
