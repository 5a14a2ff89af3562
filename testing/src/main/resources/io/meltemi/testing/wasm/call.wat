;; Asks the cluster that its configuration names, GET /check of wasm.test, before a request goes on;
;; the request then has x-wasm-call with the answer's status, or "failed".
(global $waiting (mut i32) (i32.const 0))

(func (export "proxy_on_configure") (param $root i32) (param $size i32) (result i32)
  (call $read_config (local.get $size))
  (i32.const 1))

(func (export "proxy_on_request_headers") (param $id i32) (param $n i32) (param $end i32)
  (result i32)
  (global.set $waiting (local.get $id))
  (if
    (call $http_call
      (i32.const 4096) (global.get $config_size)
      (text
        "\03\00\00\00\07\00\00\00\03\00\00\00\05\00\00\00\06\00\00\00\0a\00\00\00\09\00\00\00:method\00GET\00:path\00/check\00:authority\00wasm.test\00")
      (i32.const 0) (i32.const 0) (text "\00\00\00\00") (i32.const 20000) (i32.const 8))
    (then
      (drop (call $add_header (i32.const 0) (text "x-wasm-call") (text "refused")))
      (return (i32.const 0))))
  (i32.const 1))

(func (export "proxy_on_http_call_response")
  (param $root i32) (param $token i32) (param $headers i32) (param $body i32) (param $trailers i32)
  (local $ok i32)
  (local.set $ok
    (i32.eqz
      (call $get_header (i32.const 6) (text ":status") (i32.const 0) (i32.const 4))))
  (drop (call $set_effective (global.get $waiting)))
  (if (local.get $ok)
    (then
      (drop
        (call $add_header
          (i32.const 0) (text "x-wasm-call") (i32.load (i32.const 0)) (i32.load (i32.const 4)))))
    (else (drop (call $add_header (i32.const 0) (text "x-wasm-call") (text "failed")))))
  (drop (call $continue (i32.const 0))))
