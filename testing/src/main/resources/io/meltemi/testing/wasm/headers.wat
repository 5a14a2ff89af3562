;; Adds its configuration to every request as x-wasm-request and to every response as
;; x-wasm-response. A request with the header x-wasm-deny is answered 403 with the configuration as
;; body and the header x-wasm-denied.
(func (export "proxy_on_configure") (param $root i32) (param $size i32) (result i32)
  (call $read_config (local.get $size))
  (i32.const 1))

(func (export "proxy_on_request_headers") (param $id i32) (param $n i32) (param $end i32)
  (result i32)
  (if (call $has_header (text "x-wasm-deny"))
    (then
      (drop
        (call $reply
          (i32.const 403) (text "denied by wasm") (i32.const 4096) (global.get $config_size)
          (text "\01\00\00\00\0d\00\00\00\03\00\00\00x-wasm-denied\00yes\00") (i32.const -1)))
      (return (i32.const 1))))
  (drop
    (call $add_header
      (i32.const 0) (text "x-wasm-request") (i32.const 4096) (global.get $config_size)))
  (i32.const 0))

(func (export "proxy_on_response_headers") (param $id i32) (param $n i32) (param $end i32)
  (result i32)
  (drop
    (call $add_header
      (i32.const 2) (text "x-wasm-response") (i32.const 4096) (global.get $config_size)))
  (i32.const 0))
