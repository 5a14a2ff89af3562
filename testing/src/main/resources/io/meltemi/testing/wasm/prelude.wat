;; What every module here begins with: the host's functions, memory, an allocator and the ABI's
;; version. See WasmModules for (text "...").
(import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
(import "env" "proxy_get_buffer_bytes"
  (func $get_buffer (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_set_buffer_bytes"
  (func $set_buffer (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_get_header_map_value"
  (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_add_header_map_value"
  (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_replace_header_map_value"
  (func $replace_header (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_remove_header_map_value"
  (func $remove_header (param i32 i32 i32) (result i32)))
(import "env" "proxy_get_header_map_pairs" (func $get_headers (param i32 i32 i32) (result i32)))
(import "env" "proxy_send_local_response"
  (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
(import "env" "proxy_get_property" (func $get_property (param i32 i32 i32 i32) (result i32)))
(import "env" "proxy_define_metric" (func $define_metric (param i32 i32 i32 i32) (result i32)))
(import "env" "proxy_increment_metric" (func $increment_metric (param i32 i64) (result i32)))
(import "env" "proxy_record_metric" (func $record_metric (param i32 i64) (result i32)))
(import "env" "proxy_set_tick_period_milliseconds" (func $set_tick (param i32) (result i32)))
(import "env" "proxy_get_shared_data"
  (func $get_shared (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_set_shared_data"
  (func $set_shared (param i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_http_call"
  (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
(import "env" "proxy_set_effective_context" (func $set_effective (param i32) (result i32)))

(memory (export "memory") 2)

;; 0 to 63 is scratch, 64 to 4095 texts, 4096 to 8191 the plugin's configuration; the rest is a ring
;; that malloc goes round.
(global $next (mut i32) (i32.const 8192))
(global $config_size (mut i32) (i32.const 0))

(func $malloc (export "malloc") (param $size i32) (result i32)
  (local $at i32)
  (if (i32.gt_u (i32.add (global.get $next) (local.get $size)) (i32.const 131072))
    (then (global.set $next (i32.const 8192))))
  (local.set $at (global.get $next))
  (global.set $next
    (i32.and
      (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7))
      (i32.const -8)))
  (local.get $at))

(func (export "proxy_abi_version_0_2_1"))
(func (export "proxy_on_context_create") (param i32 i32))

;; Copies the plugin's configuration to 4096.
(func $read_config (param $size i32)
  (if (local.get $size)
    (then
      (drop
        (call $get_buffer
          (i32.const 7) (i32.const 0) (local.get $size) (i32.const 0) (i32.const 4)))
      (memory.copy (i32.const 4096) (i32.load (i32.const 0)) (i32.load (i32.const 4)))
      (global.set $config_size (i32.load (i32.const 4))))))

;; Whether the request has the header; its value is then at (0), its length at (4).
(func $has_header (param $name i32) (param $size i32) (result i32)
  (i32.and
    (i32.eqz
      (call $get_header
        (i32.const 0) (local.get $name) (local.get $size) (i32.const 0) (i32.const 4)))
    (i32.gt_u (i32.load (i32.const 4)) (i32.const 0))))
