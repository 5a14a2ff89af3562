/**
 * Numbers of gRPC calls by cluster or by method. Implements Envoy's {@code
 * grpc_stats.v3.FilterConfig} but for lists of methods.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.grpcstats;
