// A memref is an address: what lies in it is reached by sums of places times strides, and nothing else of it is left.
// RUN: talweg-opt %s --split-input-file --talweg-lower-memory --canonicalize --cse | FileCheck %s --implicit-check-not=memref

// CHECK-LABEL: func.func @places(
// CHECK-SAME: %[[MEMORY:.*]]: !llvm.ptr {llvm.noalias}, %[[I:.*]]: index, %[[J:.*]]: index) -> f32
// CHECK: %[[ROW:.*]] = arith.muli %[[I]], %c6
// CHECK: %[[AT:.*]] = arith.addi %[[ROW]], %[[J]]
// CHECK: %[[WIDE:.*]] = arith.index_cast %[[AT]] : index to i64
// CHECK: llvm.getelementptr %[[MEMORY]][%[[WIDE]]] : (!llvm.ptr, i64) -> !llvm.ptr, f32
// CHECK: llvm.load %{{.*}} : !llvm.ptr -> f32
func.func @places(%memory: memref<4x6xf32> {llvm.noalias}, %i: index, %j: index) -> f32 {
  %x = memref.load %memory[%i, %j] : memref<4x6xf32>
  return %x : f32
}

// A part of a view: the view begins 64 bytes behind, the part at row 1, column 2, of which the place [j, 0] is read.
// -----
// CHECK-LABEL: func.func @parts(
// CHECK-SAME: %[[ARENA:.*]]: !llvm.ptr, %[[J:.*]]: index)
// CHECK: %[[VIEW:.*]] = llvm.getelementptr %[[ARENA]][64] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK: %[[PART:.*]] = llvm.getelementptr %[[VIEW]][10] : (!llvm.ptr) -> !llvm.ptr, f32
// CHECK: llvm.getelementptr %[[PART]][%{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, f32
// CHECK: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<4xf32>
// CHECK: llvm.store %{{.*}}, %{{.*}} {alignment = 4 : i64} : vector<4xf32>, !llvm.ptr
func.func @parts(%arena: memref<1024xi8>, %j: index) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %view = memref.view %arena[%c64][] : memref<1024xi8> to memref<4x8xf32>
  %part = memref.subview %view[1, 2] [2, 4] [1, 1] : memref<4x8xf32> to memref<2x4xf32, strided<[8, 1], offset: 10>>
  %x = vector.load %part[%j, %c0] : memref<2x4xf32, strided<[8, 1], offset: 10>>, vector<4xf32>
  vector.store %x, %part[%c0, %c0] : memref<2x4xf32, strided<[8, 1], offset: 10>>, vector<4xf32>
  return
}

// A place that is far away is no constant of the address's own.
// -----
// CHECK-LABEL: func.func @far(
// CHECK-SAME: %[[ARENA:.*]]: !llvm.ptr)
// CHECK-DAG: %[[FAR:.*]] = llvm.mlir.constant(8589934592 : i64) : i64
// CHECK-DAG: %[[NEAR:.*]] = llvm.mlir.constant(536870912 : i64) : i64
// CHECK: llvm.getelementptr %[[ARENA]][%[[FAR]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK: llvm.getelementptr %[[ARENA]][%[[NEAR]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
func.func @far(%arena: memref<17179869184xi8>) -> (f32, f32) {
  %zero = arith.constant 0 : index
  %far = arith.constant 8589934592 : index
  %near = arith.constant 536870912 : index
  %a = memref.view %arena[%far][] : memref<17179869184xi8> to memref<1xf32>
  %x = memref.load %a[%zero] : memref<1xf32>
  %b = memref.view %arena[%near][] : memref<17179869184xi8> to memref<1xf32>
  %y = memref.load %b[%zero] : memref<1xf32>
  return %x, %y : f32, f32
}

// -----
// CHECK: llvm.mlir.global private constant @numbers(dense<[1, 2]> : tensor<2xi64>) {addr_space = 0 : i32, alignment = 64 : i64} : !llvm.array<2 x i64>
// CHECK-LABEL: func.func @constants(
// CHECK: %[[FROM:.*]] = llvm.mlir.addressof @numbers : !llvm.ptr
// CHECK: "llvm.intr.memcpy"(%{{.*}}, %[[FROM]], %{{.*}}) <{isVolatile = false}>
// CHECK: llvm.intr.prefetch
memref.global "private" constant @numbers : memref<2xi64> = dense<[1, 2]> {alignment = 64 : i64}
func.func @constants(%to: memref<2xi64>, %i: index) {
  %from = memref.get_global @numbers : memref<2xi64>
  memref.copy %from, %to : memref<2xi64> to memref<2xi64>
  memref.prefetch %to[%i], write, locality<3>, data : memref<2xi64>
  return
}

// A function's loops hand addresses on.
// -----
// CHECK-LABEL: func.func private @callee(!llvm.ptr)
// CHECK-LABEL: func.func @caller(
// CHECK-SAME: %[[A:.*]]: !llvm.ptr, %[[B:.*]]: !llvm.ptr, %{{.*}}: i1)
// CHECK: %[[CHOSEN:.*]] = arith.select %{{.*}}, %[[A]], %[[B]] : !llvm.ptr
// CHECK: call @callee(%[[CHOSEN]]) : (!llvm.ptr) -> ()
func.func private @callee(memref<2xf32>)
func.func @caller(%a: memref<2xf32>, %b: memref<2xf32>, %first: i1) {
  %chosen = arith.select %first, %a, %b : memref<2xf32>
  func.call @callee(%chosen) : (memref<2xf32>) -> ()
  return
}
