;; Refuses the configuration "refuse". A request with x-wasm-trap makes it trap, one with x-wasm-loop
;; never comes back. With the configuration "answer" responses are replaced by a 418 with the body
;; "instead", with "trap" they make it trap.
(func (export "proxy_on_configure") (param $root i32) (param $size i32) (result i32)
  (call $read_config (local.get $size))
  (i32.eqz
    (i32.and
      (i32.eq (global.get $config_size) (i32.const 6))
      (i32.eq (i32.load8_u (i32.const 4096)) (i32.const 114)))))

(func (export "proxy_on_request_headers") (param $id i32) (param $n i32) (param $end i32)
  (result i32)
  (if (call $has_header (text "x-wasm-trap")) (then (unreachable)))
  (if (call $has_header (text "x-wasm-loop")) (then (loop $forever (br $forever))))
  (i32.const 0))

(func (export "proxy_on_response_headers") (param $id i32) (param $n i32) (param $end i32)
  (result i32)
  (if (i32.eq (i32.load8_u (i32.const 4096)) (i32.const 116)) (then (unreachable)))
  (if (i32.eq (i32.load8_u (i32.const 4096)) (i32.const 97))
    (then
      (drop
        (call $reply
          (i32.const 418) (text "other answer") (text "instead") (text "\00\00\00\00")
          (i32.const -1)))
      (return (i32.const 1))))
  (i32.const 0))
