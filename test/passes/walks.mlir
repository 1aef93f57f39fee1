// What is shared is walked once: sixty squarings, of a tensor and of a number, are sixty steps and not 2^60.
// RUN: gptc compile %s --emit=launches -o %t
// RUN: FileCheck %s --input-file=%t
// CHECK: kern.part @prologue_0

// Functions that call each other twice are that large: an error instead of a machine without memory.
// RUN: not gptc-opt %S/Inputs/doubled.mlir --instantiate -o %t 2>&1 | FileCheck %s --check-prefix=LARGE --implicit-check-not=error:
// LARGE: error: the model has more than 200000 ops once each call is its function's body

gpt.model @walks {
  gpt.let T, V = 16, D = 8
  %tokens  = gpt.input [T] i32
  %targets = gpt.input [T] i32
  %table   = gpt.param [V, D] init normal(1) by %sgd
  %s       = gpt.param [D, D] init normal(1) by %sgd
  gpt.graph @train {
    %x = gpt.embed %table[%tokens]
    %s1 = gpt.mul %s, %s
    %s2 = gpt.mul %s1, %s1
    %s3 = gpt.mul %s2, %s2
    %s4 = gpt.mul %s3, %s3
    %s5 = gpt.mul %s4, %s4
    %s6 = gpt.mul %s5, %s5
    %s7 = gpt.mul %s6, %s6
    %s8 = gpt.mul %s7, %s7
    %s9 = gpt.mul %s8, %s8
    %s10 = gpt.mul %s9, %s9
    %s11 = gpt.mul %s10, %s10
    %s12 = gpt.mul %s11, %s11
    %s13 = gpt.mul %s12, %s12
    %s14 = gpt.mul %s13, %s13
    %s15 = gpt.mul %s14, %s14
    %s16 = gpt.mul %s15, %s15
    %s17 = gpt.mul %s16, %s16
    %s18 = gpt.mul %s17, %s17
    %s19 = gpt.mul %s18, %s18
    %s20 = gpt.mul %s19, %s19
    %s21 = gpt.mul %s20, %s20
    %s22 = gpt.mul %s21, %s21
    %s23 = gpt.mul %s22, %s22
    %s24 = gpt.mul %s23, %s23
    %s25 = gpt.mul %s24, %s24
    %s26 = gpt.mul %s25, %s25
    %s27 = gpt.mul %s26, %s26
    %s28 = gpt.mul %s27, %s27
    %s29 = gpt.mul %s28, %s28
    %s30 = gpt.mul %s29, %s29
    %s31 = gpt.mul %s30, %s30
    %s32 = gpt.mul %s31, %s31
    %s33 = gpt.mul %s32, %s32
    %s34 = gpt.mul %s33, %s33
    %s35 = gpt.mul %s34, %s34
    %s36 = gpt.mul %s35, %s35
    %s37 = gpt.mul %s36, %s36
    %s38 = gpt.mul %s37, %s37
    %s39 = gpt.mul %s38, %s38
    %s40 = gpt.mul %s39, %s39
    %s41 = gpt.mul %s40, %s40
    %s42 = gpt.mul %s41, %s41
    %s43 = gpt.mul %s42, %s42
    %s44 = gpt.mul %s43, %s43
    %s45 = gpt.mul %s44, %s44
    %s46 = gpt.mul %s45, %s45
    %s47 = gpt.mul %s46, %s46
    %s48 = gpt.mul %s47, %s47
    %s49 = gpt.mul %s48, %s48
    %s50 = gpt.mul %s49, %s49
    %s51 = gpt.mul %s50, %s50
    %s52 = gpt.mul %s51, %s51
    %s53 = gpt.mul %s52, %s52
    %s54 = gpt.mul %s53, %s53
    %s55 = gpt.mul %s54, %s54
    %s56 = gpt.mul %s55, %s55
    %s57 = gpt.mul %s56, %s56
    %s58 = gpt.mul %s57, %s57
    %s59 = gpt.mul %s58, %s58
    %s60 = gpt.mul %s59, %s59
    %y = gpt.linear %x, %s60
    %e0 = gpt.expr 1 - %lr
    %e1 = gpt.expr %e0*%e0
    %e2 = gpt.expr %e1*%e1
    %e3 = gpt.expr %e2*%e2
    %e4 = gpt.expr %e3*%e3
    %e5 = gpt.expr %e4*%e4
    %e6 = gpt.expr %e5*%e5
    %e7 = gpt.expr %e6*%e6
    %e8 = gpt.expr %e7*%e7
    %e9 = gpt.expr %e8*%e8
    %e10 = gpt.expr %e9*%e9
    %e11 = gpt.expr %e10*%e10
    %e12 = gpt.expr %e11*%e11
    %e13 = gpt.expr %e12*%e12
    %e14 = gpt.expr %e13*%e13
    %e15 = gpt.expr %e14*%e14
    %e16 = gpt.expr %e15*%e15
    %e17 = gpt.expr %e16*%e16
    %e18 = gpt.expr %e17*%e17
    %e19 = gpt.expr %e18*%e18
    %e20 = gpt.expr %e19*%e19
    %e21 = gpt.expr %e20*%e20
    %e22 = gpt.expr %e21*%e21
    %e23 = gpt.expr %e22*%e22
    %e24 = gpt.expr %e23*%e23
    %e25 = gpt.expr %e24*%e24
    %e26 = gpt.expr %e25*%e25
    %e27 = gpt.expr %e26*%e26
    %e28 = gpt.expr %e27*%e27
    %e29 = gpt.expr %e28*%e28
    %e30 = gpt.expr %e29*%e29
    %e31 = gpt.expr %e30*%e30
    %e32 = gpt.expr %e31*%e31
    %e33 = gpt.expr %e32*%e32
    %e34 = gpt.expr %e33*%e33
    %e35 = gpt.expr %e34*%e34
    %e36 = gpt.expr %e35*%e35
    %e37 = gpt.expr %e36*%e36
    %e38 = gpt.expr %e37*%e37
    %e39 = gpt.expr %e38*%e38
    %e40 = gpt.expr %e39*%e39
    %e41 = gpt.expr %e40*%e40
    %e42 = gpt.expr %e41*%e41
    %e43 = gpt.expr %e42*%e42
    %e44 = gpt.expr %e43*%e43
    %e45 = gpt.expr %e44*%e44
    %e46 = gpt.expr %e45*%e45
    %e47 = gpt.expr %e46*%e46
    %e48 = gpt.expr %e47*%e47
    %e49 = gpt.expr %e48*%e48
    %e50 = gpt.expr %e49*%e49
    %e51 = gpt.expr %e50*%e50
    %e52 = gpt.expr %e51*%e51
    %e53 = gpt.expr %e52*%e52
    %e54 = gpt.expr %e53*%e53
    %e55 = gpt.expr %e54*%e54
    %e56 = gpt.expr %e55*%e55
    %e57 = gpt.expr %e56*%e56
    %e58 = gpt.expr %e57*%e57
    %e59 = gpt.expr %e58*%e58
    %e60 = gpt.expr %e59*%e59
    %z = gpt.scale %y by %e60
    %h = gpt.linear %z, %table
    %l = gpt.cross_entropy %h, %targets
    gpt.return %l
  }
  %lr = gpt.schedule(%step) {
    gpt.yield 0.001*%step
  }
  %sgd = gpt.optimizer(%p, %g) {
    %q = gpt.sub %p, %g
    gpt.return %q
  }
  gpt.recipe (steps = 4, micro_batches = 1, T = 32, document_token = 0, max_document = 32)
}
