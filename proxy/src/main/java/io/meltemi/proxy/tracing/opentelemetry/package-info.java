/**
 * Spans to an OpenTelemetry collector ({@code trace.v3.OpenTelemetryConfig}), by gRPC or HTTP. Runs
 * on event loops; configuration is parsed on configuration threads. See <a
 * href="https://opentelemetry.io/docs/specs/otlp/">OTLP</a>.
 */
@NullMarked
package io.meltemi.proxy.tracing.opentelemetry;

import org.jspecify.annotations.NullMarked;
