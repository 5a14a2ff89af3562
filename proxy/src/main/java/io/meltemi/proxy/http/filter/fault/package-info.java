/**
 * The fault filter: delays and aborts a share of the requests on purpose. Event loop of the stream.
 * Implements Envoy's {@code fault.v3.HTTPFault}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.fault;
