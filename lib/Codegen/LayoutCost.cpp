// Estimates cycles by strides: of products by their plan, of other loops by whether lanes find their elements side by side.
#include "LayoutCost.h"

#include "Access.h"
#include "PlanProduct.h"
#include "ProductEstimate.h"

#include "mlir/IR/Matchers.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir;
using linalg::GenericOp;

namespace talweg {

LoopCost::LoopCost(Operation *op) : op(op) {
  if (auto product = dyn_cast<kernel::ProductOp>(op)) {
    extents.assign(product.getLoops().begin(), product.getLoops().end());
    for (OpOperand *factor : {&product.getLeftMutable(), &product.getRightMutable()})
      add(factor->get(), product.getMatchingIndexingMap(factor), false);
    add(product.getResult(0), product.getSumMap(), true);
    band = bandOf(product);
    return;
  }
  auto generic = cast<GenericOp>(op);
  extents = generic.getStaticLoopRanges();
  for (OpOperand *input : generic.getDpsInputOperands())
    if (isa<RankedTensorType>(input->get().getType()) && generic.payloadUsesValueFromOperand(input) &&
        !matchPattern(input->get(), m_Constant<SplatElementsAttr>(nullptr)))
      add(input->get(), generic.getMatchingIndexingMap(input), false);
  for (OpOperand &init : generic.getDpsInitsMutable())
    add(generic.getTiedOpResult(&init), generic.getMatchingIndexingMap(&init), true);
}

void LoopCost::add(Value value, AffineMap map, bool isResult) {
  auto type = cast<RankedTensorType>(value.getType());
  Tensor tensor{value,
                isResult,
                llvm::to_vector(type.getShape()),
                {},
                type.getNumElements(),
                std::max<std::int64_t>(8, type.getElementTypeBitWidth()),
                map.getNumDims()};
  SmallVector<std::int64_t> point(map.getNumDims(), 0);
  const SmallVector<std::int64_t> start = map.compose(point);
  tensor.moves.assign(start.size(), SmallVector<std::int64_t>(map.getNumDims()));
  for (unsigned loop = 0; loop < map.getNumDims(); ++loop) {
    point[loop] = 1;
    for (auto [dim, place] : llvm::enumerate(map.compose(point)))
      tensor.moves[dim][loop] = place - start[dim];
    point[loop] = 0;
  }
  tensors.push_back(std::move(tensor));
}

SmallVector<std::int64_t> LoopCost::Tensor::strides(ArrayRef<unsigned> order) const {
  SmallVector<std::int64_t> strides(loops, 0);
  std::int64_t step = 1;
  for (std::size_t i = moves.size(); i-- > 0;) {
    const std::size_t dim = order.empty() ? i : order[i];
    for (auto [stride, move] : llvm::zip_equal(strides, moves[dim]))
      stride += step * move;
    step *= shape[dim];
  }
  return strides;
}

double LoopCost::turns() const {
  double turns = 1;
  for (std::int64_t extent : extents)
    turns *= double(extent);
  return turns;
}

std::int64_t LoopCost::lanes(const Target &target) const { return target.vectorBits / tensors.back().bits; }

double LoopCost::least(const Target &target) const {
  const double registers = turns() / double(lanes(target));
  auto generic = dyn_cast<GenericOp>(op);
  return !generic ? registers / 2 : isParallel(generic) ? 0 : registers * double(tensors.size());
}

namespace {

/// Of the three tensors of a product for each turn of some loops, those of which one product's elements are not in one run of memory: more pages.
int farOperands(ArrayRef<std::int64_t> extents, ArrayRef<SmallVector<std::int64_t>> strides) {
  auto isOfEach = [&](std::size_t loop) {
    return llvm::all_of(strides, [&](auto &moves) { return moves[loop] != 0; });
  };
  return int(llvm::count_if(strides, [&](const auto &moves) {
    std::int64_t nearest = INT64_MAX, farthest = 0; // of the loops over products, and within one
    for (auto [loop, extent] : llvm::enumerate(extents))
      if (extent > 1 && moves[loop] != 0) {
        std::int64_t &bound = isOfEach(loop) ? nearest : farthest;
        bound = isOfEach(loop) ? std::min(bound, std::abs(moves[loop])) : std::max(bound, std::abs(moves[loop]));
      }
    return nearest < farthest;
  }));
}

double cyclesOfProduct(ArrayRef<std::int64_t> extents, ArrayRef<SmallVector<std::int64_t>> strides,
                       const std::optional<Band> &band, std::int64_t bytes, std::int64_t lanes, const Target &target) {
  SmallVector<kernel::Loop> loops;
  for (auto [loop, extent] : llvm::enumerate(extents))
    loops.push_back({extent, strides[0][loop], strides[1][loop], strides[2][loop], {}, band ? band->moves[loop] : 0});
  // In which order dimensions lie decides in which order they are summed, so it is asked of no machine in particular.
  kernel::ProductPlan plan =
      planProduct(loops, lanes, target.registers, /*elementBytes=*/target.vectorBits / lanes / 8, Machine());
  if (band)
    skipOutside(plan, band->low, band->high);
  const ProductEstimate estimate = estimateOf(plan, lanes, bytes); // a core is not quite idle while it waits for memory
  return estimate.cycles * (1 + farOperands(extents, strides) / 64.0) + estimate.busy / 8;
}

} // namespace

double LoopCost::cycles(ArrayRef<Place> places, const Target &target) const {
  SmallVector<SmallVector<std::int64_t>> strides;
  std::int64_t bytes = 0;
  for (auto [tensor, place] : llvm::zip_equal(tensors, places)) {
    strides.push_back(tensor.strides(place.order));
    bytes += tensor.elements * tensor.bits / 8;
  }
  const std::int64_t lanes = this->lanes(target);
  if (isa<kernel::ProductOp>(op))
    return cyclesOfProduct(extents, strides, band, bytes, lanes, target);

  // Lanes run along the loop by which the largest of what is read, of elementwise ops of what is written, lies side by side.
  const bool reduces = !isParallel(cast<GenericOp>(op));
  std::size_t leader = tensors.size() - 1;
  for (std::size_t i = 0; reduces && i + 1 < tensors.size(); ++i)
    if (leader == tensors.size() - 1 || tensors[i].elements > tensors[leader].elements)
      leader = i;
  constexpr std::int64_t farSmaller = 8, firstCache = 1 << 15;
  auto isSmall = [&](const Tensor &tensor) { return double(tensor.elements * farSmaller) <= turns(); };
  std::optional<std::size_t> along;
  for (std::size_t loop = 0; loop < extents.size(); ++loop)
    if (extents[loop] > 1 && strides[leader][loop] == 1)
      along = loop;
  if (!along)
    return turns() * double(reduces ? tensors.size() : 1);
  std::int64_t run = extents[*along]; // of places that all but small tensors have side by side
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t loop = 0; loop < extents.size() && !changed; ++loop) {
      auto follows = [&](std::size_t i) {
        return (isSmall(tensors[i]) && run < lanes) || strides[i][loop] == strides[i][*along] * run;
      };
      changed = loop != *along && extents[loop] > 1 && strides[leader][loop] == run &&
                llvm::all_of(llvm::seq(tensors.size()), follows);
      run *= changed ? extents[loop] : 1;
    }
  }
  const double registers = turns() / double(run) * double(llvm::divideCeil(run, lanes));
  // What elementwise ops take at least depends on what they are fused with.
  double cycles = reduces ? registers * double(tensors.size()) : registers - turns() / double(lanes);
  for (auto [i, tensor] : llvm::enumerate(tensors)) {
    const std::int64_t stride = std::abs(strides[i][*along]);
    const bool isApart = stride > 1;
    const double eachLane = double(lanes) * (tensor.elements * tensor.bits / 8 > firstCache ? 2 : 1);
    if (isApart && !isSmall(tensor))
      cycles += registers * eachLane;
    else if (isApart && !places[i].mayFollow) // copied in front
      cycles += 2 * double(tensor.elements);
  }
  if (reduces && strides.back()[*along] == 0) // lanes are summed at the end
    cycles += double(tensors.back().elements) * 2 * std::log2(double(lanes));
  return cycles;
}

} // namespace talweg
