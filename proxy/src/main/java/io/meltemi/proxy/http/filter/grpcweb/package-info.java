/**
 * The filter between browsers, which have no trailers, and gRPC: see <a
 * href="https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md">gRPC-Web</a>. Event loop of
 * the stream. Implements Envoy's {@code grpc_web.v3.GrpcWeb}.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.grpcweb;
