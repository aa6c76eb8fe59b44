;; Generates ChaCha20 keystream (RFC 8439), four blocks at a time, and adds it to a sum or subtracts it.
;;
;; $state is the address of the initial state (section 2.3), 64 bytes, whose block counter advances. The 256 bytes after
;; it hold the last four blocks of keystream. $operation is the index of an operation in the kernel's table.
(module
  (import "host" "memory" (memory 1))
  (import "kernel" "operations" (table 8 funcref))
  (type $operation (func (param i32 i32 i32)))

  ;; The number of bytes of keystream that were generated but not used yet.
  (global $left (mut i32) (i32.const 0))

  ;; Discards unused keystream, so that the next keystream begins at the block whose number is in the state.
  (func (export "seek") (global.set $left (i32.const 0)))

  ;; Applies the operation to $length bytes of the sum at $sum, a multiple of 64, and the next $length bytes of keystream.
  (func (export "add") (param $state i32) (param $sum i32) (param $length i32) (param $operation i32)
    (local $count i32)
    (block $done
      (loop $turn
        (br_if $done (i32.eqz (local.get $length)))
        (if (i32.eqz (global.get $left)) (then (call $generate (local.get $state))))
        (local.set $count
          (select (local.get $length) (global.get $left) (i32.lt_u (local.get $length) (global.get $left))))
        (call_indirect (type $operation)
          (local.get $sum)
          (i32.sub (i32.add (local.get $state) (i32.const 320)) (global.get $left))
          (local.get $count)
          (local.get $operation))
        (global.set $left (i32.sub (global.get $left) (local.get $count)))
        (local.set $sum (i32.add (local.get $sum) (local.get $count)))
        (local.set $length (i32.sub (local.get $length) (local.get $count)))
        (br $turn))))

  ;; Generates the next four blocks. Each of $x0 to $x15 is one word of the state, for all four blocks.
  (func $generate (param $state i32)
    (local $round i32) (local $rotate16 v128) (local $rotate8 v128)
    (local $x0 v128) (local $x1 v128) (local $x2 v128) (local $x3 v128)
    (local $x4 v128) (local $x5 v128) (local $x6 v128) (local $x7 v128)
    (local $x8 v128) (local $x9 v128) (local $x10 v128) (local $x11 v128)
    (local $x12 v128) (local $x13 v128) (local $x14 v128) (local $x15 v128)
    ;; Left rotations by whole bytes are done as permutations of bytes. Of the relaxed instructions (swizzle, truncation of
    ;; floats, multiply-add, minimum, maximum, lane selection, Q15 multiplication, dot products) only
    ;; i8x16.relaxed_swizzle could serve here. With it, V8 and SpiderMonkey took as long on x64: for a constant permutation
    ;; they need no extra instruction anyway.
    (local.set $rotate16 (v128.const i8x16 2 3 0 1 6 7 4 5 10 11 8 9 14 15 12 13))
    (local.set $rotate8 (v128.const i8x16 3 0 1 2 7 4 5 6 11 8 9 10 15 12 13 14))
    (local.set $x0 (v128.load32_splat offset=0 (local.get $state)))
    (local.set $x1 (v128.load32_splat offset=4 (local.get $state)))
    (local.set $x2 (v128.load32_splat offset=8 (local.get $state)))
    (local.set $x3 (v128.load32_splat offset=12 (local.get $state)))
    (local.set $x4 (v128.load32_splat offset=16 (local.get $state)))
    (local.set $x5 (v128.load32_splat offset=20 (local.get $state)))
    (local.set $x6 (v128.load32_splat offset=24 (local.get $state)))
    (local.set $x7 (v128.load32_splat offset=28 (local.get $state)))
    (local.set $x8 (v128.load32_splat offset=32 (local.get $state)))
    (local.set $x9 (v128.load32_splat offset=36 (local.get $state)))
    (local.set $x10 (v128.load32_splat offset=40 (local.get $state)))
    (local.set $x11 (v128.load32_splat offset=44 (local.get $state)))
    (local.set $x12
      (i32x4.add (v128.load32_splat offset=48 (local.get $state)) (v128.const i32x4 0 1 2 3)))
    (local.set $x13 (v128.load32_splat offset=52 (local.get $state)))
    (local.set $x14 (v128.load32_splat offset=56 (local.get $state)))
    (local.set $x15 (v128.load32_splat offset=60 (local.get $state)))
    (loop $rounds
      ;; Columns.
      ;; 0 4 8 12
      (local.set $x0 (i32x4.add (local.get $x0) (local.get $x4)))
      (local.set $x12 (i8x16.swizzle (v128.xor (local.get $x12) (local.get $x0)) (local.get $rotate16)))
      (local.set $x8 (i32x4.add (local.get $x8) (local.get $x12)))
      (local.set $x4 (v128.xor (local.get $x4) (local.get $x8)))
      (local.set $x4
        (v128.or (i32x4.shl (local.get $x4) (i32.const 12)) (i32x4.shr_u (local.get $x4) (i32.const 20))))
      (local.set $x0 (i32x4.add (local.get $x0) (local.get $x4)))
      (local.set $x12 (i8x16.swizzle (v128.xor (local.get $x12) (local.get $x0)) (local.get $rotate8)))
      (local.set $x8 (i32x4.add (local.get $x8) (local.get $x12)))
      (local.set $x4 (v128.xor (local.get $x4) (local.get $x8)))
      (local.set $x4
        (v128.or (i32x4.shl (local.get $x4) (i32.const 7)) (i32x4.shr_u (local.get $x4) (i32.const 25))))
      ;; 1 5 9 13
      (local.set $x1 (i32x4.add (local.get $x1) (local.get $x5)))
      (local.set $x13 (i8x16.swizzle (v128.xor (local.get $x13) (local.get $x1)) (local.get $rotate16)))
      (local.set $x9 (i32x4.add (local.get $x9) (local.get $x13)))
      (local.set $x5 (v128.xor (local.get $x5) (local.get $x9)))
      (local.set $x5
        (v128.or (i32x4.shl (local.get $x5) (i32.const 12)) (i32x4.shr_u (local.get $x5) (i32.const 20))))
      (local.set $x1 (i32x4.add (local.get $x1) (local.get $x5)))
      (local.set $x13 (i8x16.swizzle (v128.xor (local.get $x13) (local.get $x1)) (local.get $rotate8)))
      (local.set $x9 (i32x4.add (local.get $x9) (local.get $x13)))
      (local.set $x5 (v128.xor (local.get $x5) (local.get $x9)))
      (local.set $x5
        (v128.or (i32x4.shl (local.get $x5) (i32.const 7)) (i32x4.shr_u (local.get $x5) (i32.const 25))))
      ;; 2 6 10 14
      (local.set $x2 (i32x4.add (local.get $x2) (local.get $x6)))
      (local.set $x14 (i8x16.swizzle (v128.xor (local.get $x14) (local.get $x2)) (local.get $rotate16)))
      (local.set $x10 (i32x4.add (local.get $x10) (local.get $x14)))
      (local.set $x6 (v128.xor (local.get $x6) (local.get $x10)))
      (local.set $x6
        (v128.or (i32x4.shl (local.get $x6) (i32.const 12)) (i32x4.shr_u (local.get $x6) (i32.const 20))))
      (local.set $x2 (i32x4.add (local.get $x2) (local.get $x6)))
      (local.set $x14 (i8x16.swizzle (v128.xor (local.get $x14) (local.get $x2)) (local.get $rotate8)))
      (local.set $x10 (i32x4.add (local.get $x10) (local.get $x14)))
      (local.set $x6 (v128.xor (local.get $x6) (local.get $x10)))
      (local.set $x6
        (v128.or (i32x4.shl (local.get $x6) (i32.const 7)) (i32x4.shr_u (local.get $x6) (i32.const 25))))
      ;; 3 7 11 15
      (local.set $x3 (i32x4.add (local.get $x3) (local.get $x7)))
      (local.set $x15 (i8x16.swizzle (v128.xor (local.get $x15) (local.get $x3)) (local.get $rotate16)))
      (local.set $x11 (i32x4.add (local.get $x11) (local.get $x15)))
      (local.set $x7 (v128.xor (local.get $x7) (local.get $x11)))
      (local.set $x7
        (v128.or (i32x4.shl (local.get $x7) (i32.const 12)) (i32x4.shr_u (local.get $x7) (i32.const 20))))
      (local.set $x3 (i32x4.add (local.get $x3) (local.get $x7)))
      (local.set $x15 (i8x16.swizzle (v128.xor (local.get $x15) (local.get $x3)) (local.get $rotate8)))
      (local.set $x11 (i32x4.add (local.get $x11) (local.get $x15)))
      (local.set $x7 (v128.xor (local.get $x7) (local.get $x11)))
      (local.set $x7
        (v128.or (i32x4.shl (local.get $x7) (i32.const 7)) (i32x4.shr_u (local.get $x7) (i32.const 25))))
      ;; Diagonals.
      ;; 0 5 10 15
      (local.set $x0 (i32x4.add (local.get $x0) (local.get $x5)))
      (local.set $x15 (i8x16.swizzle (v128.xor (local.get $x15) (local.get $x0)) (local.get $rotate16)))
      (local.set $x10 (i32x4.add (local.get $x10) (local.get $x15)))
      (local.set $x5 (v128.xor (local.get $x5) (local.get $x10)))
      (local.set $x5
        (v128.or (i32x4.shl (local.get $x5) (i32.const 12)) (i32x4.shr_u (local.get $x5) (i32.const 20))))
      (local.set $x0 (i32x4.add (local.get $x0) (local.get $x5)))
      (local.set $x15 (i8x16.swizzle (v128.xor (local.get $x15) (local.get $x0)) (local.get $rotate8)))
      (local.set $x10 (i32x4.add (local.get $x10) (local.get $x15)))
      (local.set $x5 (v128.xor (local.get $x5) (local.get $x10)))
      (local.set $x5
        (v128.or (i32x4.shl (local.get $x5) (i32.const 7)) (i32x4.shr_u (local.get $x5) (i32.const 25))))
      ;; 1 6 11 12
      (local.set $x1 (i32x4.add (local.get $x1) (local.get $x6)))
      (local.set $x12 (i8x16.swizzle (v128.xor (local.get $x12) (local.get $x1)) (local.get $rotate16)))
      (local.set $x11 (i32x4.add (local.get $x11) (local.get $x12)))
      (local.set $x6 (v128.xor (local.get $x6) (local.get $x11)))
      (local.set $x6
        (v128.or (i32x4.shl (local.get $x6) (i32.const 12)) (i32x4.shr_u (local.get $x6) (i32.const 20))))
      (local.set $x1 (i32x4.add (local.get $x1) (local.get $x6)))
      (local.set $x12 (i8x16.swizzle (v128.xor (local.get $x12) (local.get $x1)) (local.get $rotate8)))
      (local.set $x11 (i32x4.add (local.get $x11) (local.get $x12)))
      (local.set $x6 (v128.xor (local.get $x6) (local.get $x11)))
      (local.set $x6
        (v128.or (i32x4.shl (local.get $x6) (i32.const 7)) (i32x4.shr_u (local.get $x6) (i32.const 25))))
      ;; 2 7 8 13
      (local.set $x2 (i32x4.add (local.get $x2) (local.get $x7)))
      (local.set $x13 (i8x16.swizzle (v128.xor (local.get $x13) (local.get $x2)) (local.get $rotate16)))
      (local.set $x8 (i32x4.add (local.get $x8) (local.get $x13)))
      (local.set $x7 (v128.xor (local.get $x7) (local.get $x8)))
      (local.set $x7
        (v128.or (i32x4.shl (local.get $x7) (i32.const 12)) (i32x4.shr_u (local.get $x7) (i32.const 20))))
      (local.set $x2 (i32x4.add (local.get $x2) (local.get $x7)))
      (local.set $x13 (i8x16.swizzle (v128.xor (local.get $x13) (local.get $x2)) (local.get $rotate8)))
      (local.set $x8 (i32x4.add (local.get $x8) (local.get $x13)))
      (local.set $x7 (v128.xor (local.get $x7) (local.get $x8)))
      (local.set $x7
        (v128.or (i32x4.shl (local.get $x7) (i32.const 7)) (i32x4.shr_u (local.get $x7) (i32.const 25))))
      ;; 3 4 9 14
      (local.set $x3 (i32x4.add (local.get $x3) (local.get $x4)))
      (local.set $x14 (i8x16.swizzle (v128.xor (local.get $x14) (local.get $x3)) (local.get $rotate16)))
      (local.set $x9 (i32x4.add (local.get $x9) (local.get $x14)))
      (local.set $x4 (v128.xor (local.get $x4) (local.get $x9)))
      (local.set $x4
        (v128.or (i32x4.shl (local.get $x4) (i32.const 12)) (i32x4.shr_u (local.get $x4) (i32.const 20))))
      (local.set $x3 (i32x4.add (local.get $x3) (local.get $x4)))
      (local.set $x14 (i8x16.swizzle (v128.xor (local.get $x14) (local.get $x3)) (local.get $rotate8)))
      (local.set $x9 (i32x4.add (local.get $x9) (local.get $x14)))
      (local.set $x4 (v128.xor (local.get $x4) (local.get $x9)))
      (local.set $x4
        (v128.or (i32x4.shl (local.get $x4) (i32.const 7)) (i32x4.shr_u (local.get $x4) (i32.const 25))))
      (br_if $rounds
        (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1))) (i32.const 10))))
    ;; Word 4g + i goes to line g of block i, so that $finish can transpose in place.
    (local.set $x12 (i32x4.add (local.get $x12) (v128.const i32x4 0 1 2 3)))
    (v128.store offset=64 (local.get $state) (local.get $x0))
    (v128.store offset=128 (local.get $state) (local.get $x1))
    (v128.store offset=192 (local.get $state) (local.get $x2))
    (v128.store offset=256 (local.get $state) (local.get $x3))
    (v128.store offset=80 (local.get $state) (local.get $x4))
    (v128.store offset=144 (local.get $state) (local.get $x5))
    (v128.store offset=208 (local.get $state) (local.get $x6))
    (v128.store offset=272 (local.get $state) (local.get $x7))
    (v128.store offset=96 (local.get $state) (local.get $x8))
    (v128.store offset=160 (local.get $state) (local.get $x9))
    (v128.store offset=224 (local.get $state) (local.get $x10))
    (v128.store offset=288 (local.get $state) (local.get $x11))
    (v128.store offset=112 (local.get $state) (local.get $x12))
    (v128.store offset=176 (local.get $state) (local.get $x13))
    (v128.store offset=240 (local.get $state) (local.get $x14))
    (v128.store offset=304 (local.get $state) (local.get $x15))
    (call $finish (local.get $state))
    (i32.store offset=48 (local.get $state) (i32.add (i32.load offset=48 (local.get $state)) (i32.const 4)))
    (global.set $left (i32.const 256)))

  ;; Transposes each line of the four blocks and adds the initial state.
  (func $finish (param $state i32)
    (local $end i32) (local $initial v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $ab v128) (local $cd v128)
    (local.set $end (i32.add (local.get $state) (i32.const 64)))
    (loop $lines
      (local.set $initial (v128.load (local.get $state)))
      (local.set $a (v128.load offset=64 (local.get $state)))
      (local.set $b (v128.load offset=128 (local.get $state)))
      (local.set $c (v128.load offset=192 (local.get $state)))
      (local.set $d (v128.load offset=256 (local.get $state)))
      (local.set $ab
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a) (local.get $b)))
      (local.set $cd
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $c) (local.get $d)))
      (v128.store offset=64 (local.get $state)
        (i32x4.add (local.get $initial)
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $ab) (local.get $cd))))
      (v128.store offset=128 (local.get $state)
        (i32x4.add (local.get $initial)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $ab) (local.get $cd))))
      (local.set $ab
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a) (local.get $b)))
      (local.set $cd
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $c) (local.get $d)))
      (v128.store offset=192 (local.get $state)
        (i32x4.add (local.get $initial)
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $ab) (local.get $cd))))
      (v128.store offset=256 (local.get $state)
        (i32x4.add (local.get $initial)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $ab) (local.get $cd))))
      (br_if $lines
        (i32.lt_u (local.tee $state (i32.add (local.get $state) (i32.const 16))) (local.get $end)))))
)
