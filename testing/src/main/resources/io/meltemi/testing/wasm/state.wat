;; Counts requests in the metric wasm_requests, and its ticks of 10 ms in wasm_ticks. The response's
;; x-wasm-property is the property whose path, its parts apart by dots, the request names in
;; x-property; the request's x-wasm-shared is what the one before said in x-shared.
(global $requests (mut i32) (i32.const 0))
(global $ticks (mut i32) (i32.const 0))

(func (export "proxy_on_configure") (param $root i32) (param $size i32) (result i32)
  (drop (call $define_metric (i32.const 0) (text "wasm_requests") (i32.const 16)))
  (global.set $requests (i32.load (i32.const 16)))
  (drop (call $define_metric (i32.const 1) (text "wasm_ticks") (i32.const 16)))
  (global.set $ticks (i32.load (i32.const 16)))
  (drop (call $set_tick (i32.const 10)))
  (i32.const 1))

(func (export "proxy_on_tick") (param $root i32)
  (drop (call $increment_metric (global.get $ticks) (i64.const 1))))

(func (export "proxy_on_request_headers") (param $id i32) (param $n i32) (param $end i32)
  (result i32)
  (drop (call $increment_metric (global.get $requests) (i64.const 1)))
  (call $shared)
  (call $remember_path)
  (i32.const 0))

;; The path asked for is at 4096, its length in $config_size.
(func $remember_path (local $at i32)
  (global.set $config_size (i32.const 0))
  (if (call $has_header (text "x-property"))
    (then
      (memory.copy (i32.const 4096) (i32.load (i32.const 0)) (i32.load (i32.const 4)))
      (global.set $config_size (i32.load (i32.const 4)))
      (block $done
        (loop $more
          (br_if $done (i32.ge_u (local.get $at) (global.get $config_size)))
          (if (i32.eq (i32.load8_u offset=4096 (local.get $at)) (i32.const 46))
            (then (i32.store8 offset=4096 (local.get $at) (i32.const 0))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $more))))))

(func $property
  (if (global.get $config_size)
    (then
      (if
        (i32.eqz
          (call $get_property
            (i32.const 4096) (global.get $config_size) (i32.const 8) (i32.const 12)))
        (then
          (drop
            (call $add_header
              (i32.const 2) (text "x-wasm-property")
              (i32.load (i32.const 8)) (i32.load (i32.const 12)))))
        (else
          (drop
            (call $add_header (i32.const 2) (text "x-wasm-property") (text "(none)"))))))))

(func $shared
  (if (i32.eqz
      (call $get_shared (text "said") (i32.const 8) (i32.const 12) (i32.const 16)))
    (then
      (drop
        (call $add_header
          (i32.const 0) (text "x-wasm-shared")
          (i32.load (i32.const 8)) (i32.load (i32.const 12))))))
  (if (call $has_header (text "x-shared"))
    (then
      (drop
        (call $set_shared
          (text "said") (i32.load (i32.const 0)) (i32.load (i32.const 4)) (i32.const 0))))))

(func (export "proxy_on_response_headers") (param $id i32) (param $n i32) (param $end i32)
  (result i32)
  (call $property)
  (i32.const 0))
