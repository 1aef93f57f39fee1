// bound-logits: what is no norm, no rotation or no head of what is stored has no bound. Each guard alone; keys are normed.

// RUN: gptc-opt %s --bound-logits --remarks-filter=bound-logits -o /dev/null 2>&1 | grep Category: | FileCheck %s

%window = arith.constant 64.0 : f64
%scale = arith.constant 0.1 : f64
%x = kern.buffer "x" "input" : memref<96x256xbf16>
%z = kern.buffer "z" "input" : memref<96x256xbf16>
%long = kern.buffer "long" "input" : memref<96x384xbf16>
%short = kern.buffer "short" "input" : memref<96x128xbf16>
%two_x = kern.buffer "two_x" "input" : memref<96x2xf32>
%docs = kern.buffer "docs" "input" : memref<96xi32>
%places = kern.buffer "places" "input" : memref<96xi32>
%a = kern.buffer "a" "input" : memref<96x64xbf16>
%b = kern.buffer "b" "parameter" : memref<256x64xbf16>
%y = kern.buffer "y" "workspace" : memref<96x256xbf16>
%lse = kern.buffer "lse" "workspace" : memref<96x2xf32>
%cosines = kern.buffer "cosines" "derived" : memref<96x64xf32>
%sines = kern.buffer "sines" "derived" : memref<96x64xf32>
%coarse_table = kern.buffer "coarse_table" "derived" : memref<96x64xf32>
%coarse_sines = kern.buffer "coarse_sines" "derived" : memref<96x64xf32>
%anything = kern.buffer "anything" "derived" : memref<96x64xf32>
%pair = kern.buffer "pair" "derived" : memref<96x128xf32>
%left = kern.view %pair : memref<96x128xf32> to memref<96x64xf32, strided<[128, 1]>>
%right = kern.view %pair : memref<96x128xf32> to memref<96x64xf32, strided<[128, 1], offset: 64>>
%own = kern.buffer "own" "workspace" : memref<96x64xf32>
%k = kern.buffer "k" "workspace" : memref<96x256xbf16>
%no_eps_needed = kern.buffer "no_eps_needed" "workspace" : memref<96x256xbf16>
%twice_one = kern.buffer "twice_one" "workspace" : memref<96x256xbf16>
%no_root = kern.buffer "no_root" "workspace" : memref<96x256xbf16>
%no_eps = kern.buffer "no_eps" "workspace" : memref<96x256xbf16>
%below = kern.buffer "below" "workspace" : memref<96x256xbf16>
%no_mean = kern.buffer "no_mean" "workspace" : memref<96x256xbf16>
%turned = kern.buffer "turned" "workspace" : memref<96x256xbf16>
%largest = kern.buffer "largest" "workspace" : memref<96x256xbf16>
%other_left = kern.buffer "other_left" "workspace" : memref<96x256xbf16>
%other_right = kern.buffer "other_right" "workspace" : memref<96x256xbf16>
%no_square = kern.buffer "no_square" "workspace" : memref<96x256xbf16>
%no_sum = kern.buffer "no_sum" "workspace" : memref<96x256xbf16>
%no_quotient = kern.buffer "no_quotient" "workspace" : memref<96x256xbf16>
%kept = kern.buffer "kept" "output" : memref<96x256xbf16>
%also = kern.buffer "also" "workspace" : memref<96x256xbf16>
%through = kern.view %also : memref<96x256xbf16> to memref<96x128xbf16, strided<[256, 1], offset: 128>>
%parts = kern.buffer "parts" "workspace" : memref<96x256xbf16>
%first = kern.view %parts : memref<96x256xbf16> to memref<96x128xbf16, strided<[256, 1]>>
%second = kern.view %parts : memref<96x256xbf16> to memref<96x128xbf16, strided<[256, 1], offset: 128>>
%y2 = kern.buffer "y2" "workspace" : memref<96x256xbf16>
%product = kern.buffer "product" "workspace" : memref<96x256xbf16>
%scaled = kern.buffer "scaled" "workspace" : memref<96x256xbf16>
%deep = kern.buffer "deep" "workspace" : memref<96x256xbf16>
%wide = kern.buffer "wide" "workspace" : memref<96x384xbf16>
%late = kern.view %wide : memref<96x384xbf16> to memref<96x256xbf16, strided<[384, 1], offset: 64>>
%moved = kern.buffer "moved" "workspace" : memref<96x384xbf16>
%moved_to = kern.view %moved : memref<96x384xbf16> to memref<96x256xbf16, strided<[384, 1], offset: 64>>
%moved_from = kern.view %moved : memref<96x384xbf16> to memref<96x256xbf16, strided<[384, 1], offset: 128>>
%stride = kern.buffer "stride" "workspace" : memref<96x320xbf16>
%strided = kern.view %stride : memref<96x320xbf16> to memref<96x256xbf16, strided<[320, 1]>>
%direct = kern.buffer "direct" "workspace" : memref<96x256xbf16>
%tables = kern.buffer "tables" "workspace" : memref<96x256xbf16>
%other_angle = kern.buffer "other_angle" "workspace" : memref<96x256xbf16>
%next_row = kern.buffer "next_row" "workspace" : memref<96x256xbf16>
%indexed = kern.buffer "indexed" "workspace" : memref<96x256xbf16>
%mixed = kern.buffer "mixed" "workspace" : memref<96x256xbf16>
%coarse = kern.buffer "coarse" "workspace" : memref<96x256xbf16>
%not_angles = kern.buffer "not_angles" "workspace" : memref<96x256xbf16>
%columns = kern.buffer "columns" "workspace" : memref<96x256xbf16>

