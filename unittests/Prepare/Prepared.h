// Fields of cells that a test writes down, learned and prepared.
#ifndef TALWEG_UNITTESTS_PREPARE_PREPARED_H
#define TALWEG_UNITTESTS_PREPARE_PREPARED_H

#include "talweg/Prepare/Preparation.h"
#include "talweg/Prepare/Steps.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace talweg::prepare {

using Cells = std::vector<Cell>;
using Rows = std::vector<Cells>;
using Numbers = std::vector<double>;

inline Cell text(std::string_view text) { return Cell::of(text); }
inline Cell number(double number) { return Cell::of(number); }
inline const Cell none;

/// Rows of one cell each.
inline Rows texts(const std::vector<std::string_view> &texts) {
  Rows rows;
  for (std::string_view of : texts)
    rows.push_back({text(of)});
  return rows;
}
inline Rows numbers(const std::vector<double> &numbers) {
  Rows rows;
  for (double of : numbers)
    rows.push_back({number(of)});
  return rows;
}

inline Field f64(std::vector<std::int64_t> shape, std::vector<Step> steps) {
  Field field{"x", ElementType::F64, std::move(shape)};
  field.steps = std::move(steps);
  return field;
}
inline Field category(std::vector<std::int64_t> shape, std::vector<Step> steps) {
  Field field{"x", ElementType::I32, std::move(shape)};
  field.category = true;
  field.steps = std::move(steps);
  return field;
}
inline Field classes(std::vector<std::string> names, std::vector<Step> steps = {}) {
  Field field{"x", ElementType::I32};
  field.classes = std::ssize(names);
  field.names = std::move(names);
  field.steps = std::move(steps);
  return field;
}
inline Field stored(ElementType element, std::vector<Step> steps = {}) {
  Field field{"x", element};
  field.steps = std::move(steps);
  return field;
}

inline std::string said(const Fault &fault) {
  return std::string(fault.code) + " " + fault.situation + (fault.help.empty() ? "" : " | " + fault.help);
}

inline Preparation created(const Field &field) {
  Result<Preparation> preparation = Preparation::create(field);
  EXPECT_TRUE(preparation) << preparation.error().message;
  return std::move(*preparation);
}

/// What is wrong with the field and its steps.
inline std::string refused(const Field &field) {
  Result<Preparation> preparation = Preparation::create(field);
  if (preparation)
    return "no error";
  EXPECT_EQ(preparation.error().code, faultOf(field).code);
  return preparation.error().code + " " + preparation.error().message;
}

/// Learns of all rows; the fault or error, if there is one.
inline std::string learn(Preparation &preparation, const Rows &rows) {
  for (int pass = 0, passes = preparation.passes(); pass < passes; ++pass) {
    for (const Cells &row : rows)
      if (Fault fault = preparation.see(row))
        return said(fault);
    if (Result<void> finished = preparation.finishPass(); !finished)
      return finished.error().code + " " + finished.error().message;
  }
  return "";
}

inline Preparation learned(const Field &field, const Rows &rows) {
  Preparation preparation = created(field);
  EXPECT_EQ(learn(preparation, rows), "");
  return preparation;
}

/// The field's values of a row; a fault is a failure of the test.
inline Numbers valuesOf(const Preparation &preparation, const Field &field, const Cells &row) {
  std::vector<std::byte> bytes(std::size_t(field.bytes()));
  const Fault fault = preparation.prepare(row, bytes.data());
  EXPECT_FALSE(fault) << said(fault);
  Numbers values;
  withStored(field.element, [&](auto stored) {
    for (const std::byte *at = bytes.data(); at < bytes.data() + bytes.size(); at += sizeof stored) {
      std::memcpy(&stored, at, sizeof stored);
      values.push_back(double(stored));
    }
  });
  return values;
}

/// The values of all rows, having learned of them.
inline Numbers prepared(const Field &field, const Rows &rows) {
  const Preparation preparation = learned(field, rows);
  Numbers values;
  for (const Cells &row : rows)
    for (double value : valuesOf(preparation, field, row))
      values.push_back(value);
  return values;
}

/// What is wrong with a row, after learning of the others.
inline std::string faultIn(const Field &field, const Cells &row, const Rows &others = {}) {
  const Preparation preparation = learned(field, others);
  std::vector<std::byte> bytes(std::size_t(field.bytes()));
  const Fault fault = preparation.prepare(row, bytes.data());
  return said(fault) + (fault.cell ? " (cell " + std::to_string(fault.cell) + ")" : "");
}

inline void expectNear(const Numbers &values, const Numbers &expected, double tolerance = 1e-12) {
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_NEAR(values[i], expected[i], tolerance) << "value " << i;
}

} // namespace talweg::prepare

#endif
