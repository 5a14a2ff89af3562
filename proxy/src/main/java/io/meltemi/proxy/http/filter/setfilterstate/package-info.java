/**
 * The filter that leaves texts for those behind it, and for listeners inside the proxy. Event loop
 * of the stream. Implements Envoy's {@code set_filter_state.v3.Config}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.setfilterstate;
