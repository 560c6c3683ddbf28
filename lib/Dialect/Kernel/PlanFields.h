// A plan as an attribute: the fields of a struct that differ from their defaults, by name.
//
// `visitFields(plan, visit)`, found beside the struct, calls visit(name, field) for each field. A field is a bool, a whole number, an enum
// whose words `wordsOf(value)` tells, or something that is told by numbers (`numbersOf(value)`, `setNumbers(value, numbers)`), of which there
// may be several or none.
#ifndef TALWEG_LIB_DIALECT_KERNEL_PLANFIELDS_H
#define TALWEG_LIB_DIALECT_KERNEL_PLANFIELDS_H

#include "mlir/IR/Builders.h"

#include <concepts>
#include <optional>
#include <string>
#include <utility>

namespace talweg::kernel {

struct FieldWriter {
  mlir::Builder builder;

  mlir::Attribute of(bool value) { return builder.getBoolAttr(value); }

  template <std::integral Number>
  mlir::Attribute of(Number value) {
    return builder.getI64IntegerAttr(std::int64_t(value));
  }

  template <typename Word>
    requires std::is_enum_v<Word>
  mlir::Attribute of(Word value) {
    return builder.getStringAttr(wordsOf(value)[std::size_t(value)]);
  }

  template <typename Numbers>
    requires requires(Numbers value) { numbersOf(value); }
  mlir::Attribute of(const Numbers &value) {
    return builder.getDenseI64ArrayAttr(numbersOf(value));
  }

  template <typename Value>
  mlir::Attribute of(const std::optional<Value> &value) {
    return value ? of(*value) : mlir::Attribute();
  }

  template <typename Value>
  mlir::Attribute of(const llvm::SmallVector<Value> &values) {
    llvm::SmallVector<mlir::Attribute> all;
    for (const Value &value : values)
      all.push_back(of(value));
    return builder.getArrayAttr(all);
  }
};

/// Each returns whether `from` is what the field must be.
struct FieldReader {
  bool read(mlir::Attribute from, bool &to) {
    auto value = mlir::dyn_cast<mlir::BoolAttr>(from);
    to = value && value.getValue();
    return bool(value);
  }

  template <std::integral Number>
  bool read(mlir::Attribute from, Number &to) {
    auto value = mlir::dyn_cast<mlir::IntegerAttr>(from);
    if (!value || !value.getType().isSignlessInteger(64) || !std::in_range<Number>(value.getInt()))
      return false;
    to = Number(value.getInt());
    return true;
  }

  template <typename Word>
    requires std::is_enum_v<Word>
  bool read(mlir::Attribute from, Word &to) {
    auto value = mlir::dyn_cast<mlir::StringAttr>(from);
    auto words = wordsOf(to);
    auto word = llvm::find(words, value ? value.getValue() : "");
    to = Word(word == words.end() ? 0 : word - words.begin());
    return word != words.end();
  }

  template <typename Numbers>
    requires requires(Numbers value) { numbersOf(value); }
  bool read(mlir::Attribute from, Numbers &to) {
    auto numbers = mlir::dyn_cast<mlir::DenseI64ArrayAttr>(from);
    return numbers && setNumbers(to, numbers);
  }

  template <typename Value>
  bool read(mlir::Attribute from, std::optional<Value> &to) {
    return read(from, to.emplace());
  }

  template <typename Value>
  bool read(mlir::Attribute from, llvm::SmallVector<Value> &to) {
    auto values = mlir::dyn_cast<mlir::ArrayAttr>(from);
    return values && llvm::all_of(values, [&](mlir::Attribute value) { return read(value, to.emplace_back()); });
  }
};

template <typename Plan>
mlir::DictionaryAttr writeFields(mlir::MLIRContext *context, Plan plan) {
  FieldWriter writer{mlir::Builder(context)};
  mlir::NamedAttrList fields, defaults;
  auto into = [&](mlir::NamedAttrList &list) {
    return [&](llvm::StringRef name, auto &field) {
      if (mlir::Attribute value = writer.of(field); value && value != defaults.get(name))
        list.set(name, value);
    };
  };
  Plan nothing;
  visitFields(nothing, into(defaults));
  visitFields(plan, into(fields));
  return fields.getDictionary(context);
}

/// `plan` with the fields that are given. Why they are no plan, if they are not.
template <typename Plan>
std::string readFields(mlir::DictionaryAttr fields, Plan &plan) {
  std::size_t known = 0;
  std::string fault;
  visitFields(plan, [&](llvm::StringRef name, auto &field) {
    mlir::Attribute given = fields.get(name);
    known += given != nullptr;
    if (given && !FieldReader().read(given, field) && fault.empty())
      fault = ("field '" + name + "' is malformed").str();
  });
  return fault.empty() && known != fields.size() ? "a field is none of a plan's" : fault;
}

} // namespace talweg::kernel

#endif
