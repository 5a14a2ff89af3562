/** Istio's WasmPlugin and TrafficExtension (extensions.istio.io). Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.trafficextension;
