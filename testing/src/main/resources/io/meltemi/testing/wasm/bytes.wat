;; For bytes: puts its configuration in front of whatever a client sends.
(func (export "proxy_on_configure") (param $root i32) (param $size i32) (result i32)
  (call $read_config (local.get $size))
  (i32.const 1))

(func (export "proxy_on_new_connection") (param $id i32) (result i32)
  (i32.const 0))

(func (export "proxy_on_downstream_data") (param $id i32) (param $size i32) (param $end i32)
  (result i32)
  (if (local.get $size)
    (then
      (drop
        (call $set_buffer
          (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 4096)
          (global.get $config_size)))))
  (i32.const 0))
