// RUN: gptc-opt %s --join-finishes | FileCheck %s
// RUN: gptc-opt %s --join-finishes --remarks-filter=join-finishes 2>&1 | FileCheck %s --check-prefix=REMARK

// A kernel finishes at most 128 sums: two of 64 go together, one more does not. The first stays apart from nothing.
// CHECK: kern.finish "half+rest"
// CHECK: kern.finish "more"
// REMARK-NOT: half stays apart
// REMARK: [Passed] finish | Category:join-finishes | Function=many | Remark="rest runs with half"
// REMARK: [Missed] finish | Category:join-finishes | Function=many | Reason="the kernel would finish too much", Remark="more stays apart from half"
kern.part @many "micro" {
  %a = kern.buffer "a" "workspace" : memref<2x1xf32>
  %t0 = kern.buffer "t0" "workspace" : memref<1xf32>
  %t1 = kern.buffer "t1" "workspace" : memref<1xf32>
  %t2 = kern.buffer "t2" "workspace" : memref<1xf32>
  %t3 = kern.buffer "t3" "workspace" : memref<1xf32>
  %t4 = kern.buffer "t4" "workspace" : memref<1xf32>
  %t5 = kern.buffer "t5" "workspace" : memref<1xf32>
  %t6 = kern.buffer "t6" "workspace" : memref<1xf32>
  %t7 = kern.buffer "t7" "workspace" : memref<1xf32>
  %t8 = kern.buffer "t8" "workspace" : memref<1xf32>
  %t9 = kern.buffer "t9" "workspace" : memref<1xf32>
  %t10 = kern.buffer "t10" "workspace" : memref<1xf32>
  %t11 = kern.buffer "t11" "workspace" : memref<1xf32>
  %t12 = kern.buffer "t12" "workspace" : memref<1xf32>
  %t13 = kern.buffer "t13" "workspace" : memref<1xf32>
  %t14 = kern.buffer "t14" "workspace" : memref<1xf32>
  %t15 = kern.buffer "t15" "workspace" : memref<1xf32>
  %t16 = kern.buffer "t16" "workspace" : memref<1xf32>
  %t17 = kern.buffer "t17" "workspace" : memref<1xf32>
  %t18 = kern.buffer "t18" "workspace" : memref<1xf32>
  %t19 = kern.buffer "t19" "workspace" : memref<1xf32>
  %t20 = kern.buffer "t20" "workspace" : memref<1xf32>
  %t21 = kern.buffer "t21" "workspace" : memref<1xf32>
  %t22 = kern.buffer "t22" "workspace" : memref<1xf32>
  %t23 = kern.buffer "t23" "workspace" : memref<1xf32>
  %t24 = kern.buffer "t24" "workspace" : memref<1xf32>
  %t25 = kern.buffer "t25" "workspace" : memref<1xf32>
  %t26 = kern.buffer "t26" "workspace" : memref<1xf32>
  %t27 = kern.buffer "t27" "workspace" : memref<1xf32>
  %t28 = kern.buffer "t28" "workspace" : memref<1xf32>
  %t29 = kern.buffer "t29" "workspace" : memref<1xf32>
  %t30 = kern.buffer "t30" "workspace" : memref<1xf32>
  %t31 = kern.buffer "t31" "workspace" : memref<1xf32>
  %t32 = kern.buffer "t32" "workspace" : memref<1xf32>
  %t33 = kern.buffer "t33" "workspace" : memref<1xf32>
  %t34 = kern.buffer "t34" "workspace" : memref<1xf32>
  %t35 = kern.buffer "t35" "workspace" : memref<1xf32>
  %t36 = kern.buffer "t36" "workspace" : memref<1xf32>
  %t37 = kern.buffer "t37" "workspace" : memref<1xf32>
  %t38 = kern.buffer "t38" "workspace" : memref<1xf32>
  %t39 = kern.buffer "t39" "workspace" : memref<1xf32>
  %t40 = kern.buffer "t40" "workspace" : memref<1xf32>
  %t41 = kern.buffer "t41" "workspace" : memref<1xf32>
  %t42 = kern.buffer "t42" "workspace" : memref<1xf32>
  %t43 = kern.buffer "t43" "workspace" : memref<1xf32>
  %t44 = kern.buffer "t44" "workspace" : memref<1xf32>
  %t45 = kern.buffer "t45" "workspace" : memref<1xf32>
  %t46 = kern.buffer "t46" "workspace" : memref<1xf32>
  %t47 = kern.buffer "t47" "workspace" : memref<1xf32>
  %t48 = kern.buffer "t48" "workspace" : memref<1xf32>
  %t49 = kern.buffer "t49" "workspace" : memref<1xf32>
  %t50 = kern.buffer "t50" "workspace" : memref<1xf32>
  %t51 = kern.buffer "t51" "workspace" : memref<1xf32>
  %t52 = kern.buffer "t52" "workspace" : memref<1xf32>
  %t53 = kern.buffer "t53" "workspace" : memref<1xf32>
  %t54 = kern.buffer "t54" "workspace" : memref<1xf32>
  %t55 = kern.buffer "t55" "workspace" : memref<1xf32>
  %t56 = kern.buffer "t56" "workspace" : memref<1xf32>
  %t57 = kern.buffer "t57" "workspace" : memref<1xf32>
  %t58 = kern.buffer "t58" "workspace" : memref<1xf32>
  %t59 = kern.buffer "t59" "workspace" : memref<1xf32>
  %t60 = kern.buffer "t60" "workspace" : memref<1xf32>
  %t61 = kern.buffer "t61" "workspace" : memref<1xf32>
  %t62 = kern.buffer "t62" "workspace" : memref<1xf32>
  %t63 = kern.buffer "t63" "workspace" : memref<1xf32>
  %t64 = kern.buffer "t64" "workspace" : memref<1xf32>
  %t65 = kern.buffer "t65" "workspace" : memref<1xf32>
  %t66 = kern.buffer "t66" "workspace" : memref<1xf32>
  %t67 = kern.buffer "t67" "workspace" : memref<1xf32>
  %t68 = kern.buffer "t68" "workspace" : memref<1xf32>
  %t69 = kern.buffer "t69" "workspace" : memref<1xf32>
  %t70 = kern.buffer "t70" "workspace" : memref<1xf32>
  %t71 = kern.buffer "t71" "workspace" : memref<1xf32>
  %t72 = kern.buffer "t72" "workspace" : memref<1xf32>
  %t73 = kern.buffer "t73" "workspace" : memref<1xf32>
  %t74 = kern.buffer "t74" "workspace" : memref<1xf32>
  %t75 = kern.buffer "t75" "workspace" : memref<1xf32>
  %t76 = kern.buffer "t76" "workspace" : memref<1xf32>
  %t77 = kern.buffer "t77" "workspace" : memref<1xf32>
  %t78 = kern.buffer "t78" "workspace" : memref<1xf32>
  %t79 = kern.buffer "t79" "workspace" : memref<1xf32>
  %t80 = kern.buffer "t80" "workspace" : memref<1xf32>
  %t81 = kern.buffer "t81" "workspace" : memref<1xf32>
  %t82 = kern.buffer "t82" "workspace" : memref<1xf32>
  %t83 = kern.buffer "t83" "workspace" : memref<1xf32>
  %t84 = kern.buffer "t84" "workspace" : memref<1xf32>
  %t85 = kern.buffer "t85" "workspace" : memref<1xf32>
  %t86 = kern.buffer "t86" "workspace" : memref<1xf32>
  %t87 = kern.buffer "t87" "workspace" : memref<1xf32>
  %t88 = kern.buffer "t88" "workspace" : memref<1xf32>
  %t89 = kern.buffer "t89" "workspace" : memref<1xf32>
  %t90 = kern.buffer "t90" "workspace" : memref<1xf32>
  %t91 = kern.buffer "t91" "workspace" : memref<1xf32>
  %t92 = kern.buffer "t92" "workspace" : memref<1xf32>
  %t93 = kern.buffer "t93" "workspace" : memref<1xf32>
  %t94 = kern.buffer "t94" "workspace" : memref<1xf32>
  %t95 = kern.buffer "t95" "workspace" : memref<1xf32>
  %t96 = kern.buffer "t96" "workspace" : memref<1xf32>
  %t97 = kern.buffer "t97" "workspace" : memref<1xf32>
  %t98 = kern.buffer "t98" "workspace" : memref<1xf32>
  %t99 = kern.buffer "t99" "workspace" : memref<1xf32>
  %t100 = kern.buffer "t100" "workspace" : memref<1xf32>
  %t101 = kern.buffer "t101" "workspace" : memref<1xf32>
  %t102 = kern.buffer "t102" "workspace" : memref<1xf32>
  %t103 = kern.buffer "t103" "workspace" : memref<1xf32>
  %t104 = kern.buffer "t104" "workspace" : memref<1xf32>
  %t105 = kern.buffer "t105" "workspace" : memref<1xf32>
  %t106 = kern.buffer "t106" "workspace" : memref<1xf32>
  %t107 = kern.buffer "t107" "workspace" : memref<1xf32>
  %t108 = kern.buffer "t108" "workspace" : memref<1xf32>
  %t109 = kern.buffer "t109" "workspace" : memref<1xf32>
  %t110 = kern.buffer "t110" "workspace" : memref<1xf32>
  %t111 = kern.buffer "t111" "workspace" : memref<1xf32>
  %t112 = kern.buffer "t112" "workspace" : memref<1xf32>
  %t113 = kern.buffer "t113" "workspace" : memref<1xf32>
  %t114 = kern.buffer "t114" "workspace" : memref<1xf32>
  %t115 = kern.buffer "t115" "workspace" : memref<1xf32>
  %t116 = kern.buffer "t116" "workspace" : memref<1xf32>
  %t117 = kern.buffer "t117" "workspace" : memref<1xf32>
  %t118 = kern.buffer "t118" "workspace" : memref<1xf32>
  %t119 = kern.buffer "t119" "workspace" : memref<1xf32>
  %t120 = kern.buffer "t120" "workspace" : memref<1xf32>
  %t121 = kern.buffer "t121" "workspace" : memref<1xf32>
  %t122 = kern.buffer "t122" "workspace" : memref<1xf32>
  %t123 = kern.buffer "t123" "workspace" : memref<1xf32>
  %t124 = kern.buffer "t124" "workspace" : memref<1xf32>
  %t125 = kern.buffer "t125" "workspace" : memref<1xf32>
  %t126 = kern.buffer "t126" "workspace" : memref<1xf32>
  %t127 = kern.buffer "t127" "workspace" : memref<1xf32>
  %t128 = kern.buffer "t128" "workspace" : memref<1xf32>
  kern.finish "half"
      %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a,
      %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a,
      %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a,
      %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a
    to
      %t0, %t1, %t2, %t3, %t4, %t5, %t6, %t7, %t8, %t9, %t10, %t11, %t12, %t13, %t14, %t15,
      %t16, %t17, %t18, %t19, %t20, %t21, %t22, %t23, %t24, %t25, %t26, %t27, %t28, %t29, %t30, %t31,
      %t32, %t33, %t34, %t35, %t36, %t37, %t38, %t39, %t40, %t41, %t42, %t43, %t44, %t45, %t46, %t47,
      %t48, %t49, %t50, %t51, %t52, %t53, %t54, %t55, %t56, %t57, %t58, %t59, %t60, %t61, %t62, %t63
    :
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>,
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>,
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>,
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>,
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>,
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>,
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>,
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>
    to
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>,
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>,
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>,
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>,
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>,
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>,
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>,
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>
  kern.finish "rest"
      %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a,
      %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a,
      %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a,
      %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a, %a
    to
      %t64, %t65, %t66, %t67, %t68, %t69, %t70, %t71, %t72, %t73, %t74, %t75, %t76, %t77, %t78, %t79,
      %t80, %t81, %t82, %t83, %t84, %t85, %t86, %t87, %t88, %t89, %t90, %t91, %t92, %t93, %t94, %t95,
      %t96, %t97, %t98, %t99, %t100, %t101, %t102, %t103, %t104, %t105, %t106, %t107, %t108, %t109, %t110, %t111,
      %t112, %t113, %t114, %t115, %t116, %t117, %t118, %t119, %t120, %t121, %t122, %t123, %t124, %t125, %t126, %t127
    :
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>,
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>,
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>,
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>,
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>,
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>,
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>,
      memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>, memref<2x1xf32>
    to
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>,
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>,
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>,
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>,
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>,
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>,
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>,
      memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>, memref<1xf32>
  kern.finish "more"
      %a
    to
      %t128
    :
      memref<2x1xf32>
    to
      memref<1xf32>
}
