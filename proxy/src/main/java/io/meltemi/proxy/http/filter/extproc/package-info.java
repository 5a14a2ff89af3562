/**
 * The external processing filter: a service is shown requests and responses over one gRPC stream
 * for each, and may change, answer or let pass what it is shown. Event loop of the stream.
 * Implements Envoy's {@code ext_proc.v3.ExternalProcessor} and {@code ExtProcPerRoute}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.extproc;
