;; HKDF-SHA-256 (RFC 5869) of short inputs. Its memory, by address:
;;      0  the 64 constants of SHA-256
;;    256  the salt, 64 bytes: behind a shorter salt are zeros
;;    320  the two states of HMAC with this salt as its key: the hash values after the inner and after the outer key
;;    384  the 64 words of the message schedule, with the constants added
;;    640  the hash value, 8 words
;;    672  the key of an HMAC, padded to a block and masked
;;    736  the result of an HMAC, 32 bytes, with room for its padding
;;    800  the two states of HMAC with the pseudorandom key
;;    864  the derived key, at most 64 bytes
;;    928  the secret, at most 128 bytes, with room for padding
;;   1120  the first block of the derived key, 32 bytes
;;   1152  the info, at most 1024 bytes, with room for a counter and padding
;; The caller writes the inputs, reads the derived key, and then overwrites everything from 384 to 2240 with zeros.
(module
  (memory (export "memory") 1 1)
  (data (i32.const 0)
    "\98\2f\8a\42\91\44\37\71\cf\fb\c0\b5\a5\db\b5\e9\5b\c2\56\39\f1\11\f1\59\a4\82\3f\92\d5\5e\1c\ab"
    "\98\aa\07\d8\01\5b\83\12\be\85\31\24\c3\7d\0c\55\74\5d\be\72\fe\b1\de\80\a7\06\dc\9b\74\f1\9b\c1"
    "\c1\69\9b\e4\86\47\be\ef\c6\9d\c1\0f\cc\a1\0c\24\6f\2c\e9\2d\aa\84\74\4a\dc\a9\b0\5c\da\88\f9\76"
    "\52\51\3e\98\6d\c6\31\a8\c8\27\03\b0\c7\7f\59\bf\f3\0b\e0\c6\47\91\a7\d5\51\63\ca\06\67\29\29\14"
    "\85\0a\b7\27\38\21\1b\2e\fc\6d\2c\4d\13\0d\38\53\54\73\0a\65\bb\0a\6a\76\2e\c9\c2\81\85\2c\72\92"
    "\a1\e8\bf\a2\4b\66\1a\a8\70\8b\4b\c2\a3\51\6c\c7\19\e8\92\d1\24\06\99\d6\85\35\0e\f4\70\a0\6a\10"
    "\16\c1\a4\19\08\6c\37\1e\4c\77\48\27\b5\bc\b0\34\b3\0c\1c\39\4a\aa\d8\4e\4f\ca\9c\5b\f3\6f\2e\68"
    "\ee\82\8f\74\6f\63\a5\78\14\78\c8\84\08\02\c7\8c\fa\ff\be\90\eb\6c\50\a4\f7\a3\f9\be\f2\78\71\c6"
  )

  ;; Hashes the block at `block` (FIPS 180-4, section 6.2.2).
  (func $hashBlock (param $block i32)
    (local $at i32) (local $t i32)
    (local $w0 v128) (local $w1 v128) (local $w2 v128) (local $w3 v128) (local $x v128) (local $zero v128)
    (local $a i32) (local $b i32) (local $c i32) (local $d i32)
    (local $e i32) (local $f i32) (local $g i32) (local $h i32)
    (local.set $w0 (v128.load offset=0 (local.get $block)))
    (local.set $w0 (i8x16.shuffle 3 2 1 0 7 6 5 4 11 10 9 8 15 14 13 12 (local.get $w0) (local.get $w0)))
    (v128.store (i32.const 384) (i32x4.add (local.get $w0) (v128.load (i32.const 0))))
    (local.set $w1 (v128.load offset=16 (local.get $block)))
    (local.set $w1 (i8x16.shuffle 3 2 1 0 7 6 5 4 11 10 9 8 15 14 13 12 (local.get $w1) (local.get $w1)))
    (v128.store (i32.const 400) (i32x4.add (local.get $w1) (v128.load (i32.const 16))))
    (local.set $w2 (v128.load offset=32 (local.get $block)))
    (local.set $w2 (i8x16.shuffle 3 2 1 0 7 6 5 4 11 10 9 8 15 14 13 12 (local.get $w2) (local.get $w2)))
    (v128.store (i32.const 416) (i32x4.add (local.get $w2) (v128.load (i32.const 32))))
    (local.set $w3 (v128.load offset=48 (local.get $block)))
    (local.set $w3 (i8x16.shuffle 3 2 1 0 7 6 5 4 11 10 9 8 15 14 13 12 (local.get $w3) (local.get $w3)))
    (v128.store (i32.const 432) (i32x4.add (local.get $w3) (v128.load (i32.const 48))))
    ;; Four words per turn, from the sixteen before them, which are $w0 to $w3. The last two depend on the first two.
    (loop $expand
      (local.set $x (i8x16.shuffle 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 (local.get $w0) (local.get $w1)))
      (local.set $w0
        (i32x4.add
          (i32x4.add
            (local.get $w0)
            (i8x16.shuffle 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 (local.get $w2) (local.get $w3)))
          (v128.xor
            (v128.xor
              (v128.or (i32x4.shr_u (local.get $x) (i32.const 7)) (i32x4.shl (local.get $x) (i32.const 25)))
              (v128.or (i32x4.shr_u (local.get $x) (i32.const 18)) (i32x4.shl (local.get $x) (i32.const 14))))
            (i32x4.shr_u (local.get $x) (i32.const 3)))))
      (local.set $x (i8x16.shuffle 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 (local.get $w3) (local.get $zero)))
      (local.set $w0
        (i32x4.add
          (local.get $w0)
          (v128.xor
            (v128.xor
              (v128.or (i32x4.shr_u (local.get $x) (i32.const 17)) (i32x4.shl (local.get $x) (i32.const 15)))
              (v128.or (i32x4.shr_u (local.get $x) (i32.const 19)) (i32x4.shl (local.get $x) (i32.const 13))))
            (i32x4.shr_u (local.get $x) (i32.const 10)))))
      (local.set $x (i8x16.shuffle 16 17 18 19 20 21 22 23 0 1 2 3 4 5 6 7 (local.get $w0) (local.get $zero)))
      (local.set $x
        (i32x4.add
          (local.get $w0)
          (v128.xor
            (v128.xor
              (v128.or (i32x4.shr_u (local.get $x) (i32.const 17)) (i32x4.shl (local.get $x) (i32.const 15)))
              (v128.or (i32x4.shr_u (local.get $x) (i32.const 19)) (i32x4.shl (local.get $x) (i32.const 13))))
            (i32x4.shr_u (local.get $x) (i32.const 10)))))
      (v128.store offset=448 (local.get $at) (i32x4.add (local.get $x) (v128.load offset=64 (local.get $at))))
      (local.set $w0 (local.get $w1))
      (local.set $w1 (local.get $w2))
      (local.set $w2 (local.get $w3))
      (local.set $w3 (local.get $x))
      (br_if $expand (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (i32.const 192))))
    (local.set $a (i32.load (i32.const 640)))
    (local.set $b (i32.load (i32.const 644)))
    (local.set $c (i32.load (i32.const 648)))
    (local.set $d (i32.load (i32.const 652)))
    (local.set $e (i32.load (i32.const 656)))
    (local.set $f (i32.load (i32.const 660)))
    (local.set $g (i32.load (i32.const 664)))
    (local.set $h (i32.load (i32.const 668)))
    ;; Four rounds per turn. Instead of moving all variables in every round, the rounds name them in turns.
    (local.set $at (i32.const 0))
    (loop $rounds
      (local.set $h
        (i32.add
          (i32.add (local.get $h) (i32.load offset=384 (local.get $at)))
          (i32.add
            (i32.xor
              (i32.xor (i32.rotr (local.get $e) (i32.const 6)) (i32.rotr (local.get $e) (i32.const 11)))
              (i32.rotr (local.get $e) (i32.const 25)))
            (i32.xor (local.get $g) (i32.and (local.get $e) (i32.xor (local.get $f) (local.get $g)))))))
      (local.set $d (i32.add (local.get $d) (local.get $h)))
      (local.set $h
        (i32.add
          (local.get $h)
          (i32.add
            (i32.xor
              (i32.xor (i32.rotr (local.get $a) (i32.const 2)) (i32.rotr (local.get $a) (i32.const 13)))
              (i32.rotr (local.get $a) (i32.const 22)))
            (i32.xor (i32.and (local.get $a) (i32.xor (local.get $b) (local.get $c))) (i32.and (local.get $b) (local.get $c))))))
      (local.set $g
        (i32.add
          (i32.add (local.get $g) (i32.load offset=388 (local.get $at)))
          (i32.add
            (i32.xor
              (i32.xor (i32.rotr (local.get $d) (i32.const 6)) (i32.rotr (local.get $d) (i32.const 11)))
              (i32.rotr (local.get $d) (i32.const 25)))
            (i32.xor (local.get $f) (i32.and (local.get $d) (i32.xor (local.get $e) (local.get $f)))))))
      (local.set $c (i32.add (local.get $c) (local.get $g)))
      (local.set $g
        (i32.add
          (local.get $g)
          (i32.add
            (i32.xor
              (i32.xor (i32.rotr (local.get $h) (i32.const 2)) (i32.rotr (local.get $h) (i32.const 13)))
              (i32.rotr (local.get $h) (i32.const 22)))
            (i32.xor (i32.and (local.get $h) (i32.xor (local.get $a) (local.get $b))) (i32.and (local.get $a) (local.get $b))))))
      (local.set $f
        (i32.add
          (i32.add (local.get $f) (i32.load offset=392 (local.get $at)))
          (i32.add
            (i32.xor
              (i32.xor (i32.rotr (local.get $c) (i32.const 6)) (i32.rotr (local.get $c) (i32.const 11)))
              (i32.rotr (local.get $c) (i32.const 25)))
            (i32.xor (local.get $e) (i32.and (local.get $c) (i32.xor (local.get $d) (local.get $e)))))))
      (local.set $b (i32.add (local.get $b) (local.get $f)))
      (local.set $f
        (i32.add
          (local.get $f)
          (i32.add
            (i32.xor
              (i32.xor (i32.rotr (local.get $g) (i32.const 2)) (i32.rotr (local.get $g) (i32.const 13)))
              (i32.rotr (local.get $g) (i32.const 22)))
            (i32.xor (i32.and (local.get $g) (i32.xor (local.get $h) (local.get $a))) (i32.and (local.get $h) (local.get $a))))))
      (local.set $e
        (i32.add
          (i32.add (local.get $e) (i32.load offset=396 (local.get $at)))
          (i32.add
            (i32.xor
              (i32.xor (i32.rotr (local.get $b) (i32.const 6)) (i32.rotr (local.get $b) (i32.const 11)))
              (i32.rotr (local.get $b) (i32.const 25)))
            (i32.xor (local.get $d) (i32.and (local.get $b) (i32.xor (local.get $c) (local.get $d)))))))
      (local.set $a (i32.add (local.get $a) (local.get $e)))
      (local.set $e
        (i32.add
          (local.get $e)
          (i32.add
            (i32.xor
              (i32.xor (i32.rotr (local.get $f) (i32.const 2)) (i32.rotr (local.get $f) (i32.const 13)))
              (i32.rotr (local.get $f) (i32.const 22)))
            (i32.xor (i32.and (local.get $f) (i32.xor (local.get $g) (local.get $h))) (i32.and (local.get $g) (local.get $h))))))
      (local.set $t (local.get $a))
      (local.set $a (local.get $e))
      (local.set $e (local.get $t))
      (local.set $t (local.get $b))
      (local.set $b (local.get $f))
      (local.set $f (local.get $t))
      (local.set $t (local.get $c))
      (local.set $c (local.get $g))
      (local.set $g (local.get $t))
      (local.set $t (local.get $d))
      (local.set $d (local.get $h))
      (local.set $h (local.get $t))
      (br_if $rounds (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (i32.const 256))))
    (i32.store (i32.const 640) (i32.add (i32.load (i32.const 640)) (local.get $a)))
    (i32.store (i32.const 644) (i32.add (i32.load (i32.const 644)) (local.get $b)))
    (i32.store (i32.const 648) (i32.add (i32.load (i32.const 648)) (local.get $c)))
    (i32.store (i32.const 652) (i32.add (i32.load (i32.const 652)) (local.get $d)))
    (i32.store (i32.const 656) (i32.add (i32.load (i32.const 656)) (local.get $e)))
    (i32.store (i32.const 660) (i32.add (i32.load (i32.const 660)) (local.get $f)))
    (i32.store (i32.const 664) (i32.add (i32.load (i32.const 664)) (local.get $g)))
    (i32.store (i32.const 668) (i32.add (i32.load (i32.const 668)) (local.get $h))))

  ;; Pads the `length` bytes at `message` in place and hashes them, after one block. The digest is then at 736.
  (func $finish (param $message i32) (param $length i32)
    (local $at i32) (local $end i32)
    (local.set $at (i32.add (local.get $message) (local.get $length)))
    (local.set $end
      (i32.add (local.get $message) (i32.and (i32.add (local.get $length) (i32.const 72)) (i32.const -64))))
    (i32.store8 (local.get $at) (i32.const 0x80))
    (loop $zeros
      (i32.store8 (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 0))
      (br_if $zeros (i32.lt_u (local.get $at) (i32.sub (local.get $end) (i32.const 3)))))
    ;; The number of bits is less than 2^16: two bytes, the higher one first.
    (local.set $length (i32.shl (i32.add (local.get $length) (i32.const 64)) (i32.const 3)))
    (i32.store8 (i32.sub (local.get $end) (i32.const 2)) (i32.shr_u (local.get $length) (i32.const 8)))
    (i32.store8 (i32.sub (local.get $end) (i32.const 1)) (local.get $length))
    (loop $blocks
      (call $hashBlock (local.get $message))
      (br_if $blocks
        (i32.lt_u (local.tee $message (i32.add (local.get $message) (i32.const 64))) (local.get $end))))
    (v128.store (i32.const 736) (call $reversed (v128.load (i32.const 640))))
    (v128.store (i32.const 752) (call $reversed (v128.load (i32.const 656)))))

  ;; Four words in the other order of bytes.
  (func $reversed (param $words v128) (result v128)
    (i8x16.shuffle 3 2 1 0 7 6 5 4 11 10 9 8 15 14 13 12 (local.get $words) (local.get $words)))

  (func $copy (param $from i32) (param $to i32)
    (v128.store (local.get $to) (v128.load (local.get $from)))
    (v128.store offset=16 (local.get $to) (v128.load offset=16 (local.get $from))))

  ;; Masks each byte of the key at 672, and writes the hash value after it to `state`, from the initial one on (section 5.3.3).
  (func $hashKey (param $mask i32) (param $state i32)
    (local $at i32)
    (loop $masking
      (i32.store offset=672
        (local.get $at)
        (i32.xor (i32.load offset=672 (local.get $at)) (local.get $mask)))
      (br_if $masking (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 64))))
    (i32.store (i32.const 640) (i32.const 0x6a09e667))
    (i32.store (i32.const 644) (i32.const 0xbb67ae85))
    (i32.store (i32.const 648) (i32.const 0x3c6ef372))
    (i32.store (i32.const 652) (i32.const 0xa54ff53a))
    (i32.store (i32.const 656) (i32.const 0x510e527f))
    (i32.store (i32.const 660) (i32.const 0x9b05688c))
    (i32.store (i32.const 664) (i32.const 0x1f83d9ab))
    (i32.store (i32.const 668) (i32.const 0x5be0cd19))
    (call $hashBlock (i32.const 672))
    (call $copy (i32.const 640) (local.get $state)))

  ;; Writes the two states of HMAC-SHA-256 (RFC 2104) with the 64 bytes at `key` to `states`.
  (func $prepare (param $key i32) (param $states i32)
    (call $copy (local.get $key) (i32.const 672))
    (call $copy (i32.add (local.get $key) (i32.const 32)) (i32.const 704))
    (call $hashKey (i32.const 0x36363636) (local.get $states))
    ;; Takes the first mask off, and puts 0x5c on.
    (call $hashKey (i32.const 0x6a6a6a6a) (i32.add (local.get $states) (i32.const 32))))

  ;; HMAC-SHA-256 to 736.
  (func $authenticate (param $states i32) (param $message i32) (param $length i32)
    (call $copy (local.get $states) (i32.const 640))
    (call $finish (local.get $message) (local.get $length))
    (call $copy (i32.add (local.get $states) (i32.const 32)) (i32.const 640))
    (call $finish (i32.const 736) (i32.const 32)))

  ;; Must be called after the salt has changed.
  (func (export "prepareSalt")
    (call $prepare (i32.const 256) (i32.const 320)))

  ;; Derives 32 bytes, or 64 if `blocks` is 2. The lengths are those of the secret and of the info.
  (func (export "derive") (param $secretLength i32) (param $infoLength i32) (param $blocks i32)
    (local $zero v128)
    (call $authenticate (i32.const 320) (i32.const 928) (local.get $secretLength))
    ;; The padding behind the pseudorandom key becomes zero, because the key of an HMAC is padded differently.
    (v128.store (i32.const 768) (local.get $zero))
    (v128.store (i32.const 784) (local.get $zero))
    (call $prepare (i32.const 736) (i32.const 800))
    (i32.store8 offset=1152 (local.get $infoLength) (i32.const 1))
    (call $authenticate (i32.const 800) (i32.const 1152) (i32.add (local.get $infoLength) (i32.const 1)))
    (call $copy (i32.const 736) (i32.const 864))
    (if (i32.eq (local.get $blocks) (i32.const 2))
      (then
        (call $copy (i32.const 736) (i32.const 1120))
        (i32.store8 offset=1152 (local.get $infoLength) (i32.const 2))
        (call $authenticate (i32.const 800) (i32.const 1120) (i32.add (local.get $infoLength) (i32.const 33)))
        (call $copy (i32.const 736) (i32.const 896)))))
)
