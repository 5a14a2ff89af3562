/**
 * Translation of WasmPlugin and TrafficExtension: the filters of listeners and their configuration
 * by ECDS. Pure functions of proxy and world; any thread.
 *
 * @see <a
 *     href="https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/">WasmPlugin</a>
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.controlplane.translate.extension;
