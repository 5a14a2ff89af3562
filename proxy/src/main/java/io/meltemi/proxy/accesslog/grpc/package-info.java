/**
 * Access logs to Envoy's access log service ({@code envoy.access_loggers.http_grpc} and {@code
 * tcp_grpc}). Runs on event loops; configuration is parsed on configuration threads. See <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/accesslog/v3/als.proto">its
 * messages</a>.
 */
@NullMarked
package io.meltemi.proxy.accesslog.grpc;

import org.jspecify.annotations.NullMarked;
