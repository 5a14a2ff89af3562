/**
 * The external authorization filter: asks a service, over gRPC or HTTP, whether a request may go
 * on. Event loop of the stream. Implements Envoy's {@code ext_authz.v3.ExtAuthz} and {@code
 * ExtAuthzPerRoute}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.extauthz;
