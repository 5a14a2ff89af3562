/**
 * {@code envoy.filters.http.wasm}: HTTP filters compiled to WebAssembly, by the <a
 * href="https://github.com/proxy-wasm/spec">proxy-wasm ABI</a> 0.2.0 and 0.2.1. A module is
 * compiled once; each event loop has a machine of its own for each configuration. Parsed on the
 * configuration thread, run on event loops.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.wasm;
