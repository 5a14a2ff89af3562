/**
 * Numbers of gRPC calls by cluster. Implements Envoy's {@code grpc_stats.v3.FilterConfig} but for
 * numbers of single methods.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.grpcstats;
