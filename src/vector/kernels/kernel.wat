;; Adds keystream to a block of a sum, or subtracts it, 64 bytes per turn. The eight functions differ in one instruction
;; only: they add or subtract lanes of 8, 16, 32 or 64 bits. The parameters are the addresses of the sum and of the
;; keystream, and the number of bytes to process, a multiple of 64. Lanes wrap around.
(module
  (import "host" "memory" (memory 1))
  (table (export "operations") funcref
    (elem $add8 $add16 $add32 $add64 $subtract8 $subtract16 $subtract32 $subtract64))

  (func $add8 (param $sum i32) (param $source i32) (param $length i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $sum) (local.get $length)))
    (block $done
      (loop $turn
        (br_if $done (i32.ge_u (local.get $sum) (local.get $end)))
        (v128.store
          (local.get $sum)
          (i8x16.add (v128.load (local.get $sum)) (v128.load (local.get $source))))
        (v128.store offset=16
          (local.get $sum)
          (i8x16.add (v128.load offset=16 (local.get $sum)) (v128.load offset=16 (local.get $source))))
        (v128.store offset=32
          (local.get $sum)
          (i8x16.add (v128.load offset=32 (local.get $sum)) (v128.load offset=32 (local.get $source))))
        (v128.store offset=48
          (local.get $sum)
          (i8x16.add (v128.load offset=48 (local.get $sum)) (v128.load offset=48 (local.get $source))))
        (local.set $sum (i32.add (local.get $sum) (i32.const 64)))
        (local.set $source (i32.add (local.get $source) (i32.const 64)))
        (br $turn))))

  (func $add16 (param $sum i32) (param $source i32) (param $length i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $sum) (local.get $length)))
    (block $done
      (loop $turn
        (br_if $done (i32.ge_u (local.get $sum) (local.get $end)))
        (v128.store
          (local.get $sum)
          (i16x8.add (v128.load (local.get $sum)) (v128.load (local.get $source))))
        (v128.store offset=16
          (local.get $sum)
          (i16x8.add (v128.load offset=16 (local.get $sum)) (v128.load offset=16 (local.get $source))))
        (v128.store offset=32
          (local.get $sum)
          (i16x8.add (v128.load offset=32 (local.get $sum)) (v128.load offset=32 (local.get $source))))
        (v128.store offset=48
          (local.get $sum)
          (i16x8.add (v128.load offset=48 (local.get $sum)) (v128.load offset=48 (local.get $source))))
        (local.set $sum (i32.add (local.get $sum) (i32.const 64)))
        (local.set $source (i32.add (local.get $source) (i32.const 64)))
        (br $turn))))

  (func $add32 (param $sum i32) (param $source i32) (param $length i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $sum) (local.get $length)))
    (block $done
      (loop $turn
        (br_if $done (i32.ge_u (local.get $sum) (local.get $end)))
        (v128.store
          (local.get $sum)
          (i32x4.add (v128.load (local.get $sum)) (v128.load (local.get $source))))
        (v128.store offset=16
          (local.get $sum)
          (i32x4.add (v128.load offset=16 (local.get $sum)) (v128.load offset=16 (local.get $source))))
        (v128.store offset=32
          (local.get $sum)
          (i32x4.add (v128.load offset=32 (local.get $sum)) (v128.load offset=32 (local.get $source))))
        (v128.store offset=48
          (local.get $sum)
          (i32x4.add (v128.load offset=48 (local.get $sum)) (v128.load offset=48 (local.get $source))))
        (local.set $sum (i32.add (local.get $sum) (i32.const 64)))
        (local.set $source (i32.add (local.get $source) (i32.const 64)))
        (br $turn))))

  (func $add64 (param $sum i32) (param $source i32) (param $length i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $sum) (local.get $length)))
    (block $done
      (loop $turn
        (br_if $done (i32.ge_u (local.get $sum) (local.get $end)))
        (v128.store
          (local.get $sum)
          (i64x2.add (v128.load (local.get $sum)) (v128.load (local.get $source))))
        (v128.store offset=16
          (local.get $sum)
          (i64x2.add (v128.load offset=16 (local.get $sum)) (v128.load offset=16 (local.get $source))))
        (v128.store offset=32
          (local.get $sum)
          (i64x2.add (v128.load offset=32 (local.get $sum)) (v128.load offset=32 (local.get $source))))
        (v128.store offset=48
          (local.get $sum)
          (i64x2.add (v128.load offset=48 (local.get $sum)) (v128.load offset=48 (local.get $source))))
        (local.set $sum (i32.add (local.get $sum) (i32.const 64)))
        (local.set $source (i32.add (local.get $source) (i32.const 64)))
        (br $turn))))

  (func $subtract8 (param $sum i32) (param $source i32) (param $length i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $sum) (local.get $length)))
    (block $done
      (loop $turn
        (br_if $done (i32.ge_u (local.get $sum) (local.get $end)))
        (v128.store
          (local.get $sum)
          (i8x16.sub (v128.load (local.get $sum)) (v128.load (local.get $source))))
        (v128.store offset=16
          (local.get $sum)
          (i8x16.sub (v128.load offset=16 (local.get $sum)) (v128.load offset=16 (local.get $source))))
        (v128.store offset=32
          (local.get $sum)
          (i8x16.sub (v128.load offset=32 (local.get $sum)) (v128.load offset=32 (local.get $source))))
        (v128.store offset=48
          (local.get $sum)
          (i8x16.sub (v128.load offset=48 (local.get $sum)) (v128.load offset=48 (local.get $source))))
        (local.set $sum (i32.add (local.get $sum) (i32.const 64)))
        (local.set $source (i32.add (local.get $source) (i32.const 64)))
        (br $turn))))

  (func $subtract16 (param $sum i32) (param $source i32) (param $length i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $sum) (local.get $length)))
    (block $done
      (loop $turn
        (br_if $done (i32.ge_u (local.get $sum) (local.get $end)))
        (v128.store
          (local.get $sum)
          (i16x8.sub (v128.load (local.get $sum)) (v128.load (local.get $source))))
        (v128.store offset=16
          (local.get $sum)
          (i16x8.sub (v128.load offset=16 (local.get $sum)) (v128.load offset=16 (local.get $source))))
        (v128.store offset=32
          (local.get $sum)
          (i16x8.sub (v128.load offset=32 (local.get $sum)) (v128.load offset=32 (local.get $source))))
        (v128.store offset=48
          (local.get $sum)
          (i16x8.sub (v128.load offset=48 (local.get $sum)) (v128.load offset=48 (local.get $source))))
        (local.set $sum (i32.add (local.get $sum) (i32.const 64)))
        (local.set $source (i32.add (local.get $source) (i32.const 64)))
        (br $turn))))

  (func $subtract32 (param $sum i32) (param $source i32) (param $length i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $sum) (local.get $length)))
    (block $done
      (loop $turn
        (br_if $done (i32.ge_u (local.get $sum) (local.get $end)))
        (v128.store
          (local.get $sum)
          (i32x4.sub (v128.load (local.get $sum)) (v128.load (local.get $source))))
        (v128.store offset=16
          (local.get $sum)
          (i32x4.sub (v128.load offset=16 (local.get $sum)) (v128.load offset=16 (local.get $source))))
        (v128.store offset=32
          (local.get $sum)
          (i32x4.sub (v128.load offset=32 (local.get $sum)) (v128.load offset=32 (local.get $source))))
        (v128.store offset=48
          (local.get $sum)
          (i32x4.sub (v128.load offset=48 (local.get $sum)) (v128.load offset=48 (local.get $source))))
        (local.set $sum (i32.add (local.get $sum) (i32.const 64)))
        (local.set $source (i32.add (local.get $source) (i32.const 64)))
        (br $turn))))

  (func $subtract64 (param $sum i32) (param $source i32) (param $length i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $sum) (local.get $length)))
    (block $done
      (loop $turn
        (br_if $done (i32.ge_u (local.get $sum) (local.get $end)))
        (v128.store
          (local.get $sum)
          (i64x2.sub (v128.load (local.get $sum)) (v128.load (local.get $source))))
        (v128.store offset=16
          (local.get $sum)
          (i64x2.sub (v128.load offset=16 (local.get $sum)) (v128.load offset=16 (local.get $source))))
        (v128.store offset=32
          (local.get $sum)
          (i64x2.sub (v128.load offset=32 (local.get $sum)) (v128.load offset=32 (local.get $source))))
        (v128.store offset=48
          (local.get $sum)
          (i64x2.sub (v128.load offset=48 (local.get $sum)) (v128.load offset=48 (local.get $source))))
        (local.set $sum (i32.add (local.get $sum) (i32.const 64)))
        (local.set $source (i32.add (local.get $source) (i32.const 64)))
        (br $turn))))
)