kern.part @tables "prologue" {
  kern.rows "table" 96 {
  ^row(%t: index):
    %cos, %sin = kern.angles (%scale) at %t half 64 group 1 : vector<64xf32>, vector<64xf32>
    kern.store %cos, %cosines[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %sin, %sines[%t] : vector<64xf32>, memref<96x64xf32>
    %c = kern.round %cos to "e4m3" : vector<64xf32>
    kern.store %c, %coarse_table[%t] : vector<64xf32>, memref<96x64xf32>
    %s = kern.round %sin to "e4m3" : vector<64xf32>
    kern.store %s, %coarse_sines[%t] : vector<64xf32>, memref<96x64xf32>
    kern.store %cos, %left[%t] : vector<64xf32>, memref<96x64xf32, strided<[128, 1]>>
    %d = arith.addf %cos, %sin : vector<64xf32>
    kern.store %d, %anything[%t] : vector<64xf32>, memref<96x64xf32>
  }
}
kern.part @p "micro" {
  kern.rows "norms" 96 {
  ^row(%t: index):
    %0 = kern.load %x[%t] : memref<96x256xbf16> -> vector<256xf32>
    %1 = kern.load %z[%t] : memref<96x256xbf16> -> vector<256xf32>
    %half = kern.slice %1 at 0 : vector<256xf32> -> vector<128xf32>
    %given = kern.load %two_x[%t] : memref<96x2xf32> -> vector<2xf32>
    %i = kern.load_index %places[%t] : memref<96xi32>
    %sq = arith.mulf %0, %0 : vector<256xf32>
    %zx = arith.mulf %1, %0 : vector<256xf32>
    %xz = arith.mulf %0, %1 : vector<256xf32>
    %mean = arith.constant dense<0.0078125> : vector<2xf32>
    %minus = arith.constant dense<-0.0078125> : vector<2xf32>
    %eps = arith.constant dense<1.0e-6> : vector<2xf32>
    %zero = arith.constant dense<0.0> : vector<2xf32>
    %one = arith.constant dense<1.0> : vector<2xf32>
    %two = arith.constant dense<2.0> : vector<2xf32>
    %quarter = arith.constant dense<0.25> : vector<256xf32>
    %mean1 = arith.constant dense<0.0078125> : vector<1xf32>
    %eps1 = arith.constant dense<1.0e-6> : vector<1xf32>
    %one1 = arith.constant dense<1.0> : vector<1xf32>
    %mean3 = arith.constant dense<0.0078125> : vector<3xf32>
    %eps3 = arith.constant dense<1.0e-6> : vector<3xf32>
    %one3 = arith.constant dense<1.0> : vector<3xf32>
    %cos, %sin = kern.angles (%scale) at %t half 64 group 1 : vector<64xf32>, vector<64xf32>
    %cos2, %sin2 = kern.angles (%window) at %t half 64 group 1 : vector<64xf32>, vector<64xf32>
    kern.store %cos, %own[%t] : vector<64xf32>, memref<96x64xf32>
    // k
    %k_0 = kern.reduce "add" %sq : vector<256xf32> -> vector<2xf32>
    %k_1 = arith.mulf %k_0, %mean : vector<2xf32>
    %k_2 = arith.addf %k_1, %eps : vector<2xf32>
    %k_3 = math.sqrt %k_2 : vector<2xf32>
    %k_4 = arith.divf %one, %k_3 : vector<2xf32>
    %k_5 = kern.spread %k_4 : vector<2xf32> -> vector<256xf32>
    %k_6 = arith.mulf %0, %k_5 : vector<256xf32>
    kern.store %k_6, %k[%t] : vector<256xf32>, memref<96x256xbf16>
    // no_eps_needed
    %no_eps_needed_0 = kern.reduce "add" %sq : vector<256xf32> -> vector<2xf32>
    %no_eps_needed_1 = arith.mulf %no_eps_needed_0, %mean : vector<2xf32>
    %no_eps_needed_2 = arith.addf %no_eps_needed_1, %zero : vector<2xf32>
    %no_eps_needed_3 = math.sqrt %no_eps_needed_2 : vector<2xf32>
    %no_eps_needed_4 = arith.divf %one, %no_eps_needed_3 : vector<2xf32>
    %no_eps_needed_5 = kern.spread %no_eps_needed_4 : vector<2xf32> -> vector<256xf32>
    %no_eps_needed_6 = arith.mulf %0, %no_eps_needed_5 : vector<256xf32>
    kern.store %no_eps_needed_6, %no_eps_needed[%t] : vector<256xf32>, memref<96x256xbf16>
    // twice_one
    %twice_one_0 = kern.reduce "add" %sq : vector<256xf32> -> vector<2xf32>
    %twice_one_1 = arith.mulf %twice_one_0, %mean : vector<2xf32>
    %twice_one_2 = arith.addf %twice_one_1, %eps : vector<2xf32>
    %twice_one_3 = math.sqrt %twice_one_2 : vector<2xf32>
    %twice_one_4 = arith.divf %two, %twice_one_3 : vector<2xf32>
    %twice_one_5 = kern.spread %twice_one_4 : vector<2xf32> -> vector<256xf32>
    %twice_one_6 = arith.mulf %0, %twice_one_5 : vector<256xf32>
    kern.store %twice_one_6, %twice_one[%t] : vector<256xf32>, memref<96x256xbf16>
    // no_root
    %no_root_0 = kern.reduce "add" %sq : vector<256xf32> -> vector<2xf32>
    %no_root_1 = arith.mulf %no_root_0, %mean : vector<2xf32>
    %no_root_2 = arith.addf %no_root_1, %eps : vector<2xf32>
    %no_root_4 = arith.divf %one, %no_root_2 : vector<2xf32>
    %no_root_5 = kern.spread %no_root_4 : vector<2xf32> -> vector<256xf32>
    %no_root_6 = arith.mulf %0, %no_root_5 : vector<256xf32>
    kern.store %no_root_6, %no_root[%t] : vector<256xf32>, memref<96x256xbf16>
    // no_eps
    %no_eps_0 = kern.reduce "add" %sq : vector<256xf32> -> vector<2xf32>
    %no_eps_1 = arith.mulf %no_eps_0, %mean : vector<2xf32>
    %no_eps_3 = math.sqrt %no_eps_1 : vector<2xf32>
    %no_eps_4 = arith.divf %one, %no_eps_3 : vector<2xf32>
    %no_eps_5 = kern.spread %no_eps_4 : vector<2xf32> -> vector<256xf32>
    %no_eps_6 = arith.mulf %0, %no_eps_5 : vector<256xf32>
    kern.store %no_eps_6, %no_eps[%t] : vector<256xf32>, memref<96x256xbf16>
    // below
    %below_0 = kern.reduce "add" %sq : vector<256xf32> -> vector<2xf32>
    %below_1 = arith.mulf %below_0, %mean : vector<2xf32>
    %below_2 = arith.addf %below_1, %minus : vector<2xf32>
    %below_3 = math.sqrt %below_2 : vector<2xf32>
    %below_4 = arith.divf %one, %below_3 : vector<2xf32>
    %below_5 = kern.spread %below_4 : vector<2xf32> -> vector<256xf32>
    %below_6 = arith.mulf %0, %below_5 : vector<256xf32>
    kern.store %below_6, %below[%t] : vector<256xf32>, memref<96x256xbf16>
    // no_mean
    %no_mean_0 = kern.reduce "add" %sq : vector<256xf32> -> vector<2xf32>
    %no_mean_2 = arith.addf %no_mean_0, %eps : vector<2xf32>
    %no_mean_3 = math.sqrt %no_mean_2 : vector<2xf32>
    %no_mean_4 = arith.divf %one, %no_mean_3 : vector<2xf32>
    %no_mean_5 = kern.spread %no_mean_4 : vector<2xf32> -> vector<256xf32>
    %no_mean_6 = arith.mulf %0, %no_mean_5 : vector<256xf32>
    kern.store %no_mean_6, %no_mean[%t] : vector<256xf32>, memref<96x256xbf16>
    // turned
    %turned_0 = kern.reduce "add" %sq : vector<256xf32> -> vector<2xf32>
    %turned_1 = arith.mulf %turned_0, %minus : vector<2xf32>
    %turned_2 = arith.addf %turned_1, %eps : vector<2xf32>
    %turned_3 = math.sqrt %turned_2 : vector<2xf32>
    %turned_4 = arith.divf %one, %turned_3 : vector<2xf32>
    %turned_5 = kern.spread %turned_4 : vector<2xf32> -> vector<256xf32>
    %turned_6 = arith.mulf %0, %turned_5 : vector<256xf32>
    kern.store %turned_6, %turned[%t] : vector<256xf32>, memref<96x256xbf16>
    // largest
    %largest_0 = kern.reduce "max" %sq : vector<256xf32> -> vector<2xf32>
    %largest_1 = arith.mulf %largest_0, %mean : vector<2xf32>
    %largest_2 = arith.addf %largest_1, %eps : vector<2xf32>
    %largest_3 = math.sqrt %largest_2 : vector<2xf32>
    %largest_4 = arith.divf %one, %largest_3 : vector<2xf32>
    %largest_5 = kern.spread %largest_4 : vector<2xf32> -> vector<256xf32>
    %largest_6 = arith.mulf %0, %largest_5 : vector<256xf32>
    kern.store %largest_6, %largest[%t] : vector<256xf32>, memref<96x256xbf16>
    // other_left
    %other_left_0 = kern.reduce "add" %zx : vector<256xf32> -> vector<2xf32>
    %other_left_1 = arith.mulf %other_left_0, %mean : vector<2xf32>
    %other_left_2 = arith.addf %other_left_1, %eps : vector<2xf32>
    %other_left_3 = math.sqrt %other_left_2 : vector<2xf32>
    %other_left_4 = arith.divf %one, %other_left_3 : vector<2xf32>
    %other_left_5 = kern.spread %other_left_4 : vector<2xf32> -> vector<256xf32>
    %other_left_6 = arith.mulf %0, %other_left_5 : vector<256xf32>
    kern.store %other_left_6, %other_left[%t] : vector<256xf32>, memref<96x256xbf16>
    // other_right
    %other_right_0 = kern.reduce "add" %xz : vector<256xf32> -> vector<2xf32>
    %other_right_1 = arith.mulf %other_right_0, %mean : vector<2xf32>
    %other_right_2 = arith.addf %other_right_1, %eps : vector<2xf32>
    %other_right_3 = math.sqrt %other_right_2 : vector<2xf32>
    %other_right_4 = arith.divf %one, %other_right_3 : vector<2xf32>
    %other_right_5 = kern.spread %other_right_4 : vector<2xf32> -> vector<256xf32>
    %other_right_6 = arith.mulf %0, %other_right_5 : vector<256xf32>
    kern.store %other_right_6, %other_right[%t] : vector<256xf32>, memref<96x256xbf16>
    // no_square
    %no_square_0 = kern.reduce "add" %0 : vector<256xf32> -> vector<2xf32>
    %no_square_1 = arith.mulf %no_square_0, %mean : vector<2xf32>
    %no_square_2 = arith.addf %no_square_1, %eps : vector<2xf32>
    %no_square_3 = math.sqrt %no_square_2 : vector<2xf32>
    %no_square_4 = arith.divf %one, %no_square_3 : vector<2xf32>
    %no_square_5 = kern.spread %no_square_4 : vector<2xf32> -> vector<256xf32>
    %no_square_6 = arith.mulf %0, %no_square_5 : vector<256xf32>
    kern.store %no_square_6, %no_square[%t] : vector<256xf32>, memref<96x256xbf16>
    // no_sum
    %no_sum_1 = arith.mulf %given, %mean : vector<2xf32>
    %no_sum_2 = arith.addf %no_sum_1, %eps : vector<2xf32>
    %no_sum_3 = math.sqrt %no_sum_2 : vector<2xf32>
    %no_sum_4 = arith.divf %one, %no_sum_3 : vector<2xf32>
    %no_sum_5 = kern.spread %no_sum_4 : vector<2xf32> -> vector<256xf32>
    %no_sum_6 = arith.mulf %0, %no_sum_5 : vector<256xf32>
    kern.store %no_sum_6, %no_sum[%t] : vector<256xf32>, memref<96x256xbf16>
    // no_quotient
    %nq = kern.spread %given : vector<2xf32> -> vector<256xf32>
    %nq_6 = arith.mulf %0, %nq : vector<256xf32>
    kern.store %nq_6, %no_quotient[%t] : vector<256xf32>, memref<96x256xbf16>
    kern.store %k_6, %kept[%t] : vector<256xf32>, memref<96x256xbf16>
    kern.store %k_6, %also[%t] : vector<256xf32>, memref<96x256xbf16>
    kern.store %half, %through[%t] : vector<128xf32>, memref<96x128xbf16, strided<[256, 1], offset: 128>>
    %p0 = kern.load %short[%t] : memref<96x128xbf16> -> vector<128xf32>
    %p1 = arith.mulf %p0, %p0 : vector<128xf32>
    %p2 = kern.reduce "add" %p1 : vector<128xf32> -> vector<1xf32>
    %p3 = arith.mulf %p2, %mean1 : vector<1xf32>
    %p4 = arith.addf %p3, %eps1 : vector<1xf32>
    %p5 = math.sqrt %p4 : vector<1xf32>
    %p6 = arith.divf %one1, %p5 : vector<1xf32>
    %p7 = kern.spread %p6 : vector<1xf32> -> vector<128xf32>
    %p8 = arith.mulf %p0, %p7 : vector<128xf32>
    kern.store %p8, %first[%t] : vector<128xf32>, memref<96x128xbf16, strided<[256, 1]>>
    kern.store %p8, %second[%t] : vector<128xf32>, memref<96x128xbf16, strided<[256, 1], offset: 128>>
    %small = arith.mulf %k_6, %quarter : vector<256xf32>
    kern.store %small, %scaled[%t] : vector<256xf32>, memref<96x256xbf16>
    %deep0 = arith.mulf %k_6, %quarter : vector<256xf32>
    %deep1 = arith.mulf %deep0, %quarter : vector<256xf32>
    %deep2 = arith.mulf %deep1, %quarter : vector<256xf32>
    %deep3 = arith.mulf %deep2, %quarter : vector<256xf32>
    %deep4 = arith.mulf %deep3, %quarter : vector<256xf32>
    %deep5 = arith.mulf %deep4, %quarter : vector<256xf32>
    %deep6 = arith.mulf %deep5, %quarter : vector<256xf32>
    %deep7 = arith.mulf %deep6, %quarter : vector<256xf32>
    %deep8 = arith.mulf %deep7, %quarter : vector<256xf32>
    %deep9 = arith.mulf %deep8, %quarter : vector<256xf32>
    %deep10 = arith.mulf %deep9, %quarter : vector<256xf32>
    %deep11 = arith.mulf %deep10, %quarter : vector<256xf32>
    %deep12 = arith.mulf %deep11, %quarter : vector<256xf32>
    %deep13 = arith.mulf %deep12, %quarter : vector<256xf32>
    %deep14 = arith.mulf %deep13, %quarter : vector<256xf32>
    %deep15 = arith.mulf %deep14, %quarter : vector<256xf32>
    %deep16 = arith.mulf %deep15, %quarter : vector<256xf32>
    %deep17 = arith.mulf %deep16, %quarter : vector<256xf32>
    kern.store %deep17, %deep[%t] : vector<256xf32>, memref<96x256xbf16>
    %w0 = kern.load %long[%t] : memref<96x384xbf16> -> vector<384xf32>
    %w1 = arith.mulf %w0, %w0 : vector<384xf32>
    %w2 = kern.reduce "add" %w1 : vector<384xf32> -> vector<3xf32>
    %w3 = arith.mulf %w2, %mean3 : vector<3xf32>
    %w4 = arith.addf %w3, %eps3 : vector<3xf32>
    %w5 = math.sqrt %w4 : vector<3xf32>
    %w6 = arith.divf %one3, %w5 : vector<3xf32>
    %w7 = kern.spread %w6 : vector<3xf32> -> vector<384xf32>
    %w8 = arith.mulf %w0, %w7 : vector<384xf32>
    kern.store %w8, %wide[%t] : vector<384xf32>, memref<96x384xbf16>
    kern.store %k_6, %moved_to[%t] : vector<256xf32>, memref<96x256xbf16, strided<[384, 1], offset: 64>>
    kern.store %k_6, %strided[%t] : vector<256xf32>, memref<96x256xbf16, strided<[320, 1]>>
    %direct_r = kern.rotate %k_6 by %cos, %sin head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %direct_r, %direct[%t] : vector<256xf32>, memref<96x256xbf16>
    %c = kern.load %cosines[%t] : memref<96x64xf32> -> vector<64xf32>
    %s = kern.load %sines[%t] : memref<96x64xf32> -> vector<64xf32>
    %tables_r = kern.rotate %k_6 by %c, %s head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %tables_r, %tables[%t] : vector<256xf32>, memref<96x256xbf16>
    %other_angle_r = kern.rotate %k_6 by %cos, %sin2 head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %other_angle_r, %other_angle[%t] : vector<256xf32>, memref<96x256xbf16>
    %s1 = kern.load %sines[%t by 1] : memref<96x64xf32> -> vector<64xf32>
    %next_row_r = kern.rotate %k_6 by %c, %s1 head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %next_row_r, %next_row[%t] : vector<256xf32>, memref<96x256xbf16>
    %s2 = kern.load %sines[%i] : memref<96x64xf32> -> vector<64xf32>
    %indexed_r = kern.rotate %k_6 by %c, %s2 head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %indexed_r, %indexed[%t] : vector<256xf32>, memref<96x256xbf16>
    %c3 = kern.load %own[%t] : memref<96x64xf32> -> vector<64xf32>
    %mixed_r = kern.rotate %k_6 by %c3, %sin head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %mixed_r, %mixed[%t] : vector<256xf32>, memref<96x256xbf16>
    %c4 = kern.load %coarse_table[%t] : memref<96x64xf32> -> vector<64xf32>
    %s4 = kern.load %coarse_sines[%t] : memref<96x64xf32> -> vector<64xf32>
    %coarse_r = kern.rotate %k_6 by %c4, %s4 head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %coarse_r, %coarse[%t] : vector<256xf32>, memref<96x256xbf16>
    %c5 = kern.load %anything[%t] : memref<96x64xf32> -> vector<64xf32>
    %not_angles_r = kern.rotate %k_6 by %c5, %s head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %not_angles_r, %not_angles[%t] : vector<256xf32>, memref<96x256xbf16>
    %c6 = kern.load %right[%t] : memref<96x64xf32, strided<[128, 1], offset: 64>> -> vector<64xf32>
    %columns_r = kern.rotate %k_6 by %c6, %s head 128 group 1 : vector<256xf32>, vector<64xf32>
    kern.store %columns_r, %columns[%t] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.contract "product" %a, %b m 96 n 256 k 64 : memref<96x64xbf16>, memref<256x64xbf16> {
  ^row(%m: index, %p: vector<256xf32>):
    kern.store %p, %product[%m] : vector<256xf32>, memref<96x256xbf16>
  }
  kern.attention "maker" %k, %k, %x documents %docs to %y2, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // An ε of nothing is one.
  // CHECK: Passed{{.*}}Function=no_eps_needed | {{.*}}"scores are at most 256 times
  kern.attention "no_eps_needed" %no_eps_needed, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // Each of these is no norm: the root's numerator,
  // CHECK-NEXT: Missed{{.*}}Function=twice_one | {{.*}}Reason="no bound of its queries is known"
  kern.attention "twice_one" %twice_one, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // its root,
  // CHECK-NEXT: Missed{{.*}}Function=no_root | {{.*}}Reason="no bound of its queries is known"
  kern.attention "no_root" %no_root, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // its ε, or one below 0,
  // CHECK-NEXT: Missed{{.*}}Function=no_eps | {{.*}}Reason="no bound of its queries is known"
  kern.attention "no_eps" %no_eps, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=below | {{.*}}Reason="no bound of its queries is known"
  kern.attention "below" %below, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // its mean, or a negative one,
  // CHECK-NEXT: Missed{{.*}}Function=no_mean | {{.*}}Reason="no bound of its queries is known"
  kern.attention "no_mean" %no_mean, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=turned | {{.*}}Reason="no bound of its queries is known"
  kern.attention "turned" %turned, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // its sum,
  // CHECK-NEXT: Missed{{.*}}Function=largest | {{.*}}Reason="no bound of its queries is known"
  kern.attention "largest" %largest, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // its squares.
  // CHECK-NEXT: Missed{{.*}}Function=other_left | {{.*}}Reason="no bound of its queries is known"
  kern.attention "other_left" %other_left, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=other_right | {{.*}}Reason="no bound of its queries is known"
  kern.attention "other_right" %other_right, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=no_square | {{.*}}Reason="no bound of its queries is known"
  kern.attention "no_square" %no_square, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=no_sum | {{.*}}Reason="no bound of its queries is known"
  kern.attention "no_sum" %no_sum, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=no_quotient | {{.*}}Reason="no bound of its queries is known"
  kern.attention "no_quotient" %no_quotient, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // What the host may write, too.
  // CHECK-NEXT: Missed{{.*}}Function=kept | {{.*}}Reason="no bound of its queries is known"
  kern.attention "kept" %kept, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // What is stored through a view.
  // CHECK-NEXT: Missed{{.*}}Function=also | {{.*}}Reason="no bound of its queries is known"
  kern.attention "also" %also, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // Heads that are normed and stored one by one.
  // CHECK-NEXT: Passed{{.*}}Function=parts | {{.*}}"scores are at most 256 times
  kern.attention "parts" %parts, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // What no row program stores; a product as it is.
  // CHECK-NEXT: Missed{{.*}}Function=made | {{.*}}Reason="no bound of its queries is known"
  kern.attention "made" %y2, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=product | {{.*}}Reason="no bound of its queries is known"
  kern.attention "product" %product, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // A multiple.
  // CHECK-NEXT: Passed{{.*}}Function=scaled | {{.*}}"scores are at most 64 times
  kern.attention "scaled" %scaled, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // Too many of them to follow.
  // CHECK-NEXT: Missed{{.*}}Function=deep | {{.*}}Reason="no bound of its queries is known"
  kern.attention "deep" %deep, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // Heads that begin between those that are normed: as they are read, as they are stored, by the rows' stride.
  // CHECK-NEXT: Missed{{.*}}Function=late | {{.*}}Reason="no bound of its queries is known"
  kern.attention "late" %late, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16, strided<[384, 1], offset: 64>>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=moved | {{.*}}Reason="no bound of its queries is known"
  kern.attention "moved" %moved_from, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16, strided<[384, 1], offset: 128>>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=stride | {{.*}}Reason="no bound of its queries is known"
  kern.attention "stride" %strided, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16, strided<[320, 1]>>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // An angle's cosine and sine as they are, and from tables of f32.
  // CHECK-NEXT: Passed{{.*}}Function=direct | {{.*}}"scores are at most 256 times
  kern.attention "direct" %direct, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Passed{{.*}}Function=tables | {{.*}}"scores are at most 256 times
  kern.attention "tables" %tables, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // The sine of another angle; of another row; one of them from a table.
  // CHECK-NEXT: Missed{{.*}}Function=other_angle | {{.*}}Reason="no bound of its queries is known"
  kern.attention "other_angle" %other_angle, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=next_row | {{.*}}Reason="no bound of its queries is known"
  kern.attention "next_row" %next_row, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=indexed | {{.*}}Reason="no bound of its queries is known"
  kern.attention "indexed" %indexed, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=mixed | {{.*}}Reason="no bound of its queries is known"
  kern.attention "mixed" %mixed, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // Rounded to a coarser grid; something else in the table; other columns of it.
  // CHECK-NEXT: Missed{{.*}}Function=coarse | {{.*}}Reason="no bound of its queries is known"
  kern.attention "coarse" %coarse, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=not_angles | {{.*}}Reason="no bound of its queries is known"
  kern.attention "not_angles" %not_angles, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
  // CHECK-NEXT: Missed{{.*}}Function=columns | {{.*}}Reason="no bound of its queries is known"
  kern.attention "columns" %columns, %k, %x documents %docs to %y, %lse window %window scale %scale heads 2 of 128 group 1
    : memref<96x256xbf16>, memref<96x256xbf16>, memref<96x256xbf16>, memref<96xi32>, memref<96x256xbf16>, memref<96x2xf32>
}
