/**
 * Access logs to an OpenTelemetry collector ({@code envoy.access_loggers.open_telemetry}) by gRPC.
 * Runs on event loops; configuration is parsed on configuration threads. See <a
 * href="https://opentelemetry.io/docs/specs/otlp/">OTLP</a>.
 */
@NullMarked
package io.meltemi.proxy.accesslog.opentelemetry;

import org.jspecify.annotations.NullMarked;
